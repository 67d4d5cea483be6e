"""Who is silent, who is heard: gaps and heartbeats worked by hand, in seconds after T0."""

from __future__ import annotations

import pytest

from tests.collect.live.fake import HISTORY, LIQUIDATIONS, STREAM, T0, Desk, ends
from tideline.collect.live.record import Dropped, Opened, Universe, Watch
from tideline.domain.time import SECOND

BTC = "BTCUSDT"
OI = "gap.open_interest"
DEAD = "gap.liquidation"


def tick(desk, number=1, symbol=BTC):
    desk.push((symbol, "mark_price", desk.at, 5.0 + desk.at % 97), number=number)


def coins(desk, number=1):
    desk.push((BTC, "open_interest", desk.at, 5.0 + desk.at % 97), number=number)


def run(desk, seconds, step=1.0, act=None):
    """Let time pass in steps, sealing at each; the rows of all commits."""
    found = []
    for _ in range(round(seconds / step)):
        desk.wait(step)
        if act is not None:
            act(desk)
        found += desk.seal()
    return found


def beats(rows):
    return [row[2] for row in rows if row[1] == "alive.liquidation"]


@pytest.mark.parametrize(
    ("usual", "limit"), [(1.0, 15.0), (5.0, 15.0), (10.0, 30.0), (60.0, 180.0)]
)
def test_silence_beyond_the_limit_is_a_gap_from_the_last_data_to_the_next(usual, limit):
    desk = Desk().open().watch(1, ("open_interest",), usual)
    desk.wait(2)
    coins(desk)
    quiet = run(desk, limit)
    assert ends(quiet, OI) == []
    assert ends(run(desk, 1), OI) == [(2.0, 3 + limit)]
    desk.wait(0.25)
    coins(desk)
    assert ends(desk.seal(), OI) == [(2.0, 3.25 + limit)]
    assert ends(run(desk, limit), OI) == []


def test_an_open_gap_grows_once_a_minute():
    desk = Desk().open().watch(1, ("open_interest",), 1.0)
    coins(desk)
    found = ends(run(desk, 200), OI)
    assert found == [(0.0, 16.0), (0.0, 76.0), (0.0, 136.0), (0.0, 196.0)]
    assert desk.intake.open_gaps() == [("bybit", BTC, OI, T0)]


def test_a_gap_between_two_seals_is_found_by_the_data_that_ends_it():
    desk = Desk().open().watch(1, ("open_interest",), 1.0)
    coins(desk)
    desk.wait(15)
    coins(desk)
    desk.wait(15.5)
    coins(desk)
    assert ends(desk.seal(), OI) == [(15.0, 30.5)]


def test_mute_before_the_first_message_counts_from_the_watch():
    desk = Desk().wait(3).open().watch(1, ("open_interest", "mark_price"), 1.0)
    found = run(desk, 20)
    assert ends(found, OI) == [(3.0, 19.0)]
    assert ends(found, "gap.mark_price") == [(3.0, 19.0)]
    coins(desk)
    found = desk.seal()
    assert ends(found, OI) == ends(found, "gap.mark_price") == [(3.0, 23.0)]


def test_words_and_pongs_are_no_data():
    from tideline.collect.live.record import Frame

    desk = Desk().open().watch(1, LIQUIDATIONS, 0.0)
    tick(desk)
    found = run(desk, 20, act=lambda d: d.take(Frame(d.at, STREAM, b'{"pong":1}', 1)))
    assert ends(found, DEAD) == [(0.0, 16.0)]


def test_one_silent_symbol_among_many():
    desk = Desk(BTC, "ETHUSDT").open().watch(1, ("mark_price",), 1.0, BTC, "ETHUSDT")
    tick(desk)
    found = run(desk, 30, act=lambda d: tick(d, symbol="ETHUSDT"))
    gaps = [row for row in found if row[1] == "gap.mark_price"]
    assert [(row[0], row[2]) for row in gaps] == [(BTC, 0.0)]


def test_a_field_that_never_came_is_in_no_gap_while_others_of_it_come():
    desk = Desk().open().watch(1, ("mark_price", "funding_rate_quoted"), 1.0)
    assert [row[1] for row in run(desk, 40, act=tick)] == ["mark_price"] * 40
    found = run(desk, 20)
    assert {row[1] for row in found} == {"gap.mark_price"}


def test_a_stock_with_two_feeds_is_in_a_gap_only_when_both_are_silent():
    desk = Desk().open().watch(1, ("open_interest",), 1.0).watch(0, ("open_interest",), 15.0)

    def poll(d):
        if round((d.at - T0) / SECOND) % 15 == 0 and d.at < T0 + 100 * SECOND:
            d.poll((BTC, "open_interest", d.at, 5.0 + d.at % 97))

    coins(desk)
    assert ends(run(desk, 90, act=poll), OI) == []
    found = ends(run(desk, 50, act=poll), OI)
    assert found == [(90.0, 136.0)]


def test_change_only_stocks_live_with_their_connection():
    desk = Desk().open().watch(1, ("open_interest",), 0.0).watch(1, ("mark_price",), 1.0)
    coins(desk)
    assert ends(run(desk, 100, act=tick), OI) == []
    assert ends(run(desk, 16), OI) == [(100.0, 116.0)]


def test_events_are_in_a_gap_however_short_their_connection_was_away():
    desk = Desk().open().watch(1, LIQUIDATIONS, 0.0)
    run(desk, 5, act=tick)
    desk.wait(0.5).close(1)
    desk.wait(0.25).open(2).watch(2, LIQUIDATIONS, 0.0)
    desk.wait(0.25)
    tick(desk, 2)
    assert ends(desk.seal(), DEAD) == [(5.0, 5.5), (5.0, 6.0)]
    assert desk.intake.open_gaps() == []


def test_a_connection_that_was_replaced_in_time_misses_nothing():
    desk = Desk().open().watch(1, LIQUIDATIONS, 0.0)
    run(desk, 5, act=tick)
    desk.open(2).watch(2, LIQUIDATIONS, 0.0)
    desk.wait(0.5)
    tick(desk, 1)
    tick(desk, 2)
    desk.wait(0.5).close(1, replaced=True)
    assert ends(run(desk, 100, act=lambda d: tick(d, 2)), DEAD) == []


def test_a_second_connection_with_data_covers_for_one_that_breaks():
    desk = Desk().open(1).open(2).watch(1, LIQUIDATIONS, 0.0).watch(2, LIQUIDATIONS, 0.0)
    tick(desk, 1)
    tick(desk, 2)
    desk.wait(1).close(1)
    assert ends(run(desk, 30, act=lambda d: tick(d, 2)), DEAD) == []


def test_heartbeats_come_once_a_minute_while_there_is_data():
    desk = Desk(BTC, "ETHUSDT").wait(1).open().watch(1, LIQUIDATIONS, 0.0, BTC, "ETHUSDT")
    assert beats(run(desk, 9)) == []
    found = run(desk, 130, act=tick)
    assert beats(found) == [11.0, 11.0, 71.0, 71.0, 131.0, 131.0]
    assert beats(run(desk, 100)) == []
    tick(desk)
    assert beats(run(desk, 1)) == [240.0, 240.0]


def test_dropped_frames_are_a_gap_of_everything_on_that_connection():
    desk = Desk(BTC, "ETHUSDT").open(1).open(2)
    desk.watch(1, ("mark_price",), 1.0).watch(2, ("mark_price",), 1.0, "ETHUSDT")
    desk.watch(1, LIQUIDATIONS, 0.0)
    tick(desk)
    tick(desk, 2, "ETHUSDT")
    desk.wait(3)
    desk.take(Dropped(desk.at, STREAM, 1, T0 + SECOND, 17))
    found = desk.seal()
    assert [row[0] for row in found if row[1] == "gap.mark_price"] == [BTC]
    assert ends(found, "gap.mark_price") == ends(found, DEAD) == [(1.0, 3.0)]
    assert desk.intake.tally.feed(STREAM).left_out == {"queue full": 17}
    desk.close(1)
    desk.take(Dropped(desk.at, STREAM, 1, T0 + 2 * SECOND, 1))
    found = [row[0] for row in desk.seal() if row[1] == "gap.mark_price"]
    assert found == [BTC]


def test_a_reply_that_waited_ends_no_gap_before_the_frames_dropped_meanwhile():
    desk = Desk().open().watch(1, ("open_interest",), 1.0)
    coins(desk)
    run(desk, 60)
    assert desk.intake.open_gaps()
    desk.take(Dropped(desk.at, STREAM, 1, T0 + 5 * SECOND, 17))
    late, desk.at = desk.at, desk.at - 40 * SECOND
    desk.poll((BTC, "open_interest", desk.at, 6.0))
    coins(desk)
    desk.at = late
    assert desk.intake.open_gaps() == []
    assert [end for start, end in ends(desk.seal(), OI) if start == 0.0] == [60.0]


def test_rest_replies_dropped_touch_their_feed_alone():
    desk = Desk().watch(0, ("open_interest",), 15.0).open().watch(1, ("mark_price",), 1.0)
    desk.take(Dropped(desk.at + SECOND, "fake.poll", 0, desk.at, 1))
    assert {row[1] for row in desk.seal()} == {OI}


def test_a_new_cadence_moves_the_limit():
    desk = Desk().watch(0, ("open_interest",), 15.0)
    desk.poll((BTC, "open_interest", desk.at, 5.0))
    desk.take(Watch(desk.at, "fake.poll", 0, (BTC,), ("open_interest",), 60.0, 60.0))
    assert ends(run(desk, 180), OI) == []
    assert ends(run(desk, 1), OI) == [(0.0, 181.0)]


def test_who_is_followed_no_longer_is_not_missed_and_comes_back_with_a_gap():
    desk = Desk().open().watch(1, LIQUIDATIONS, 0.0)
    run(desk, 5, act=tick)
    desk.take(Universe(desk.at, "bybit", ()))
    assert run(desk, 60, act=tick) == []
    desk.take(Universe(desk.at, "bybit", (BTC,)))
    desk.take(Opened(desk.at, STREAM, 2))
    desk.watch(2, LIQUIDATIONS, 0.0)
    desk.wait(1)
    tick(desk, 2)
    assert ends(desk.seal(), DEAD)[-1] == (5.0, 66.0)


def test_a_watch_repeated_while_data_comes_opens_nothing():
    desk = Desk().open().watch(1, LIQUIDATIONS, 0.0)
    run(desk, 5, act=tick)
    desk.watch(1, LIQUIDATIONS, 0.0)
    assert ends(run(desk, 20, act=tick), DEAD) == []


def test_a_history_is_no_sign_of_life_where_something_live_is_expected():
    """Its own silence is long: it would hide every absence that is shorter."""
    desk = Desk().open().watch(1, ("open_interest",), 5.0)
    desk.take(Watch(desk.at, HISTORY, 0, (BTC,), ("open_interest",), 600.0, 300.0))
    coins(desk)
    desk.wait(100)
    desk.poll((BTC, "open_interest", T0, 5.0), feed=HISTORY, purpose="repair")
    assert ends(desk.seal(), OI) == [(0.0, 100.0)]
    desk.wait(10)
    desk.poll((BTC, "open_interest", T0 + 60 * SECOND, 6.0), feed=HISTORY, purpose="repair")
    assert desk.intake.open_gaps() == [("bybit", BTC, OI, T0)]
    desk.wait(10)
    coins(desk)
    assert ends(desk.seal(), OI) == [(0.0, 120.0)]


def test_where_only_a_history_speaks_its_silence_counts():
    desk = Desk()
    desk.take(Watch(desk.at, HISTORY, 0, (BTC,), ("lsr_global_accounts",), 600.0, 300.0))
    desk.wait(10)
    desk.poll((BTC, "lsr_global_accounts", T0, 1.5), feed=HISTORY)
    assert ends(run(desk, 1900, 100.0), "gap.lsr_global_accounts") == [(10.0, 1910.0)]
