"""``import rows`` and ``export rows``: the canonical table in and out, known_time as given.

No lag, no quarantine. Recorded rows go only into legs without rows, so what this store saw for
itself is never mixed with what another one saw. Assumed rows may come again: those that are in the
log already are dropped, those at or after the leg's first recorded event are left out.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from tideline.collect.archives.rows_file import Canonical, read_rows
from tideline.collect.legrows import Bools, LegKey
from tideline.collect.report import FileNote, ImportReport
from tideline.domain.errors import BadFile, BadInput, BadTime
from tideline.domain.time import DAY, Clock, format_time
from tideline.domain.venue import OWN
from tideline.log import ImportRecord, Leg, Log, Source, Writer

KIND = "rows"
PART_ROWS = 2_000_000
SLICE_ROWS = 1_000_000

EXPORTED = (
    "asset",
    "venue",
    "instrument",
    "field",
    "event_time",
    "known_time",
    "value",
    "basis",
    "status",
    "cadence_s",
    "text",
)

Progress = Callable[[int, int, str], None]
"""(rows done, rows in all, what is being done)"""


def import_rows(
    log: Log, path: str | Path, clock: Clock, *, progress: Progress | None = None
) -> ImportReport:
    """Take in a canonical table, known_time kept as given.

    Raises:
        BadFile, BadTime, BadInput: the first row that does not hold, or recorded rows for a leg
            that has rows; nothing is written then.
    """
    began = clock.monotonic()
    tell = progress or (lambda done, total, what: None)
    report = ImportReport(KIND)
    rows = read_rows(Path(path))
    _refuse_future(rows, int(clock.now()))
    tell(0, len(rows), "checked")
    before = [r for r in log.imports() if r.kind == KIND and r.sha256 == rows.sha256]
    finished = any(r.detail.get("part") == r.detail.get("parts") for r in before)
    if rows.ignored:
        report.note(f"columns not read: {', '.join(rows.ignored)}")
    started = len(before) if not finished else 0
    if finished and not rows.recorded.any():
        report.files.append(FileNote(rows.path.name, rows.sha256, 0, "taken in before", True))
    else:
        legs = {leg.key: leg for leg in log.legs()}
        if not started:
            _refuse_recorded(rows, legs)
        keep = _keep(log, rows, legs, report)
        _append(log, rows, keep, clock, report, tell, started)
    report.seconds = clock.monotonic() - began
    return report


def _refuse_future(rows: Canonical, now: int) -> None:
    known = rows.table.column("known_time").cast(pa.int64()).to_numpy()
    if known.max() > now:
        row = int(known.argmax())
        raise BadTime(
            f"known_time of row {row}, later than now",
            format_time(int(known[row])),
            format_time(now),
        )


def _refuse_recorded(rows: Canonical, legs: dict[LegKey, Leg]) -> None:
    recorded = np.unique(rows.leg[rows.recorded])
    for place in recorded.tolist():
        key = rows.legs[place]
        if key in legs:
            raise BadInput(
                "rows",
                f"{key[1]} {key[2]} {key[3]}",
                "are recorded, and the leg has rows already; recorded rows are taken only into"
                " legs without rows",
                "a new store",
            )


def _keep(log: Log, rows: Canonical, legs: dict[LegKey, Leg], report: ImportReport) -> Bools:
    """The rows that are new: none for assumed rows where the log has or saw its own."""
    keep = np.ones(len(rows), np.bool_)
    counts = np.bincount(rows.leg, minlength=len(rows.legs))
    event = rows.table.column("event_time").cast(pa.int64()).to_numpy()
    met = [place for place, key in enumerate(rows.legs) if key in legs]
    for place, key in enumerate(rows.legs):
        report.leg(key).offered += int(counts[place])
    for place in met:
        first = legs[rows.legs[place]].first_recorded_event
        if first is not None:
            late = (rows.leg == place) & ~rows.recorded & (event >= first)
            keep &= ~late
            tally = report.leg(rows.legs[place])
            tally.leave_out("at or after the first recorded row", int(late.sum()))
    if met:
        same = _in_log(log, rows, met) & keep
        keep &= ~same
        for place, count in enumerate(np.bincount(rows.leg[same], minlength=len(rows.legs))):
            report.leg(rows.legs[place]).duplicates += int(count)
    taken = np.bincount(rows.leg[keep], minlength=len(rows.legs))
    for place, key in enumerate(rows.legs):
        report.leg(key).taken += int(taken[place])
    return keep


_KEY = ("venue", "instrument", "field", "event_time", "known_time", "bits", "status", "basis")


def _in_log(log: Log, rows: Canonical, met: list[int]) -> Bools:
    """Which offered rows the log holds to the last bit."""
    wanted = np.isin(rows.leg, met)
    offered = _keyed(rows.table).with_row_index("at").filter(pl.Series(wanted))
    found = np.zeros(len(rows), np.bool_)
    head = log.head()
    event = rows.table.column("event_time").cast(pa.int64()).to_numpy()[wanted]
    for asset in sorted({rows.legs[place][0] for place in met}):
        held = log.read(
            asset,
            head,
            fields={rows.legs[place][3] for place in met},
            event_from=int(event.min()),
            event_to=int(event.max()),
        )
        same = offered.join(_keyed(held), on=list(_KEY), how="semi")
        found[same["at"].to_numpy()] = True
    return found


def _keyed(table: Any) -> pl.DataFrame:
    frame = pl.from_arrow(table.select([n for n in _KEY if n != "bits"] + ["value"]))
    assert isinstance(frame, pl.DataFrame)
    words = [name for name in _KEY if name not in ("event_time", "known_time", "bits")]
    bits = np.ascontiguousarray(frame["value"].to_numpy()).view(np.int64)
    return frame.select(
        *(pl.col(name).cast(pl.String) for name in words),
        pl.col("event_time", "known_time").cast(pl.Int64),
    ).with_columns(pl.Series("bits", bits))


def _append(
    log: Log,
    rows: Canonical,
    keep: Bools,
    clock: Clock,
    report: ImportReport,
    tell: Progress,
    started: int,
) -> None:
    table = rows.table if keep.all() else rows.table.filter(pa.array(keep))
    record = ImportRecord(
        kind=KIND, name=rows.path.name, sha256=rows.sha256, run=f"{KIND}-{int(clock.now())}"
    )
    report.files.append(FileNote(rows.path.name, rows.sha256, int(keep.sum())))
    parts = max(1, -(-table.num_rows // PART_ROWS))
    with log.writer() as writer:
        for part in range(parts):
            piece = table.slice(part * PART_ROWS, PART_ROWS)
            detail = {"part": started + part + 1, "parts": started + parts}
            done = replace(record, rows=piece.num_rows, detail=detail)
            _append_part(writer, piece, rows, done, report)
            tell(min((part + 1) * PART_ROWS, table.num_rows), table.num_rows, "writing")


def _append_part(
    writer: Writer, piece: Any, rows: Canonical, record: ImportRecord, report: ImportReport
) -> None:
    if not piece.num_rows:
        writer.record_import(record)
        return
    source = Source(
        source_id=writer.next_source(), kind=KIND, name=rows.path.name, sha256=rows.sha256
    )
    ids = pa.array(np.full(piece.num_rows, source.source_id, np.int64))
    commit = writer.append(piece.append_column("source_id", ids), [source], [record])
    report.rows += commit.rows
    report.commits += 1


def export_rows(
    log: Log,
    out: str | Path,
    *,
    asset: str | None = None,
    as_of: object = None,
    progress: Progress | None = None,
) -> int:
    """Write what was known at ``as_of`` (default: the head) as a canonical table; the rows written.

    Streams slice by slice of event_time; the file appears whole or not at all. Rows of one leg and
    event stand in log order, so that an import into an empty store gives the same answers. What
    was judged (venue ``tideline``) is left out: it can be worked out from the rest.

    Raises:
        BadFile: a suffix that is not .parquet, .csv or .arrow.
        UnknownName, FutureAsOf, BeforeHorizon: as a read would.
    """
    path = Path(out)
    writers = {".parquet": _parquet, ".csv": _csv, ".arrow": _arrow, ".feather": _arrow}
    if path.suffix.lower() not in writers:
        raise BadFile(path, f"is none of {', '.join(writers)}", f"{path.stem}.parquet")
    moment = log.head() if as_of is None else log.check_as_of(as_of)
    tell = progress or (lambda done, total, what: None)
    unfinished = path.with_name(path.name + ".unfinished")
    try:
        count = writers[path.suffix.lower()](unfinished, _slices(log, asset, moment, tell))
        os.replace(unfinished, path)  # noqa: PTH105 - atomic, over an old export too
    finally:
        unfinished.unlink(missing_ok=True)
    return count


def _slices(log: Log, asset: str | None, as_of: int, tell: Progress) -> Iterator[Any]:
    legs = log.legs(asset)
    if asset is not None and not legs:
        log.read(asset, as_of)
    names = sorted({leg.asset for leg in legs})
    total, done = sum(leg.rows for leg in legs), 0
    for name in names:
        mine = [leg for leg in legs if leg.asset == name]
        at = min(leg.first_event for leg in mine)
        last = min(max(leg.last_event for leg in mine), as_of)
        pieces = -(-sum(leg.rows for leg in mine) // SLICE_ROWS)
        step = max(DAY, (last - at) // pieces + 1)
        while at <= last:
            table = log.read(name, as_of, event_from=at, event_to=at + step - 1)
            at += step
            judged = pc.equal(table.column("venue").cast(pa.string()), OWN)
            table = table.filter(pc.invert(judged))
            if table.num_rows:
                done += table.num_rows
                tell(done, total, f"{name} {format_time(at)}")
                yield table.select(list(EXPORTED)).cast(_SCHEMA)


_SCHEMA = pa.schema(
    [
        (name, pa.timestamp("us", "UTC") if name.endswith("_time") else kind)
        for name, kind in (
            (n, pa.float64() if n in ("value", "cadence_s") else pa.string()) for n in EXPORTED
        )
    ]
)


def _parquet(path: Path, slices: Iterator[Any]) -> int:
    count = 0
    with pq.ParquetWriter(path, _SCHEMA, compression="zstd") as writer:
        for table in slices:
            writer.write_table(table)
            count += table.num_rows
    return count


def _arrow(path: Path, slices: Iterator[Any]) -> int:
    count = 0
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, _SCHEMA) as writer:
        for table in slices:
            writer.write_table(table)
            count += table.num_rows
    return count


def _csv(path: Path, slices: Iterator[Any]) -> int:
    """Times as int64 µs, so that nothing is lost in text."""
    count = 0
    plain = pa.schema(
        [(f.name, pa.int64() if pa.types.is_timestamp(f.type) else f.type) for f in _SCHEMA]
    )
    with pa_csv.CSVWriter(str(path), plain) as writer:
        for table in slices:
            writer.write_table(table.cast(plain))
            count += table.num_rows
    return count
