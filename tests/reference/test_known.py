"""As known at T, by hand."""

from __future__ import annotations

from tests.reference.known import LIQUIDATION, SPOT_VOLUME, TAKER, VOLUME, Known
from tests.reference.model import DAY, HOUR, MINUTE, SECOND, Row, Rules

BIN = ("binance", "BTCUSDT")


def oi(event, known, value, **more):
    return Row(*BIN, "open_interest", event, known, value, **more)


def bar(event, value=1.0, cadence=60.0, field="taker_buy_coin", **more):
    return Row(*BIN, field, event, more.pop("known", event), value, cadence_s=cadence, **more)


def path(rows, t, as_of, strict=False):
    return Known(rows, as_of, strict).path(BIN, "open_interest", t)


def test_a_restatement_changes_the_past_only_from_when_it_was_known():
    rows = [oi(100, 101, 1.0), oi(100, 500, 2.0)]
    assert path(rows, 100, 499) == 1.0
    assert path(rows, 100, 500) == 2.0  # known exactly at T is known


def test_the_greatest_known_time_represents_whatever_the_order_in_the_log():
    rows = [oi(100, 500, 2.0), oi(100, 101, 1.0)]
    assert path(rows, 100, 600) == 2.0
    assert path(rows, 100, 400) == 1.0


def test_equal_known_times_go_to_the_later_in_the_log():
    assert path([oi(100, 500, 2.0), oi(100, 500, 3.0)], 100, 600) == 3.0


def test_a_suspect_never_represents_but_an_earlier_good_version_still_does():
    rows = [oi(100, 101, 1.0), oi(100, 300, 9e34, status="suspect"), oi(200, 201, 7.0)]
    assert path(rows, 100, 400) == 1.0
    only = [oi(100, 300, 9e34, status="suspect")]
    assert path(only, 100, 400) is None


def test_a_row_of_the_future_of_events_is_not_seen_even_if_known():
    assert path([oi(900, 100, 1.0)], 900, 500) is None


def test_nothing_is_carried_further_than_max_age():
    assert path([oi(0, 0, 1.0)], 30 * MINUTE, DAY) == 1.0
    assert path([oi(0, 0, 1.0)], 30 * MINUTE + 1, DAY) is None
    hourly = [oi(0, 0, 1.0, cadence_s=3600.0)]
    assert path(hourly, 3 * HOUR, DAY) == 1.0
    assert path(hourly, 3 * HOUR + 1, DAY) is None


def test_the_newest_row_decides_the_age_not_an_older_one_of_longer_cadence():
    rows = [oi(0, 0, 1.0, cadence_s=3600.0), oi(HOUR, HOUR, 2.0, cadence_s=300.0)]
    assert path(rows, HOUR + 31 * MINUTE, DAY) is None


def test_settled_funding_may_be_one_and_a_half_intervals_old():
    def rate(venue, name):
        return Row(venue, name, "funding_rate_settled", 0, 0, 1e-4)

    known = Known([rate("binance", "BTCUSDT"), rate("hyperliquid", "BTC")], DAY, False)
    assert known.path(BIN, "funding_rate_settled", 12 * HOUR) == 1e-4
    assert known.path(BIN, "funding_rate_settled", 12 * HOUR + 1) is None
    assert known.path(("hyperliquid", "BTC"), "funding_rate_settled", 90 * MINUTE) == 1e-4
    assert known.path(("hyperliquid", "BTC"), "funding_rate_settled", 90 * MINUTE + 1) is None


def test_strict_forgets_assumed_rows_and_what_they_replaced_comes_back():
    rows = [oi(100, 101, 1.0), oi(100, 300, 2.0, basis="assumed")]
    assert path(rows, 100, 400) == 2.0
    assert path(rows, 100, 400, strict=True) == 1.0


def test_a_flow_takes_its_windows_end_and_not_its_start():
    rows = [bar(k * MINUTE, 10.0**k) for k in range(4)]
    known = Known(rows, 3 * MINUTE, False)
    assert known.flow(BIN, "taker_buy_coin", 3 * MINUTE, 2 * MINUTE) == 1100.0


def test_a_bar_covers_the_time_since_its_own_start():
    """First bar ends at 10 min and is one minute long: the feed is known since 9 min."""
    known = Known([bar(10 * MINUTE), bar(11 * MINUTE)], DAY, False)
    assert known.feed_nulls(BIN, TAKER, 11 * MINUTE, 2 * MINUTE) == set()
    assert known.feed_nulls(BIN, TAKER, 11 * MINUTE, 2 * MINUTE + 1) == {"short_history"}


def test_a_first_heartbeat_must_stand_before_the_window():
    beat = bar(10 * MINUTE, field="alive.taker")
    known = Known([beat, bar(11 * MINUTE)], DAY, False)
    assert known.feed_nulls(BIN, TAKER, 11 * MINUTE, MINUTE) == set()
    assert known.feed_nulls(BIN, TAKER, 11 * MINUTE, MINUTE + 1) == {"short_history"}


def test_events_must_start_before_the_window_and_heartbeats_keep_them_alive():
    rows = [bar(0, 5.0, 0.0, "liquidation_long_usd"), bar(DAY, 1.0, 0.0, "alive.liquidation")]
    known = Known(rows, 2 * DAY, False)
    assert known.flow(BIN, "liquidation_long_usd", 2 * DAY, HOUR) == 0.0  # a true zero
    assert known.feed_nulls(BIN, LIQUIDATION, 2 * DAY + 1, HOUR) == {"stale"}
    assert known.feed_nulls(BIN, LIQUIDATION, HOUR, HOUR) == set()
    assert known.feed_nulls(BIN, LIQUIDATION, HOUR - 1, HOUR) == {"short_history"}


def test_a_gap_touching_the_window_from_outside_does_not_overlap_it():
    def nulls(start, end):
        rows = [bar(k * MINUTE) for k in range(1, 11)]
        rows.append(Row(*BIN, "gap.taker", start, start, float(end)))
        return Known(rows, DAY, False).feed_nulls(BIN, TAKER, 8 * MINUTE, 2 * MINUTE)

    assert nulls(5 * MINUTE, 6 * MINUTE) == set()
    assert nulls(5 * MINUTE, 6 * MINUTE + 1) == {"gap"}
    assert nulls(8 * MINUTE, 9 * MINUTE) == set()
    assert nulls(8 * MINUTE - 1, 9 * MINUTE) == {"gap"}


def test_a_later_revision_of_a_gap_replaces_its_end():
    rows = [bar(k * MINUTE) for k in range(1, 11)]
    rows.append(Row(*BIN, "gap.taker", 5 * MINUTE, 6 * MINUTE, 9.0 * MINUTE))
    rows.append(Row(*BIN, "gap.taker", 5 * MINUTE, 9 * MINUTE, 5.5 * MINUTE))
    early, late = Known(rows, 9 * MINUTE - 1, False), Known(rows, 9 * MINUTE, False)
    assert early.feed_nulls(BIN, TAKER, 8 * MINUTE, MINUTE) == {"gap"}
    assert late.feed_nulls(BIN, TAKER, 8 * MINUTE, MINUTE) == set()


def test_a_window_finer_than_the_bar_is_refused():
    rows = [bar(k * 5 * MINUTE, cadence=300.0) for k in range(20)]
    known = Known(rows, DAY, False)
    assert known.feed_nulls(BIN, TAKER, HOUR + 1, MINUTE) == {"window_too_fine"}
    assert known.feed_nulls(BIN, TAKER, HOUR, 5 * MINUTE) == set()


def test_one_coarse_bar_in_the_window_is_enough():
    rows = [bar(0, cadence=3600.0), *(bar(k * MINUTE) for k in range(1, 30))]
    known = Known(rows, DAY, False)
    assert known.feed_nulls(BIN, TAKER, 10 * MINUTE, 10 * MINUTE) == set()
    assert known.feed_nulls(BIN, TAKER, 10 * MINUTE, 11 * MINUTE) == {"window_too_fine"}


def test_spot_and_perpetual_volume_are_judged_by_their_own_rows():
    rows = [bar(MINUTE, field="volume_coin")]
    known = Known(rows, DAY, False)
    assert known.feed_is_fresh(BIN, VOLUME, MINUTE)
    assert not known.feed_is_fresh(BIN, SPOT_VOLUME, MINUTE)


def test_a_break_counts_at_both_ends_of_its_span():
    rows = [Row(*BIN, "break.open_interest", 100, 150, 2.0)]
    known = Known(rows, 200, False)
    assert known.broken(BIN, ("open_interest",), 100)
    assert not known.broken(BIN, ("open_interest",), 101)
    assert not known.broken(BIN, ("mark_price",), 100)
    assert not Known(rows, 149, False).broken(BIN, ("open_interest",), 100)


def test_a_rule_turned_off_shows():
    rows = [oi(100, 500, 2.0), oi(100, 101, 1.0)]
    loose = Known(rows, 600, False, Rules(greatest_known=False))
    assert loose.path(BIN, "open_interest", 100) == 1.0
    assert Known(rows, 400, False, Rules(known_filter=False)).rows == rows
    assert SECOND * 60 == MINUTE
