"""R8 and R9 from a store: the tables are what the engine says hour by hour, nothing past T."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from tests.store.made_market import BEGIN, END, HOURS, hours, rows, store_of
from tideline.collect.archives.table_import import import_table
from tideline.domain.errors import BadInput, FutureAsOf, UnknownName
from tideline.domain.time import HOUR, MINUTE, ManualClock
from tideline.readings.analogue import dimensions
from tideline.store import Store
from tideline.store.analogues import AnalogueTables
from tideline.store.hour_table import KNOWN_AFTER

T = END - 30 * HOUR
POSITION = {"side": "long", "entry": 50_000.0, "stop": 48_000.0, "size": 0.2, "leverage": 5.0,
            "equity": 100_000.0}  # fmt: skip


OKX = """
name = "okx"
venue = "okx"
cadence_s = 3600
[instrument]
constant = "BTC-USDT-SWAP"
[time]
column = "t"
unit = "us"
label = "instant"
[[take]]
column = "oi"
field = "open_interest"
unit = "coin"
sides = "1"
[[take]]
column = "mark"
field = "mark_price"
unit = "quote"
"""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return store_of(tmp_path_factory.mktemp("made") / "s", hours())


@pytest.fixture(scope="module")
def later(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """The same, and what became known after T: every past mark and coin restated, twice as large,
    and hours after T turned over."""
    whole = hours()
    event = BEGIN + np.arange(HOURS) * HOUR
    past = event[event <= T]
    restated = [
        rows(venue, "BTCUSDT", field, past, np.full(past.size, 9e4), late=T + HOUR - past)
        for venue in ("binance", "bybit")
        for field in ("mark_price", "open_interest")
    ]
    return store_of(tmp_path_factory.mktemp("later") / "s", pa.concat_tables([whole, *restated]))


@pytest.mark.parametrize("as_of", [T, T + 20 * MINUTE])
def test_what_became_known_after_t_changes_nothing(store: Store, later: Store, as_of: int) -> None:
    told = store.analogues("BTC", as_of)
    assert told.told
    assert later.analogues("BTC", as_of) == told
    assert later.report("BTC", as_of=as_of, **POSITION) == store.report(
        "BTC", as_of=as_of, **POSITION
    )
    after = T + 3 * HOUR
    assert later.analogues("BTC", after) != store.analogues("BTC", after)  # it would be seen


def test_the_vectors_are_what_was_known_at_each_hour(store: Store) -> None:
    given = AnalogueTables(store.log).inputs("BTC", T, "4h")
    names = dimensions("4h")
    frame = store.historical(asset="BTC", features=names, as_of=given.at[::97])
    for k, name in enumerate(names):
        expected = [math.nan if x is None else x for x in frame[name].to_list()]
        assert np.array_equal(given.vectors[::97, k], expected, equal_nan=True)
    assert given.now[0] == store.value("BTC", names[0], T)["value"]


def test_outcomes_are_the_moves_of_the_rows_themselves(store: Store) -> None:
    """Both venues' marks move alike, and rows are known two minutes late: an hour settles them."""
    given = AnalogueTables(store.log).inputs("BTC", T, "4h")
    assert given.known_after_us == KNOWN_AFTER
    held = {"price": total("mark_price"), "oi": total("open_interest")}
    for outcome in given.outcomes:
        ahead = {"1h": 1, "4h": 4, "24h": 24}[outcome.horizon]
        values = held[outcome.quantity]
        place = (given.at - BEGIN) // HOUR
        known = place + ahead + KNOWN_AFTER // HOUR < (T - BEGIN) // HOUR
        at = place[known]
        expected = values[at + ahead] / values[at] - 1.0
        assert outcome.values[known] == pytest.approx(expected, abs=1e-12)
        assert np.isnan(outcome.values[~known]).all()


def total(field: str) -> np.ndarray:
    """Σ over the venues of one field, hour by hour."""
    table = hours()
    chosen = np.array([name == field for name in table["field"].to_pylist()])
    return table["value"].to_numpy()[chosen].reshape(-1, HOURS).sum(axis=0)


@pytest.mark.parametrize("before", [T - 500 * HOUR, T - HOUR, T, T + 7 * HOUR])
def test_a_table_that_grew_is_one_made_anew(store: Store, before: int) -> None:
    """Asked at another moment first, earlier or later, it gives the same."""
    grown = AnalogueTables(store.log)
    grown.inputs("BTC", before, "4h")
    for as_of in (T, T - 3 * HOUR, T + MINUTE):
        mine = grown.inputs("BTC", as_of, "4h")
        fresh = AnalogueTables(store.log).inputs("BTC", as_of, "4h")
        assert np.array_equal(mine.at, fresh.at)
        assert np.array_equal(mine.vectors, fresh.vectors, equal_nan=True)
        assert np.array_equal(mine.now, fresh.now, equal_nan=True)
        for one, other in zip(mine.outcomes, fresh.outcomes, strict=True):
            assert np.array_equal(one.values, other.values, equal_nan=True)


def test_an_archive_taken_in_changes_the_past(tmp_path: Path) -> None:
    clock = ManualClock(END + 100 * HOUR)
    store = store_of(tmp_path / "s", hours())
    before = store.analogues("BTC", T)
    assert store.analogues("BTC", T) == before
    path, rules = tmp_path / "okx.csv", tmp_path / "okx.toml"
    event = BEGIN + np.arange(HOURS) * HOUR
    lines = [f"{t},{9e4 + 900 * (k % 7)},{50_000 + k}" for k, t in enumerate(event.tolist())]
    path.write_text("\n".join(["t,oi,mark", *lines]))
    rules.write_text(OKX)
    import_table(store.log, [path], rules, clock)
    assert store.analogues("BTC", T) != before


def test_hours_begin_with_the_first_row(store: Store) -> None:
    given = AnalogueTables(store.log).inputs("BTC", T, "4h")
    assert given.at[0] == BEGIN + HOUR  # the first is known two minutes after BEGIN
    assert (np.diff(given.at) == HOUR).all()


def test_groups_that_speak_too_rarely_are_left_out_and_named(store: Store) -> None:
    found = store.analogues("BTC", T, window="1h")
    assert not found.told
    assert found.left_out == ("binance BTCUSDT (cadence 1h)", "bybit BTCUSDT (cadence 1h)")


def test_bad_questions_are_refused(store: Store) -> None:
    with pytest.raises(UnknownName, match="asset"):
        store.analogues("ETH", T)
    with pytest.raises(UnknownName, match="window"):
        store.analogues("BTC", T, window="5m")
    with pytest.raises(FutureAsOf):
        store.analogues("BTC", END + 1000 * HOUR)
    with pytest.raises(BadInput, match="wrong side"):
        store.report("BTC", as_of=T, **POSITION | {"stop": 51_000.0})
    with pytest.raises(BadInput, match="horizon"):
        store.report("BTC", as_of=T, horizon="2 days", **POSITION)
    with pytest.raises(BadInput, match="leverage"):
        store.report("BTC", as_of=T, **POSITION | {"leverage": 126.0})


def test_the_report_reads_what_stood_there(store: Store) -> None:
    report = store.report("BTC", as_of=T, horizon="12h", **POSITION)
    assert report.mark == store.value("BTC", "price.mark@4h", T)["value"]
    assert report.costs.rate == store.value("BTC", "funding.funding_avg@4h", T)["value"]
    assert report.costs.samples > 24 * 60
    assert report.position.horizon_us == 12 * HOUR
    assert report.path_mark[-1] == report.mark
    assert len(report.path_mark) == len(report.path_oi) == 73
    assert report.analogues == store.analogues("BTC", T)
    scanned = store.scan(T, window="4h", assets=["BTC"])[0]
    assert scanned.name in report.item("alignment").because
    assert report.invalidator.oi_coin is not None
    assert [item.key for item in report.items if item.verdict == "cannot tell"][-1] == "cluster"
