"""What append takes, refuses and stamps."""

from __future__ import annotations

import pyarrow as pa
import pytest

from tests.log.rows import DAY, MINUTE, T0, TS, rows
from tideline.domain.errors import BadInput
from tideline.domain.time import ManualClock
from tideline.log import ROWS, ImportRecord, Log, Source
from tideline.log.schema import MEMORY


def test_a_row_comes_back_as_it_went_in(log: Log, clock: ManualClock) -> None:
    with log.writer() as writer:
        commit = writer.append(rows([T0], [0.1]))
    table = log.read("BTC", log.head())
    assert table.schema.equals(MEMORY)
    assert table.cast(ROWS).to_pylist()[0] | {"event_time": 0, "known_time": 0} == {
        "asset": "BTC",
        "venue": "binance",
        "instrument": "BTCUSDT",
        "field": "open_interest",
        "event_time": 0,
        "known_time": 0,
        "value": 0.1,
        "basis": "recorded",
        "status": "ok",
        "cadence_s": 60.0,
        "source_id": 0,
        "text": None,
        "seq": 1,
        "row": 0,
    }
    assert table["known_time"].cast(pa.int64()).to_pylist() == [commit.known_time]


def test_known_time_rises_with_every_commit_whatever_the_clock(
    log: Log, clock: ManualClock
) -> None:
    seen = []
    with log.writer() as writer:
        for step in (0, 0, 5, -DAY, 1):
            clock.advance(step)
            seen.append(writer.append(rows([T0])).known_time)
    assert seen == sorted(set(seen))
    assert seen[1] == seen[0] + 1
    assert seen[3] == seen[2] + 1


def test_given_known_times_stay_and_null_ones_are_stamped(log: Log, clock: ManualClock) -> None:
    given = T0 + DAY
    with log.writer() as writer:
        commit = writer.append(rows([T0, T0 + 1], known=[given, None]))
    table = log.read("BTC", log.head())
    assert table["known_time"].cast(pa.int64()).to_pylist() == [given, commit.known_time]


def test_a_known_time_after_its_commit_is_refused(log: Log, clock: ManualClock) -> None:
    with log.writer() as writer, pytest.raises(BadInput, match="row 1 is after the commit"):
        writer.append(rows([T0, T0 + 1], known=[T0, clock.now() + DAY]))
    assert log.legs() == []


def _without(name: str) -> pa.Table:
    return rows([T0]).drop_columns([name])


def _with(name: str, column: pa.Array) -> pa.Table:
    table = rows([T0])
    return table.set_column(table.column_names.index(name), name, column)


BAD = {
    "nan": (rows([T0], [float("nan")]), "value: nan of row 0"),
    "inf in row 2": (rows([T0] * 3, [1, 2, float("inf")]), "row 2 .*BTCUSDT, open_interest"),
    "no rows": (rows([]), "rows: 0"),
    "missing column": (_without("basis"), "basis"),
    "extra column": (rows([T0]).append_column("vale", pa.array([1.0])), "vale.*nearest.*value"),
    "seq given": (rows([T0]).append_column("seq", pa.array([1])), "seq.*given by the log"),
    "unknown field": (rows([T0], field="open_intrest"), "open_interest"),
    "unknown basis": (rows([T0], basis="record"), "recorded"),
    "unknown status": (rows([T0], status="okay"), "nearest valid: ok"),
    "empty asset": (rows([T0], asset=""), "asset"),
    "asset with a newline": (rows([T0], asset="B\nTC"), "asset"),
    "seconds": (rows([T0 // 1_000_000]), "event_time.*outside"),
    "nanoseconds": (rows([T0 * 1000]), "event_time.*outside"),
    "naive time": (_with("event_time", pa.array([T0], pa.timestamp("us"))), "UTC"),
    "null time": (_with("event_time", pa.array([None], TS)), "event_time.*row 0"),
    "null value": (_with("value", pa.array([None], pa.float64())), "value"),
    "text value": (_with("value", pa.array(["1"])), "value"),
    "negative cadence": (_with("cadence_s", pa.array([-1.0])), "cadence_s"),
    "source without record": (rows([T0], source_id=3), "source_id"),
    "negative source": (rows([T0], source_id=-3), "source_id"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_is_refused_by_name_and_leaves_nothing(log: Log, name: str) -> None:
    table, message = BAD[name]
    with log.writer() as writer:
        writer.append(rows([T0]))
        if name == "text value":
            assert writer.append(table).rows == 1  # Arrow reads it exactly
            return
        with pytest.raises(BadInput, match=message):
            writer.append(table)
        assert writer.state.last_seq == 1
    assert log.read("BTC", log.head()).num_rows == 1


def test_a_suspect_may_be_anything_and_a_fact_speaks_in_text(log: Log) -> None:
    nan = float("nan")
    with log.writer() as writer:
        writer.append(rows([T0], [nan], status="suspect"))
        writer.append(rows([T0], [nan], field="instrument", text='{"kind": "perpetual"}'))
    table = log.read("BTC", log.head())
    assert table["text"].to_pylist() == ['{"kind": "perpetual"}', None]


def test_sources_and_imports_come_with_their_rows_or_not_at_all(log: Log) -> None:
    source = Source(
        source_id=1,
        kind="file",
        name="a.zip",
        unit="contracts",
        sides="two",
        factor=0.5,
        raw={"a": 1},
    )
    record = ImportRecord(kind="zip", name="a.zip", sha256="00", rows=1, detail={"taken": 1})
    with log.writer() as writer:
        with pytest.raises(BadInput):
            writer.append(rows([T0], [float("nan")]), [source], [record])
        assert log.imports() == [] and list(log.sources()) == []
        commit = writer.append(rows([T0], source_id=1), [source], [record])
        with pytest.raises(BadInput, match="taken"):
            writer.append(rows([T0]), [source])
        assert writer.next_source() == 2
        writer.record_import(ImportRecord(kind="zip", name="b.zip", sha256="11"))
    assert log.source(1) == source
    first, second = log.imports()
    assert (first.name, first.at, first.detail) == ("a.zip", commit.known_time, {"taken": 1})
    assert second.at > first.at
    with pytest.raises(BadInput, match="source_id"):
        log.source(9)


def test_large_strings_dictionaries_and_chunks_are_taken(log: Log) -> None:
    table = pa.concat_tables([rows([T0]), rows([T0 + MINUTE], asset="ETH")])
    odd = table.set_column(0, "asset", table["asset"].cast(pa.large_string()))
    odd = odd.set_column(1, "venue", odd["venue"].dictionary_encode())
    with log.writer() as writer:
        assert writer.append(odd).rows == 2
    assert log.assets() == ["BTC", "ETH"]
