"""Records in, rows out: pairs, repetitions, restatements, what is older than the log, suspects."""

from __future__ import annotations

import pytest

from tests.collect.live.fake import (
    BARS,
    FAKE,
    HISTORY,
    LIQUIDATIONS,
    LIST,
    OPEN,
    T0,
    Desk,
    body,
    ends,
)
from tideline.collect.live.intake import LiveIntake
from tideline.collect.live.record import Frame, Opened, Sealed, Universe, Watch
from tideline.domain.time import MINUTE, SECOND

S = SECOND
BTC = "BTCUSDT"


def fields(rows):
    return [(row[1], row[3]) for row in rows]


def test_dollars_are_made_with_the_mark_of_the_same_frame():
    desk = Desk()
    desk.push((BTC, "open_interest", T0, 10.0), (BTC, "mark_price", T0, 50_000.0))
    assert desk.wait(1).seal() == [
        (BTC, "mark_price", 0.0, 50_000.0, "ok"),
        (BTC, "open_interest", 0.0, 10.0, "ok"),
        (BTC, "open_interest_usd", 0.0, 500_000.0, "ok"),
    ]


@pytest.mark.parametrize(("age", "paired"), [(0, True), (60, True), (61, False), (-1, False)])
def test_a_mark_stands_for_a_minute_and_never_comes_from_later(age, paired):
    desk = Desk(at=T0 + 100 * S)
    desk.push((BTC, "mark_price", T0 + (90 - age) * S, 50_000.0))
    desk.push((BTC, "open_interest", T0 + 90 * S, 10.0))
    assert ("open_interest_usd", 500_000.0) in fields(desk.seal()) or not paired
    assert desk.intake.tally.made.get("derived twins", 0) == int(paired)


def test_a_mark_of_a_slow_snapshot_may_be_three_cadences_old():
    desk = Desk(at=T0 + 500 * S)
    desk.take(Watch(desk.at, "fake.poll", 0, (BTC,), OPEN, 120.0, 120.0))
    desk.poll((BTC, "mark_price", T0, 50_000.0))
    desk.poll((BTC, "open_interest", T0 + 360 * S, 10.0))
    desk.poll((BTC, "open_interest", T0 + 361 * S, 10.0))
    assert [row[2] for row in desk.seal() if row[1] == "open_interest_usd"] == [360.0]


def test_coins_of_inverse_contracts_are_dollars_over_the_mark():
    desk = Desk("BTCUSD")
    desk.push(("BTCUSD", "open_interest_usd", T0, 1e6), ("BTCUSD", "mark_price", T0, 50_000.0))
    assert fields(desk.seal())[1:] == [("open_interest", 20.0), ("open_interest_usd", 1e6)]


def test_coins_are_never_made_where_the_venue_gives_them_or_counts_in_coins():
    desk = Desk("BTCUSD", BTC)
    desk.push(("BTCUSD", "mark_price", T0, 50_000.0), (BTC, "mark_price", T0, 50_000.0))
    desk.push(("BTCUSD", "open_interest", T0, 20.0), ("BTCUSD", "open_interest_usd", T0, 1e6))
    desk.seal()
    desk.push(("BTCUSD", "open_interest_usd", T0 + 1, 1.1e6), (BTC, "open_interest_usd", T0, 7.0))
    assert fields(desk.seal()) == [("open_interest_usd", 1.1e6), ("open_interest_usd", 7.0)]
    desk.poll(("BTCUSD", "open_interest_usd", T0 + 2, 1.2e6))  # another feed: dollars alone
    assert fields(desk.seal()) == [("open_interest", 24.0), ("open_interest_usd", 1.2e6)]


def test_what_is_not_followed_adds_nothing():
    desk = Desk()
    taken = desk.push(("ETHUSDT", "mark_price", T0, 1.0))
    assert taken.rows == 0
    assert taken.parsed is not None
    assert taken.parsed.ignored == {"unknown instrument": 1}
    assert desk.seal() == []
    desk.take(Universe(T0, "bybit", ("ETHUSDT",)))
    assert desk.push(("ETHUSDT", "mark_price", T0, 1.0)).rows == 1
    assert desk.push((BTC, "mark_price", T0, 1.0)).rows == 0


def test_a_frame_nobody_can_read_is_counted_and_nothing_else():
    desk = Desk()
    for raw, kind in (
        (b"<html>", "NotStrict"),
        (b"{}", "BadWire"),
        (b'{"crash":1}', "Crash:KeyError"),
    ):
        taken = desk.take(Frame(T0, "fake.stream", raw, 1))
        assert (taken.parsed, taken.error, taken.rows) == (None, kind, 0)
    assert desk.take(Frame(T0, "no.such", b"{}")).error == "UnknownFeed"
    assert desk.intake.tally.feed("fake.stream").errors == {
        "NotStrict": 1,
        "BadWire": 1,
        "Crash:KeyError": 1,
    }
    assert desk.seal() == []


def test_a_repetition_is_counted_and_a_different_value_is_a_restatement():
    desk = Desk()
    for value in (5.0, 5.0, 6.0, 6.0):
        desk.push((BTC, "mark_price", T0, value))
    desk.push((BTC, "mark_price", T0 + 5, 7.0))
    desk.push((BTC, "mark_price", T0 + 2, 8.0))
    assert [(row[2], row[3]) for row in desk.seal()] == [
        (0.0, 5.0),
        (0.0, 6.0),
        (5e-6, 7.0),
        (2e-6, 8.0),
    ]
    tally = desk.intake.tally.feed("fake.stream")
    assert (tally.duplicates, tally.restated, tally.rows) == (2, 1, 4)


def test_two_connections_that_overlap_add_nothing():
    desk = Desk()
    desk.open(1).open(2)
    for i in range(50):
        for number in (1, 2):
            desk.push((BTC, "mark_price", T0 + i * 100_000, 5.0 + i), number=number)
    assert len(desk.seal()) == 50


def test_a_time_far_ahead_of_ours_is_not_believed():
    desk = Desk()
    desk.push((BTC, "mark_price", T0 + 6 * MINUTE, 5.0), (BTC, "mark_price", T0 + 4 * MINUTE, 6.0))
    assert fields(desk.seal()) == [("mark_price", 6.0)]
    assert desk.intake.tally.feed("fake.stream").left_out == {"ahead of our clock": 1}


@pytest.mark.parametrize(
    ("field", "usual_s"), [("mark_price", 5.0), ("mark_price", 0.0), ("liquidation_long_coin", 0.0)]
)
def test_times_far_ahead_of_ours_are_no_sign_of_life(field, usual_s):
    desk = Desk().open().watch(1, (field,), usual_s)
    desk.push((BTC, field, T0, 5.0, "first"))
    for turn in range(4):
        desk.wait(30).push((BTC, field, desk.at + 6 * MINUTE, 5.0, f"ahead {turn}"))
        desk.seal()
    gap = "gap.mark_price" if field == "mark_price" else "gap.liquidation"
    assert [one[2:] for one in desk.intake.open_gaps()] == [(gap, T0)]
    desk.wait(1).push((BTC, field, desk.at, 5.0, "last"))
    assert desk.intake.open_gaps() == []


@pytest.mark.parametrize(
    ("field", "value", "status"),
    [
        ("mark_price", None, "suspect"),
        ("mark_price", 0.0, "suspect"),
        ("mark_price", -1.0, "suspect"),
        ("mark_price", 1e-12, "ok"),
        ("funding_rate_quoted", -0.02, "ok"),
        ("funding_rate_quoted", 1.5, "suspect"),
        ("volume_coin", 0.0, "ok"),
        ("volume_coin", -3.0, "suspect"),
        ("lsr_global_accounts", 0.0, "suspect"),
        ("open_interest", 9.87e34, "suspect"),
        ("open_interest", 0.0, "suspect"),
        ("open_interest", None, "suspect"),
        ("next_funding_time", 1.8e15, "ok"),
    ],
)
def test_absurd_values_are_kept_as_suspects(field, value, status):
    desk = Desk()
    desk.push((BTC, field, T0, value))
    rows = desk.seal()
    assert [row[4] for row in rows] == [status]
    assert desk.intake.tally.feed("fake.stream").suspects == (status == "suspect")


def test_events_of_one_millisecond_stand_apart_and_each_counts_once():
    desk = Desk()
    long = "liquidation_long_coin"
    desk.push((BTC, long, T0, 1.0, "a"), (BTC, long, T0, 1.0, "b"), (BTC, long, T0, 2.0, "c"))
    desk.push((BTC, long, T0, 1.0, "b"), (BTC, long, T0, 4.0, "d"))
    assert [(row[2], row[3]) for row in desk.seal()] == [
        (0.0, 1.0),
        (1e-6, 1.0),
        (2e-6, 2.0),
        (3e-6, 4.0),
    ]
    assert desk.intake.tally.feed("fake.stream").duplicates == 1


def test_events_from_before_the_feed_was_heard_do_not_pretend_that_it_was():
    desk = Desk().wait(10).open().watch(1, LIQUIDATIONS, 0.0)
    desk.push((BTC, LIQUIDATIONS[0], T0, 1.0, "old"), (BTC, LIQUIDATIONS[0], desk.at, 2.0, "new"))
    assert fields(desk.wait(1).seal())[0] == (LIQUIDATIONS[0], 2.0)
    assert desk.intake.tally.feed("fake.stream").left_out == {"before the feed was heard": 1}


def history(desk, *pairs, purpose="live", field="lsr_global_accounts"):
    rows = [(BTC, field, T0 + minute * MINUTE, value) for minute, value in pairs]
    return desk.poll(*rows, feed=HISTORY, purpose=purpose)


def test_history_rows_new_repeated_restated_and_older_than_the_log():
    desk = Desk(at=T0 + 60 * MINUTE)
    history(desk, (20, 2.0), (15, 1.5), (10, 1.0))
    batch = desk.intake.seal(desk.at)
    assert batch.rows == 1
    (offer,) = batch.offers
    (leg,) = offer.legs
    assert (leg.event - T0).tolist() == [10 * MINUTE, 15 * MINUTE]
    assert leg.lag_us == 5 * MINUTE
    assert (offer.sources[0].kind, offer.sources[0].name) == ("live", HISTORY)
    history(desk, (25, 2.5), (20, 2.25), (15, 1.5))
    assert [(row[2], row[3]) for row in desk.seal()] == [(1200.0, 2.25), (1500.0, 2.5)]
    tally = desk.intake.tally.feed(HISTORY)
    assert (tally.duplicates, tally.restated, tally.offered) == (1, 1, 2)
    history(desk, (20, 2.25), (20, 2.0))
    assert [(row[2], row[3]) for row in desk.seal()] == [(1200.0, 2.0)]


def test_a_backfill_before_anything_was_recorded_is_only_offered():
    desk = Desk(at=T0 + 60 * MINUTE)
    history(desk, (10, 1.0), (15, 1.5), (20, 2.0), purpose="backfill")
    batch = desk.intake.seal(desk.at)
    assert (batch.rows, len(batch.offers[0].legs[0])) == (0, 3)
    history(desk, (15, 1.5), (20, 2.0), (25, 2.5))
    assert [(row[2], row[3]) for row in desk.seal()] == [(1500.0, 2.5)]
    history(desk, (22, 9.0), purpose="repair")
    assert desk.intake.seal(desk.at).offers[0].legs[0].value.tolist() == [9.0]


def test_a_long_repair_in_pages_is_taken_whole():
    desk = Desk(at=T0 + 30 * 24 * 60 * MINUTE)
    history(desk, *((5 * i, float(i + 1)) for i in range(700)))
    history(desk, *((5 * i, float(i + 1)) for i in range(4000, 4012)))
    desk.seal()
    for start in range(700, 4000, 200):
        history(desk, *((5 * i, float(i + 1)) for i in range(start, min(start + 200, 4000))))
    assert len(desk.seal()) == 3300
    assert desk.intake.tally.feed(HISTORY).left_out == {}


def bars(desk, *minutes, purpose="live"):
    rows = [(BTC, "volume_coin", T0 + minute * MINUTE, 1.0) for minute in minutes]
    return desk.poll(*rows, feed=BARS, purpose=purpose)


def gaps(desk):
    return [(a / 60, b / 60) for a, b in ends(desk.seal(), "gap.volume")]


def test_missing_bars_are_a_gap_when_the_next_ones_come_without_them():
    desk = Desk(at=T0 + 600 * MINUTE)
    bars(desk, 1)
    bars(desk, 2, 3, 7, 8)
    assert gaps(desk) == []
    bars(desk, 7, 8)
    assert gaps(desk) == []
    bars(desk, 9)
    assert gaps(desk) == [(3, 6)]


def test_bars_that_are_repaired_in_time_leave_no_gap_and_late_ones_take_from_it():
    desk = Desk(at=T0 + 600 * MINUTE)
    bars(desk, 1)
    bars(desk, 10, 11)
    bars(desk, *range(2, 10), purpose="repair")
    bars(desk, 12)
    assert gaps(desk) == []
    bars(desk, 20)
    bars(desk, 21)
    assert gaps(desk) == [(12, 19)]
    bars(desk, 15, purpose="repair")
    assert gaps(desk) == [(12, 14), (15, 19)]
    bars(desk, 13, 14, 16, 17, 18, 19, purpose="repair")
    assert gaps(desk) == [(12, 0), (15, 0)]


def listed(desk, **facts):
    raw = body(listings=[{"symbol": BTC, **facts}])
    return desk.take(Frame(desk.at, LIST, raw))


def test_facts_are_written_when_they_change_and_break_where_another_bears_the_name():
    desk = Desk()
    desk.push((BTC, "open_interest", T0, 10.0))
    assert listed(desk).rows == 1
    assert listed(desk).rows == 0
    assert [row[1] for row in desk.seal()] == ["open_interest", "instrument"]
    desk.wait(60)
    assert listed(desk, size=0.1).rows == 1
    assert fields(desk.seal()) == [("instrument", 1.0)]
    listed(desk, size=0.1, listed=T0 + 5)
    assert fields(desk.seal()) == [("instrument", 1.0), ("break.open_interest", 1.0)]
    listed(desk, size=0.1, listed=T0 + 5, state="halted")
    assert fields(desk.seal()) == [("instrument", 1.0)]


def test_facts_of_before_following_are_written_on_following():
    desk = Desk("ETHUSDT")
    assert listed(desk).rows == 0
    desk.take(Universe(desk.at, "bybit", (BTC,)))
    assert [row[1] for row in desk.seal()] == ["instrument"]


def test_sources_name_feed_counting_hour_and_first_frame_once_an_hour():
    desk = Desk()
    desk.open()
    desk.push((BTC, "mark_price", T0, 5.0), (BTC, "index_price", T0, 5.0))
    desk.push((BTC, "open_interest", T0 + 1, 5.0, "", "2"))
    first = desk.intake.seal(desk.at, 7)
    assert [(s.source_id, s.name, s.sides, s.derived) for s in first.sources] == [
        (7, "fake.stream", "1", ""),
        (8, "fake.stream", "2", ""),
        (9, "fake.stream", "2", "open_interest x mark_price"),
    ]
    assert first.sources[0].raw == {"segment": "2026-11-21T03", "first": "5.0"}
    assert first.table.column("source_id").to_pylist() == [7, 7, 8, 9]
    desk.wait(3599).push((BTC, "mark_price", T0 + 2, 6.0))
    assert desk.intake.seal(desk.at, 10).sources == []
    desk.wait(2).push((BTC, "mark_price", T0 + 3, 6.0))
    desk.intake.seal(desk.at, 10)
    desk.push((BTC, "mark_price", T0 + 4, 6.0))
    later = desk.intake.seal(desk.at, 10)
    assert [s.raw["segment"] for s in later.sources] == ["2026-11-21T04"]


def test_sources_of_a_refused_batch_come_again():
    desk = Desk()
    desk.push((BTC, "mark_price", T0, 5.0))
    batch = desk.intake.seal(desk.at, 7)
    desk.intake.refused(batch)
    desk.push((BTC, "mark_price", T0 + 1, 5.0))
    again = desk.intake.seal(desk.at, 7)
    assert [s.source_id for s in again.sources] == [7]


def test_a_venue_out_of_scale_is_suspect_until_somebody_looked():
    def run(coins, seconds, **more):
        intake = LiveIntake([FAKE], **more)
        desk = Desk(BTC, "ETHUSDT", intake=intake)
        desk.push((BTC, "mark_price", T0, 50_000.0), ("ETHUSDT", "mark_price", T0, 2_000.0))
        desk.push((BTC, "open_interest", T0, coins))
        desk.wait(seconds).push((BTC, "open_interest", desk.at, coins + 1))
        desk.push(("ETHUSDT", "open_interest", desk.at, 100.0))
        return [row[4] for row in desk.seal() if row[1] == "open_interest"], intake

    assert run(60_000.0, 60)[0] == ["ok", "ok", "ok"]
    assert run(60.0, 59)[0] == ["ok", "ok", "ok"]
    found, intake = run(60.0, 60)
    assert found == ["ok", "suspect", "suspect"]
    assert run(6e6, 10)[0] == ["suspect", "suspect", "suspect"]
    assert run(6e6, 10, trusted=["bybit"])[0] == ["ok", "ok", "ok"]
    intake.gate.trust("bybit")
    assert intake.gate.standing() == {"bybit": "trusted"}
    assert intake.gate.concerns() == {}


def test_a_venue_far_too_small_fails_after_a_minute():
    desk = Desk(intake=LiveIntake([FAKE]))
    for second in range(0, 70, 10):
        desk.push((BTC, "mark_price", desk.at, 50_000.0), (BTC, "open_interest", desk.at, 60.0))
        desk.wait(10)
    found = [row[4] for row in desk.seal() if row[1] == "open_interest"]
    assert found == ["ok"] * 6 + ["suspect"]
    assert desk.intake.gate.standing() == {"bybit": "failed"}
    assert "USD in BTC perpetuals" in desk.intake.gate.concerns()["bybit"]


def test_the_same_records_give_the_same_rows():
    def run():
        desk = Desk(at=T0)
        desk.open().watch(1, OPEN, 1.0).watch(1, LIQUIDATIONS, 0.0)
        found = []
        for i in range(40):
            desk.wait(1 + (i % 7 == 3) * 40)
            desk.push((BTC, "open_interest", desk.at, 10.0 + i), (BTC, "mark_price", desk.at, 5.0))
            if i % 11 == 5:
                desk.close(i // 11 + 1).wait(3).open(i // 11 + 2)
                desk.watch(i // 11 + 2, LIQUIDATIONS, 0.0)
            found += desk.seal()
        return found

    assert run() == run()
    assert len(run()) > 100


def test_other_records_are_no_rows():
    intake = LiveIntake([FAKE])
    for record in (
        Sealed(T0, T0, 3),
        Opened(T0, "no.such", 1),
        Watch(T0, "no", 0, (), (), 1.0, 1.0),
    ):
        assert intake.take(record).rows == 0
    assert intake.seal(T0).table is None


def test_dollars_that_the_venue_gave_are_not_offered_where_their_coins_are_recorded():
    """Seen in a simulation: the log kept dollars of its own making, and lost the venue's."""
    desk = Desk().open()
    desk.push((BTC, "open_interest", T0, 10.0))  # no mark yet: the coins begin alone
    desk.wait(1200)
    desk.push((BTC, "mark_price", desk.at, 5.0))
    events = [T0 + minutes * 60 * SECOND for minutes in (5, 10, 15, 20)]
    rows = [
        row
        for event in events
        for row in ((BTC, "open_interest", event, 10.0), (BTC, "open_interest_usd", event, 50.5))
    ]
    desk.poll(*rows, feed=HISTORY, purpose="repair")
    found = [row[2:4] for row in desk.seal() if row[1] == "open_interest_usd"]
    assert [at for at, _ in found] == [300.0, 600.0, 900.0, 1200.0]
    assert {usd for _, usd in found} == {50.5}
