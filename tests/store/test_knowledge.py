"""Facts as known at a moment: listings, silences, breaks, the calendar."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tideline.cli.app import run
from tideline.domain.fields import MARKET
from tideline.domain.time import DAY, HOUR, MINUTE, format_time, parse_time
from tideline.log import Log
from tideline.readings.catalogue import rule_named
from tideline.readings.given import Event, Stretch
from tideline.store import open_store
from tideline.store.knowledge import FactRow, Knowledge, read_knowledge
from tideline.venues.symbols import parse_symbol

T = int(parse_time("2026-02-05T12:00:00Z"))
BYBIT = ("bybit", "BTCUSDT")


def row(field: str, event: int, known: int, value: float = 0.0, text: str = "") -> FactRow:
    return FactRow(*BYBIT, field, event, known, value, text)


def test_a_listing_is_known_from_its_row_on() -> None:
    rows = [row("instrument", T, T + HOUR, text='{"listed_us": 5}'),
            row("instrument", T + DAY, T + DAY, text='{"listed_us": 7}'),
            row("instrument", T + 2 * DAY, T + 2 * DAY, text='{"listed_us": null}')]  # fmt: skip
    known = Knowledge(rows)
    assert known.at(T + HOUR - 1).listed == {}
    assert known.at(T + HOUR).listed == {BYBIT: 5}
    assert known.at(T + 3 * DAY).listed == {BYBIT: 7}
    assert known.at(T + HOUR).listed == {BYBIT: 5}  # going back forgets nothing


def test_a_silence_ends_when_a_later_row_says_so() -> None:
    gap = "gap.liquidation"
    known = Knowledge([row(gap, T, T + MINUTE, T + HOUR), row(gap, T, T + 2 * HOUR, 0.0)])
    (open_gap,) = known.at(T + MINUTE).gaps
    assert open_gap == Stretch(*BYBIT, "liquidation", T, T + HOUR)
    assert known.at(T + 2 * HOUR).gaps == ()  # it was mended: nothing is missing
    assert known.at(T + MINUTE - 1).gaps == ()
    long_ago = Knowledge([row(gap, T, T, T + HOUR)])
    assert long_ago.at(T + HOUR + 2 * DAY).gaps == ()


def test_breaks_and_events_of_the_calendar() -> None:
    known = Knowledge(
        [row("break.open_interest", T, T + MINUTE), row("calendar", T, T, T + DAY, "CPI"),
         row("calendar", T, T + HOUR, T + 2 * DAY, "CPI")]
    )  # fmt: skip
    assert known.at(T).calendar == (Event("CPI", T + DAY),)
    assert known.at(T + HOUR).calendar == (Event("CPI", T + 2 * DAY),)  # it was moved
    assert [one.field for one in known.at(T + HOUR).breaks] == ["open_interest"]
    assert known.at(T).breaks == ()


def test_unknown_sides_are_told_of_instruments_known_by_then() -> None:
    okx = parse_symbol("okx", "BTC-USDT-SWAP")
    there = [(T, parse_symbol("binance", "BTCUSDT")), (T + HOUR, okx)]
    known = Knowledge((), there)
    assert known.at(T).unknown_sides == ()
    assert known.at(T + HOUR).unknown_sides == ("okx",)


def test_rows_taken_in_later_count_as_if_they_had_been_there() -> None:
    rows = [row("instrument", T, T + k * HOUR, text=f'{{"listed_us": {k + 1}}}') for k in range(4)]
    whole, grown = Knowledge(rows), Knowledge(rows[:1])
    for one in rows[1:]:
        grown.at(T + HOUR)
        grown.add([one])
    for k in range(5):
        assert grown.at(T + k * HOUR) == whole.at(T + k * HOUR)


@pytest.mark.parametrize(("name", "coin"), [(MARKET, "ETH"), ("BTC", "BTC")])
def test_a_calendar_is_imported_as_rows(
    tmp_path: Path, name: str, coin: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A row: announced at event_time, known from known_time on, happens at ``value``."""
    when = T + 90 * MINUTE
    pl.DataFrame(
        {
            "venue": ["reference"], "instrument": [name], "field": ["calendar"],
            "event_time": [T - DAY], "known_time": [T - HOUR], "value": [float(when)],
            "basis": ["assumed"], "text": ["FOMC"],
        }
    ).write_parquet(tmp_path / "calendar.parquet")  # fmt: skip
    pl.DataFrame(
        {
            "venue": ["binance"] * 40, "instrument": [f"{coin}USDT"] * 40,
            "field": ["open_interest"] * 40, "value": [100.0] * 40, "basis": ["assumed"] * 40,
            "event_time": [T - k * 5 * MINUTE for k in range(40)],
            "known_time": [T - k * 5 * MINUTE for k in range(40)], "cadence_s": [300.0] * 40,
        }
    ).write_parquet(tmp_path / "oi.parquet")  # fmt: skip
    store = tmp_path / "store"
    for file in ("oi", "calendar"):
        assert (
            run(["import", "rows", str(tmp_path / f"{file}.parquet"), "--store", str(store)]) == 0
        )
    capsys.readouterr()
    rules = [rule_named("R7.calendar_event")]
    with open_store(store) as opened:
        (told,) = opened.readings(coin, T, "45m", rules=rules)
        assert (told.name, told.because) == ("calendar_event", "FOMC in 1h 30m.")
        (before,) = opened.readings(coin, T - HOUR - 1, "45m", rules=rules)
        assert before.name == "quiet"  # not known yet
        assert [reading.asset for reading in opened.readings(as_of=T, rules=rules)] == [coin]
    with Log.open(store) as log:
        facts = read_knowledge(log, coin, T).at(T)
        assert [format_time(event.at) for event in facts.calendar] == [format_time(when)]
