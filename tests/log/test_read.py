"""Reading as of: both times, every bound, the canonical order, the same bytes from anywhere."""

from __future__ import annotations

import pytest

from tests.log.rows import DAY, MINUTE, T0, pairs, rows
from tideline.domain.errors import BadTime, BeforeHorizon, FutureAsOf, NoStore, UnknownName
from tideline.domain.time import ManualClock, format_time
from tideline.log import Leg, Log


def test_a_row_is_known_from_its_own_microsecond_on(log: Log) -> None:
    with log.writer() as writer:
        writer.append(rows([T0], [1.0], known=T0 + DAY))
        writer.append(rows([T0], [2.0], known=T0 + 2 * DAY))
    assert pairs(log.read("BTC", T0 + DAY - 1)) == []
    assert pairs(log.read("BTC", T0 + DAY)) == [(T0, 1.0)]
    assert pairs(log.read("BTC", T0 + 2 * DAY - 1)) == [(T0, 1.0)]
    assert pairs(log.read("BTC", T0 + 2 * DAY)) == [(T0, 1.0), (T0, 2.0)]


def test_an_event_after_the_as_of_is_not_there(log: Log) -> None:
    with log.writer() as writer:
        writer.append(rows([T0 + DAY], known=T0))
    assert pairs(log.read("BTC", T0 + DAY - 1)) == []
    assert len(pairs(log.read("BTC", T0 + DAY))) == 1


@pytest.mark.parametrize("flushed", [False, True])
def test_event_bounds_are_inclusive_and_fields_narrow(log: Log, flushed: bool) -> None:
    events = [T0 + i * MINUTE for i in range(6)]
    with log.writer() as writer:
        writer.append(rows(events, range(6)))
        writer.append(rows(events, range(6), field="mark_price"))
        if flushed:
            writer.flush()
    head = log.head()
    found = log.read("BTC", head, fields=["mark_price"], event_from=events[1], event_to=events[3])
    assert pairs(found) == [(events[1], 1.0), (events[2], 2.0), (events[3], 3.0)]
    assert set(found["field"].to_pylist()) == {"mark_price"}


def test_the_order_is_canonical_wherever_the_rows_lie(log: Log) -> None:
    late = [T0 + 40 * DAY, T0, T0 + 40 * DAY, T0 + MINUTE]
    with log.writer() as writer:
        for n in range(6):
            names = ["mark_price", "open_interest", "open_interest", "mark_price"]
            writer.append(rows(late, [n] * 4, field=names, venue=["okx", "bybit"][n % 2]))
            if n in (2, 3):
                writer.flush()
    keys = ("venue", "instrument", "field", "event_time", "known_time", "seq", "row")
    found = [tuple(row[key] for key in keys) for row in log.read("BTC", log.head()).to_pylist()]
    assert found == sorted(found)
    assert len(found) == 24


def test_flush_and_compaction_change_no_answer(log: Log, clock: ManualClock) -> None:
    moments = []
    with log.writer() as writer:
        for n in range(9):
            clock.advance(1_000)
            events = [T0 + n * 7 * DAY, T0 + (n - 1) * DAY]
            writer.append(rows(events, [n, -n], asset=["BTC", "ETH"]))
            moments.append(writer.tick())
            if n % 4 == 3:
                writer.flush()
    before = [(log.digest(moment), log.read("BTC", moment)) for moment in moments]
    log.flush()
    after_flush = [(log.digest(moment), log.read("BTC", moment)) for moment in moments]
    assert log.compact(grace_us=-1) > 0
    again = Log.open(log.path, clock)
    after = [(again.digest(moment), again.read("BTC", moment)) for moment in moments]
    for one, two, three in zip(before, after_flush, after, strict=True):
        assert one[0] == two[0] == three[0]
        assert one[1].equals(two[1]) and one[1].equals(three[1])
    assert log.verify().findings == ()


def test_what_cannot_be_asked_is_refused_by_name(log: Log, clock: ManualClock) -> None:
    with log.writer() as writer:
        writer.append(rows([T0], asset=["BTC"]))
    head = log.head()
    with pytest.raises(FutureAsOf) as future:
        log.read("BTC", head + 1)
    assert future.value.head == format_time(head)
    with pytest.raises(UnknownName, match="BTC"):
        log.read("BTCC", head)
    with pytest.raises(UnknownName, match="open_interest"):
        log.read("BTC", head, fields=["open_intrest"])
    for bad in ("2026-01-01T00:00:00", "yesterday", T0 // 1000, True, 1.5):
        with pytest.raises(BadTime):
            log.read("BTC", bad)
    log.retain(T0 + DAY)
    with pytest.raises(BeforeHorizon):
        log.read("BTC", T0 + DAY - 1)


def test_a_place_without_a_store_is_no_store(log: Log) -> None:
    with pytest.raises(NoStore):
        Log.open(log.path / "table")
    with pytest.raises(NoStore):
        Log.open(log.path.parent / "other")


def test_legs_say_what_exists_and_since_when(log: Log, clock: ManualClock) -> None:
    with log.writer() as writer:
        first = writer.append(rows([T0 + DAY, T0 + 2 * DAY], known=T0 + 3 * DAY, basis="assumed"))
        writer.append(rows([T0 + DAY], known=T0 + 3 * DAY, basis="assumed", asset="ETH"))
        live = writer.append(rows([T0 + 9 * DAY, T0]))
        assert first.seq == 1
    (leg,) = log.legs("BTC")
    assert leg == Leg(
        "BTC",
        "binance",
        "BTCUSDT",
        "open_interest",
        rows=4,
        first_event=T0,
        last_event=T0 + 9 * DAY,
        first_known=T0 + 3 * DAY,
        last_known=live.known_time,
        first_recorded_event=T0,
        frontier=((T0 + 3 * DAY, T0 + DAY), (live.known_time, T0)),
        brought=((first.known_time, T0 + DAY), (live.known_time, T0)),
        recorded_since=live.known_time,
    )
    assert [leg.asset for leg in log.legs()] == ["BTC", "ETH"]


def test_an_asset_may_be_called_anything_a_venue_calls_it(log: Log) -> None:
    names = ["1000PEPE", "币安人生", "A B", "a/b", "..", "x%2Fy", "q=1&r"]
    with log.writer() as writer:
        writer.append(rows([T0] * len(names), range(len(names)), asset=names))
        writer.flush()
        writer.append(rows([T0 + 1] * len(names), range(len(names)), asset=names))
        writer.flush()
    log.compact(grace_us=-1)
    for at, name in enumerate(names):
        assert pairs(log.read(name, log.head())) == [(T0, at), (T0 + 1, at)]
    assert log.verify().findings == ()
