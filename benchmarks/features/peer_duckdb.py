"""The best DuckDB SQL we could write for the twelve features, one thread, in several forms.

``by_leg``    point in time: an ASOF join of the (as_of, lag) grid to each leg, then the versions
              of what was restated. Leans on rows known in event order and sooner than the shortest
              lag (tested first).
``merged``    point in time: the legs merged into the series of their sum, one ASOF join. Leans on
              the same, and on every leg being alive throughout (tested).
``textbook``  point in time while every leg is alive: for
              each moment what was known, the last version of each
              event, an ASOF join. Hours at full size: measured on a sample. (One range join for all
              moments with ``arg_max`` took 1.7 s a moment.)
``plain``     no known_time, no versions: ASOF joins on event_time.
"""

from __future__ import annotations

from collections.abc import Callable

import duckdb
import numpy as np
import pyarrow as pa
from benchmarks.features.dataset import (
    BASELINE,
    LEGS,
    MAX_AGE,
    TRANSFORMS,
    WINDOWS,
    Floats,
    Int64s,
)

LAGS = sorted({k * width for width in WINDOWS.values() for k in range(BASELINE + 1)})
ANSWERS = [f"{transform}_{w}" for w in WINDOWS for transform in TRANSFORMS]


class Unfit(Exception):
    """The data are not what this form relies on."""


def load(rows: pa.Table, as_of: Int64s) -> duckdb.DuckDBPyConnection:
    """A database in memory with ``obs`` and ``ask``, one thread, order left to the database."""
    base = duckdb.connect()
    base.execute("SET threads = 1")
    base.execute("SET preserve_insertion_order = false")
    base.register("given", rows.select(["venue", "event_time", "known_time", "value"]))
    base.execute(
        "CREATE TABLE obs AS SELECT CAST(venue AS VARCHAR) AS venue, epoch_us(event_time) AS e, "
        "epoch_us(known_time) AS k, value AS v FROM given"
    )
    base.unregister("given")
    ask(base, as_of)
    return base


def ask(base: duckdb.DuckDBPyConnection, as_of: Int64s) -> None:
    """Replace the moments asked."""
    base.register("moments", pa.table({"id": np.arange(len(as_of)), "T": as_of}))
    base.execute("CREATE OR REPLACE TABLE ask AS SELECT * FROM moments")
    base.unregister("moments")
    lags = pa.table({"lag": np.array(LAGS)})
    base.register("lag_list", lags)
    base.execute("CREATE OR REPLACE TABLE lags AS SELECT * FROM lag_list")
    base.unregister("lag_list")


def _versions(base: duckdb.DuckDBPyConnection) -> int:
    """Lay the versions of each event side by side: v0, then (k1, v1) … Returns how many."""
    most = base.execute(
        "SELECT coalesce(max(n), 1) FROM (SELECT count(*) AS n FROM obs GROUP BY venue, e)"
    ).fetchone()[0]
    later = "".join(
        f", list_extract(ks, {n + 1}) AS k{n}, list_extract(vs, {n + 1}) AS v{n}"
        for n in range(1, most)
    )
    nulls = "".join(f", NULL AS k{n}, NULL AS v{n}" for n in range(1, most))
    base.execute(
        """CREATE OR REPLACE TEMP TABLE often AS SELECT venue, e, list(k ORDER BY k) AS ks,
            list(v ORDER BY k) AS vs FROM obs GROUP BY venue, e HAVING count(*) > 1"""
        if most > 1
        else "CREATE OR REPLACE TEMP TABLE often (venue VARCHAR, e BIGINT)"
    )
    again = (
        f" UNION ALL SELECT venue, e, ks[1] AS k0, vs[1] AS v0{later} FROM often"
        if most > 1
        else ""
    )
    base.execute(
        f"""CREATE OR REPLACE TEMP TABLE events AS SELECT o.venue, o.e, o.k AS k0, o.v AS v0{nulls}
            FROM obs o ANTI JOIN often USING (venue, e){again}"""
    )
    return int(most)


def _in_order(base: duckdb.DuckDBPyConnection) -> None:
    """Refuse rows whose first knowings are out of order or later than the shortest lag."""
    ordered, delay = base.execute(
        "SELECT bool_and(k0 > coalesce(before, 0)), max(k0 - e) FROM (SELECT e, k0, lag(k0) OVER "
        "(PARTITION BY venue ORDER BY e) AS before FROM events)"
    ).fetchone()
    if not ordered:
        raise Unfit("an event became known before an earlier one of its leg")
    if delay > LAGS[1]:
        raise Unfit("a row is known later than the shortest lag")


def _as_known(most: int, of: str, at: str) -> str:
    text = f"{of}.v0"
    for n in range(1, most):
        text = f"CASE WHEN {of}.k{n} <= {at} THEN {of}.v{n} ELSE {text} END"
    return text


def by_leg(base: duckdb.DuckDBPyConnection) -> Floats:
    """Each leg joined on its own; the few restated events are looked up after the joins."""
    most = _versions(base)
    _in_order(base)
    for leg in LEGS:
        mine = f"FROM events WHERE venue = '{leg.venue}'"
        base.execute(f"CREATE OR REPLACE TEMP TABLE {leg.venue} AS SELECT e, v0 {mine}")
        later = f"SELECT * EXCLUDE (venue, k0, v0) {mine}" + (
            " AND k1 IS NOT NULL" if most > 1 else " AND false"
        )
        base.execute(f"CREATE OR REPLACE TEMP TABLE again_{leg.venue} AS {later}")
    hits = ", ".join(
        f"{leg.venue}.e AS e_{i}, {leg.venue}.v0 AS v_{i}" for i, leg in enumerate(LEGS)
    )
    joins = " ".join(f"ASOF LEFT JOIN {leg.venue} ON g.t >= {leg.venue}.e" for leg in LEGS)
    base.execute(
        f"""CREATE OR REPLACE TEMP TABLE hits AS SELECT g.id, g.lag, g.T0, {hits} FROM (
                SELECT id, T AS T0, lag, T - lag AS t FROM ask CROSS JOIN lags WHERE lag > 0) g
            {joins}"""
    )
    parts, fixes = [], ""
    for i, leg in enumerate(LEGS):
        value = f"h.v_{i}"
        for n in range(1, most):
            value = f"CASE WHEN a{i}.k{n} <= h.T0 THEN a{i}.v{n} ELSE {value} END"
        parts.append(f"CASE WHEN h.T0 - h.lag - h.e_{i} <= {MAX_AGE} THEN {value} END")
        fixes += f" LEFT JOIN again_{leg.venue} a{i} ON h.e_{i} = a{i}.e"
    return _answers(
        base,
        f"""{_now(base, most)} UNION ALL
            SELECT h.id, h.lag, {" + ".join(parts)} AS x FROM hits h {fixes}""",
    )


def _now(base: duckdb.DuckDBPyConnection, most: int) -> str:
    """Lag 0, where delays matter, by known_time: the query of (id, lag, x)."""
    for leg in LEGS:
        base.execute(
            f"""CREATE OR REPLACE TEMP TABLE now_{leg.venue} AS
                SELECT id, CASE WHEN T - e <= {MAX_AGE} THEN {_as_known(most, "l", "T")} END AS x
                FROM ask ASOF LEFT JOIN (FROM events WHERE venue = '{leg.venue}') l
                ON ask.T >= l.k0"""
        )
    now = " + ".join(f"now_{leg.venue}.x" for leg in LEGS)
    rest = " ".join(f"JOIN now_{leg.venue} USING (id)" for leg in LEGS[1:])
    return f"SELECT id, 0 AS lag, {now} AS x FROM now_{LEGS[0].venue} {rest}"


def merged(base: duckdb.DuckDBPyConnection) -> Floats:
    """The sum's own series, with versions; lag 0 leg by leg."""
    most = _versions(base)
    _in_order(base)
    sums = _sums(base, most)
    return _answers(
        base,
        f"""{_now(base, most)}
            UNION ALL SELECT g.id, g.lag, {_as_known(sums, "total", "g.T0")} AS x FROM (
                SELECT id, T AS T0, lag, T - lag AS t FROM ask CROSS JOIN lags WHERE lag > 0) g
            ASOF LEFT JOIN total ON g.t >= total.e""",
    )


def _sums(base: duckdb.DuckDBPyConnection, most: int) -> int:
    """Build ``total``: one row for each event of any leg; returns the most versions of a sum."""
    gap = base.execute(
        "SELECT max(e - before) FROM (SELECT e, lag(e) OVER (PARTITION BY venue ORDER BY e)"
        " AS before FROM events)"
    ).fetchone()[0]
    if gap > MAX_AGE:
        raise Unfit("a leg is silent for longer than max_age")
    cells = ["v0"] + [f"{c}{n}" for n in range(1, most) for c in "kv"]
    # structs keep a leg's cells together, so that a NULL k1 is carried like any value
    carried = ", ".join(
        f"last_value(CASE WHEN venue = '{leg.venue}' THEN {{{_fields(cells)}}} END IGNORE NULLS)"
        f" OVER (ORDER BY e) AS l{i}"
        if most > 1
        else f"last_value(CASE WHEN venue = '{leg.venue}' THEN v0 END IGNORE NULLS)"
        f" OVER (ORDER BY e) AS l{i}"
        for i, leg in enumerate(LEGS)
    )
    whole = " AND ".join(f"l{i} IS NOT NULL" for i in range(len(LEGS)))
    base.execute(
        f"CREATE OR REPLACE TEMP TABLE carried AS SELECT * FROM "
        f"(SELECT e, {carried} FROM events) WHERE {whole}"
    )
    if most == 1:
        base.execute(
            "CREATE OR REPLACE TEMP TABLE total AS SELECT e, l0 + l1 + l2 AS v0 FROM carried"
        )
        return 1
    points = " UNION ALL ".join(
        f"SELECT *, l{i}.k{n} AS k FROM carried WHERE l{i}.k{n} IS NOT NULL"
        for i in range(len(LEGS))
        for n in range(1, most)
    )
    sums = " + ".join(_as_known(most, f"l{i}", "k") for i in range(len(LEGS)))
    base.execute(
        f"""CREATE OR REPLACE TEMP TABLE later AS SELECT e, list(k ORDER BY k) AS ks,
            list(x ORDER BY k) AS xs FROM (SELECT e, k, {sums} AS x FROM ({points})) GROUP BY e"""
    )
    versions = 1 + int(base.execute("SELECT max(len(ks)) FROM later").fetchone()[0])
    wide = "".join(f", ks[{n}] AS k{n}, xs[{n}] AS v{n}" for n in range(1, versions))
    base.execute(
        f"""CREATE OR REPLACE TEMP TABLE total AS
            SELECT c.e, l0.v0 + l1.v0 + l2.v0 AS v0{wide}
            FROM carried c LEFT JOIN later USING (e)"""
    )
    return versions


def _fields(cells: list[str]) -> str:
    return ", ".join(f"'{cell}': {cell}" for cell in cells)


def textbook(base: duckdb.DuckDBPyConnection) -> Floats:
    """One moment after the other, in the words of the definition; right on any rows."""
    names = ", ".join(f"'{leg.venue}'" for leg in LEGS)
    parts = " + ".join(f"max(v) FILTER (venue = '{leg.venue}')" for leg in LEGS)
    base.execute("CREATE OR REPLACE TEMP TABLE found (id BIGINT, lag BIGINT, x DOUBLE)")
    for number, moment in base.execute("SELECT id, T FROM ask").fetchall():
        base.execute(
            f"""INSERT INTO found WITH known AS (
                    SELECT venue, e, arg_max(v, k) AS v FROM obs
                    WHERE k <= {moment} AND e BETWEEN {moment - LAGS[-1] - MAX_AGE} AND {moment}
                    GROUP BY venue, e),
                grid AS (SELECT lag, {moment} - lag AS t, unnest([{names}]) AS venue FROM lags)
                SELECT {number}, lag, {parts} FROM (
                    SELECT g.lag, g.venue, CASE WHEN g.t - n.e <= {MAX_AGE} THEN n.v END AS v
                    FROM grid g ASOF JOIN known n ON g.venue = n.venue AND g.t >= n.e)
                GROUP BY lag"""
        )
    return _answers(base, "FROM found")


def plain_by_leg(base: duckdb.DuckDBPyConnection) -> Floats:
    """No versions, known at once: an ASOF join to each leg."""
    joins, parts = "", []
    for leg in LEGS:
        name = leg.venue
        joins += f" ASOF LEFT JOIN (FROM obs WHERE venue = '{name}') {name} ON g.t >= {name}.e"
        parts.append(f"CASE WHEN g.t - {name}.e <= {MAX_AGE} THEN {name}.v END")
    return _answers(
        base,
        f"""SELECT g.id, g.lag, {" + ".join(parts)} AS x FROM (
                SELECT id, lag, T - lag AS t FROM ask CROSS JOIN lags) g {joins}""",
    )


def plain_merged(base: duckdb.DuckDBPyConnection) -> Floats:
    """No versions, known at once: one ASOF join to the series of the sum."""
    base.execute("CREATE OR REPLACE TEMP TABLE events AS SELECT venue, e, v AS v0 FROM obs")
    _sums(base, 1)
    return _answers(
        base,
        """SELECT g.id, g.lag, total.v0 AS x FROM (
               SELECT id, lag, T - lag AS t FROM ask CROSS JOIN lags) g
           ASOF LEFT JOIN total ON g.t >= total.e""",
    )


def _answers(base: duckdb.DuckDBPyConnection, samples: str) -> Floats:
    """Twelve answers for each moment, from (id, lag, x)."""
    base.execute(f"CREATE OR REPLACE TEMP TABLE samples AS {samples}")
    base.execute("CREATE OR REPLACE TEMP TABLE now AS SELECT id, x FROM samples WHERE lag = 0")
    cells = []
    for name, width in WINDOWS.items():
        mine = f"FILTER (s.lag IN ({', '.join(str(k * width) for k in range(1, BASELINE + 1))}))"
        enough = f"count(s.x) {mine} >= {max(2, -(-BASELINE // 3))}"
        cells += [
            f"any_value(n.x) AS level_{name}",
            f"any_value(n.x) - max(s.x) FILTER (s.lag = {width}) AS delta_{name}",
            f"""CASE WHEN {enough} THEN (any_value(n.x) - avg(s.x) {mine})
                / nullif(stddev_samp(s.x) {mine}, 0) END AS zscore_{name}""",
            f"""CASE WHEN {enough} THEN avg(CASE WHEN s.x < n.x THEN 1.0::DOUBLE WHEN s.x = n.x
                THEN 0.5::DOUBLE WHEN s.x > n.x THEN 0.0::DOUBLE END) {mine} END
                AS pctrank_{name}""",
        ]
    found = base.execute(
        f"""SELECT {", ".join(cells)} FROM samples s JOIN now n USING (id)
            GROUP BY s.id ORDER BY s.id"""
    ).fetchnumpy()
    return np.column_stack([np.ma.filled(found[name], np.nan) for name in ANSWERS])


Form = Callable[[duckdb.DuckDBPyConnection], Floats]
POINT_IN_TIME: tuple[Form, ...] = (by_leg, merged)
PLAIN: tuple[Form, ...] = (plain_by_leg, plain_merged)
