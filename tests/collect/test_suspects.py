"""Suspects listed, released and confirmed by hand."""

from __future__ import annotations

import pytest

from tests.collect.stores import HEADER, START, STEP, leg_of, metrics_line, new_log, zipped
from tideline.collect.archives.binance_vision import import_binance_vision
from tideline.collect.suspects import confirm, release, suspects
from tideline.domain.errors import BadInput

AT = START + 2 * STEP
WHERE = ("binance", "BTCUSDT", "open_interest")


@pytest.fixture
def store(tmp_path):
    log, clock = new_log(tmp_path)
    lines = [
        metrics_line("2026-02-05 00:00:00", 100, 7_000_000),
        metrics_line("2026-02-05 00:05:00", 1000, 70_000_000),
        metrics_line("2026-02-05 00:10:00", 101, 7_070_000),
        metrics_line("2026-02-05 00:15:00", -1, 7_070_000),
    ]
    path = zipped(tmp_path / "BTCUSDT-metrics-2026-02-05.zip", "\n".join([HEADER, *lines]) + "\n")
    import_binance_vision(log, [path], clock)
    clock.advance(1_000_000)
    return log, clock


def test_listed_with_what_came_before(store):
    log, _ = store
    found = [(s.field, s.event_time, s.value, s.before, s.state) for s in suspects(log)]
    assert found == [
        ("open_interest", AT, 1000.0, 100.0, "waiting"),
        ("open_interest", AT + 2 * STEP, -1.0, 101.0, "waiting"),
        ("open_interest_usd", AT, 70_000_000.0, 7_000_000.0, "waiting"),
        ("open_interest_usd", AT + 2 * STEP, 7_070_000.0, 7_070_000.0, "waiting"),
    ]
    assert suspects(log)[0].to_dict()["event_time"] == "2026-02-05T00:10:00Z"
    assert suspects(log, AT) == []


def test_release_takes_the_notional_along_and_is_known_from_then(store):
    log, clock = store
    before = clock.now()
    commit = release(log, *WHERE, AT)
    assert commit.known_time >= before
    states = {(s.field, s.event_time): s.state for s in suspects(log)}
    assert states["open_interest", AT] == states["open_interest_usd", AT] == "released"
    latest = [r for r in leg_of(log, "open_interest") if r["event_time"] == AT][-1]
    assert (latest["status"], latest["value"], latest["cadence_s"], latest["basis"]) == (
        "ok",
        1000.0,
        300.0,
        "assumed",
    )
    earlier = log.read("BTC", commit.known_time - 1, fields=["open_interest"])
    assert earlier.num_rows == len(leg_of(log, "open_interest")) - 1
    with pytest.raises(BadInput, match="not waiting"):
        release(log, *WHERE, AT)


def test_confirm_keeps_it_out(store):
    log, _ = store
    confirm(log, *WHERE, AT)
    assert len(suspects(log, waiting_only=True)) == 2
    assert [s.state for s in suspects(log) if s.event_time == AT] == ["confirmed"] * 2
    (row,) = leg_of(log, "confirmed.open_interest")
    assert (row["value"], row["event_time"]) == (1000.0, AT)


def test_an_impossible_value_is_no_level(store):
    log, _ = store
    with pytest.raises(BadInput, match="confirm it"):
        release(log, *WHERE, AT + 2 * STEP)
    confirm(log, *WHERE, AT + 2 * STEP)


def test_what_is_not_there_is_named(store):
    log, _ = store
    with pytest.raises(BadInput, match=r"2026-02-05T00:05:00Z.*not waiting"):
        release(log, *WHERE, START + STEP)
    with pytest.raises(BadInput, match="nearest valid: open_interest"):
        release(log, "binance", "BTCUSDT", "open_intrest", AT)
