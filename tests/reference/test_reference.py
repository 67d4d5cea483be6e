"""Worked examples: every signal and every transform once by hand."""

from __future__ import annotations

import math

import pytest

from tests.reference.model import DAY, HOUR, MINUTE, SECOND, Row
from tests.reference.reference import parse, reference
from tests.reference.signals import SPECS

T = 100 * DAY
BIN, BYB, OKX = ("binance", "BTCUSDT"), ("bybit", "BTCUSDT"), ("okx", "BTC-USDT-SWAP")
HL, INV = ("hyperliquid", "BTC"), ("binance", "BTCUSD_PERP")


def row(group, field, event, value, cadence=300.0, **more):
    return Row(*group, field, event, more.pop("known", event), value, cadence_s=cadence, **more)


def series(group, field, values, step=5 * MINUTE, last=T):
    """Values at last, last - step, ... : the first value is the newest."""
    rows = [
        row(group, field, last - k * step, v, step / SECOND)
        for k, v in enumerate(values)
        if v is not None
    ]
    return rows[::-1]


def ask(rows, address, as_of=T, **more):
    return reference(rows, "BTC", as_of, address, **more)


def value(rows, address, as_of=T):
    return ask(rows, address, as_of).value


COIN = "positioning.oi_usdtm_coin@5m"


@pytest.mark.parametrize(
    ("transform", "expected"),
    [
        ("level", 8.0),
        ("delta", 4.0),
        ("delta[2]", 6.0),
        ("rate", 1.0),
        ("rate[3]", 7.0),
        ("pctrank[3]", 1.0),
        ("zscore[3]", (8 - 7 / 3) / math.sqrt(7 / 3)),
        ("ewma", (8 + 2 + 0.5 + 0.125) / 1.875),
        ("min", 4.0),
        ("max", 8.0),
        ("range", 4.0),
    ],
)
def test_transforms_by_hand(transform, expected):
    rows = series(BIN, "open_interest", [8.0, 4.0, 2.0, 1.0], 5 * MINUTE)
    rows = [r for r in rows if r.event_time > T - 20 * MINUTE]
    found = value(rows, f"{COIN}:{transform}")
    assert found == pytest.approx(expected, rel=1e-15)


def test_ties_count_one_half():
    rows = series(BIN, "open_interest", [2.0, 2.0, 1.0, 3.0, 2.0])
    assert value(rows, f"{COIN}:pctrank[4]") == (1 + 0.5 * 2) / 4


def test_a_third_of_the_baseline_is_enough():
    rows = series(BIN, "open_interest", [5.0, *range(4, 0, -1)], 24 * HOUR)
    day = "positioning.oi_usdtm_coin@24h"
    assert value(rows, f"{day}:pctrank[12]") == 1.0
    assert ask(rows, f"{day}:pctrank[13]").reason == "short_history"
    two = series(BIN, "open_interest", [5.0, 4.0], 5 * MINUTE)
    assert ask(two, f"{COIN}:pctrank[2]").reason == "short_history"  # two samples at least


def test_zero_base_and_flat_baseline():
    rows = series(BIN, "open_interest", [5.0, 0.0, 0.0, 0.0])
    assert ask(rows, f"{COIN}:rate").reason == "zero_base"
    assert ask(rows, f"{COIN}:zscore[3]").reason == "flat_baseline"


def test_groups_are_chosen_once_so_a_dead_venue_never_looks_like_deleveraging():
    rows = [*series(BIN, "open_interest", [100.0] * 20), row(BYB, "open_interest", T - HOUR, 50.0)]
    found = ask(rows, "positioning.oi_usdtm_coin@1h:delta")
    assert found.value == 0.0
    assert found.used_groups == (BIN,)
    assert found.coverage == 100 / 150


def test_a_break_takes_its_group_out_of_the_span_only():
    rows = series(BIN, "open_interest", [100.0] * 40) + series(BYB, "open_interest", [50.0] * 40)
    rows.append(row(BYB, "break.open_interest", T - HOUR, 2.0))
    hour = "positioning.oi_usdtm_coin@1h"
    assert value(rows, hour) == 150.0
    assert value(rows, f"{hour}:delta") == 0.0
    assert ask(rows, f"{hour}:delta").used_groups == (BIN,)
    assert ask(rows, "positioning.oi_usdtm_coin@45m:delta").used_groups == (BIN, BYB)
    assert ask(rows, "positioning.oi_change@45m").used_groups == (BIN, BYB)
    assert ask(rows, "positioning.oi_change@45m:delta").used_groups == (BIN,)
    only = [r for r in rows if r.group == BYB]
    assert ask(only, f"{hour}:delta").reason == "break"


def test_an_empty_answer_says_why():
    assert ask([], COIN).reason == "no_data"
    assert ask([row(BIN, "mark_price", T, 1.0)], COIN).reason == "no_data"
    assert ask([row(BIN, "open_interest", T - HOUR, 1.0)], COIN).reason == "stale"
    one = [row(BIN, "open_interest", T, 1.0)]
    assert ask(one, f"{COIN}:delta").reason == "short_history"


def test_sums_over_the_right_groups():
    rows = [
        row(group, "open_interest_usd", T, size)
        for group, size in [(BIN, 1.0), (BYB, 2.0), (OKX, 4.0), (HL, 8.0), (INV, 16.0)]
    ]
    rows.append(row(("bybit", "BTCUSD"), "open_interest_usd", T, 32.0))
    rows.append(row(("bitget", "BTCUSDT"), "open_interest_usd", T, 64.0))
    rows.append(row(("coinbase", "BIP-20DEC30-CDE"), "open_interest_usd", T, 128.0))
    assert value(rows, "positioning.oi_usdtm@5m") == 7.0
    assert value(rows, "positioning.oi_hl@5m") == 8.0
    assert value(rows, "positioning.oi_coinm@5m") == 48.0
    assert value(rows, "positioning.oi_all@5m") == 255.0
    assert value(rows, "positioning.oi_share_top@5m") == 128 / 255
    rows.append(row(("reference", "BTC"), "circulating_supply", T - DAY, 17.0))
    rows.append(row(BYB, "mark_price", T, 5.0))
    assert value(rows, "positioning.oi_mcap@5m") == 255 / 85
    rows.append(row(OKX, "index_price", T, 3.0))
    assert value(rows, "positioning.oi_mcap@5m") == 255 / 51


def test_oi_change_is_the_log_of_the_sums():
    rows = series(BIN, "open_interest", [90.0, 100.0]) + series(BYB, "open_interest", [60.0, 20.0])
    assert value(rows, "positioning.oi_change@5m") == math.log(150 / 120)


def test_price_returns_are_weighted_by_what_is_held_now():
    rows = series(BIN, "open_interest", [3.0, 1.0]) + series(BIN, "mark_price", [110.0, 100.0])
    rows += series(BYB, "open_interest", [1.0, 9.0]) + series(BYB, "mark_price", [100.0, 100.0])
    expected = 0.75 * math.log(1.1)
    assert value(rows, "price.ret@5m") == pytest.approx(expected, rel=1e-15)
    divergence = abs(expected) - math.log(4 / 10)
    found = value(rows, "positioning.oi_price_divergence@5m")
    assert found == pytest.approx(divergence, rel=1e-15)
    assert value(rows, "price.mark@5m") == 430 / 4
    # the sum of squares of one step of the path is the step itself
    assert value(rows, "price.rv@5m") == pytest.approx(expected, rel=1e-15)


def test_funding_per_eight_hours_weighted_by_positions():
    rows = []
    for group, oi, rate, hours in [(BIN, 3.0, 1e-4, 8.0), (HL, 1.0, 1e-5, 1.0)]:
        rows += [row(group, "open_interest", T, oi), row(group, "open_interest_usd", T, oi)]
        rows += [row(group, "funding_rate_quoted", T, rate)]
        rows += [row(group, "funding_interval_h", T, hours)]
    mean = (3 * 1e-4 + 8e-5) / 4
    assert value(rows, "funding.funding_avg@5m") == pytest.approx(mean, rel=1e-15)
    assert value(rows, "funding.funding_usdtm@5m") == 1e-4
    spread = math.sqrt((3 * (1e-4 - mean) ** 2 + (8e-5 - mean) ** 2) / 4)
    found = value(rows, "funding.funding_dispersion@5m")
    assert found == pytest.approx(spread, rel=1e-12)
    alone = [r for r in rows if r.group == BIN]
    assert value(alone, "funding.funding_dispersion@5m") is None


def test_settled_funding_stands_in_where_no_quote_is_alive():
    rows = [row(BIN, "open_interest", T, 3.0), row(BIN, "open_interest_usd", T, 3.0)]
    rows += [row(BIN, "funding_rate_settled", T - 7 * HOUR, 4e-4, 0.0)]
    rows += [row(BIN, "funding_interval_h", T - 7 * HOUR, 4.0, 0.0)]
    assert value(rows, "funding.funding_usdtm@1h") == 8e-4
    unknown = [r for r in rows if r.field != "funding_interval_h"]
    assert ask(unknown, "funding.funding_usdtm@1h").reason == "stale"


def test_the_largest_perpetual_of_each_venue_speaks_for_it():
    rows = []
    for group, usd, rate in [(BIN, 5.0, 1e-4), (INV, 6.0, 3e-4)]:
        rows += [row(group, "open_interest", T, 2.0), row(group, "open_interest_usd", T, usd)]
        rows += [row(group, "funding_rate_quoted", T, rate)]
        rows += [row(group, "funding_interval_h", T, 8.0)]
    found = ask(rows, "funding.funding_avg@5m")
    assert (found.value, found.used_groups) == (3e-4, (INV,))


def test_basis_and_the_time_to_funding():
    rows = [row(BIN, "open_interest", T, 2.0), row(BIN, "mark_price", T, 101.0)]
    rows += [row(BIN, "index_price", T, 100.0)]
    rows += [row(BIN, "next_funding_time", T, float(T + 90 * MINUTE))]
    assert value(rows, "funding.basis_usdtm@5m") == 0.01
    assert value(rows, "funding.minutes_until_funding@5m") == 90.0
    late = [row(BIN, "next_funding_time", T, float(T))]
    assert value(late, "funding.minutes_until_funding@5m") is None


def bars(group, field, values, step=MINUTE):
    return series(group, field, values, step)


def test_flows_by_hand():
    rows = bars(BIN, "taker_buy_coin", [3.0] * 5) + bars(BIN, "taker_sell_coin", [1.0] * 5)
    rows += bars(BYB, "taker_buy_coin", [1.0] * 5) + bars(BYB, "taker_sell_coin", [2.0] * 5)
    assert value(rows, "positioning.taker_ratio@5m") == 3.0
    assert value(rows, "positioning.taker_imbalance@5m") == 5 / 35
    assert value(rows, "flow.cvd@5m") == 5.0
    assert value(rows, "flow.cvd@1m:delta") == 0.0
    assert ask(rows, "flow.cvd@5m:delta").reason == "short_history"
    assert ask(rows, "flow.cvd@30s").reason == "window_too_fine"
    assert ask(rows, "flow.cvd@5m:max").reason == "window_too_fine"


def test_volume_and_what_stands_beside_it():
    rows = bars(BIN, "volume_coin", [2.0] * 24, HOUR) + bars(BIN, "open_interest", [96.0], HOUR)
    assert value(rows, "flow.volume_usdtm@4h") == 8.0
    assert value(rows, "positioning.oi_volume@1h") == 2.0
    rows += bars(BIN, "spot_volume_usd", [30.0] * 24, HOUR) + bars(BIN, "mark_price", [10.0], HOUR)
    assert value(rows, "flow.spot_perp_volume@4h") == 1.5


def test_a_year_of_silence_is_a_true_zero_only_while_the_feed_is_up():
    rows = [row(BYB, "alive.liquidation", T - 3 * DAY, 1.0), row(BYB, "alive.liquidation", T, 1.0)]
    assert value(rows, "liquidations.liq_long_vol@24h") == 0.0
    assert value(rows, "liquidations.liq_long_full@24h") == 0.0
    assert value(rows, "liquidations.liq_imbalance@24h") is None
    gap = [*rows, row(BYB, "gap.liquidation", T - 2 * HOUR, float(T - HOUR))]
    assert ask(gap, "liquidations.liq_long_vol@4h").reason == "gap"
    assert value(gap, "liquidations.liq_long_vol@1h") == 0.0


def test_liquidations_by_hand():
    rows = [row(BYB, "alive.liquidation", T - 3 * DAY, 1.0), row(BYB, "alive.liquidation", T, 1.0)]
    for field, size in [("long_usd", 30.0), ("short_usd", 10.0), ("long_coin", 3.0)]:
        rows.append(row(BYB, f"liquidation_{field}", T - MINUTE, size, 0.0))
    rows += [row(BYB, "open_interest", T - HOUR, 60.0), row(BYB, "open_interest", T, 57.0)]
    assert value(rows, "liquidations.liq_long_vol@1h") == 30.0
    assert value(rows, "liquidations.liq_short_vol@1h") == 10.0
    assert value(rows, "liquidations.liq_short_full@1h") == 10.0
    assert value(rows, "liquidations.liq_total_notional@1h") == 40.0
    assert value(rows, "liquidations.liq_imbalance@1h") == 0.5
    assert value(rows, "liquidations.liq_oi_share@1h") == 3 / 60
    assert value(rows, "liquidations.liq_long_vol@1h:max") == 30.0
    assert value(rows, "liquidations.liq_long_vol@1h:min") == 0.0


def test_a_spike_that_left_the_window_leaves_no_trace():
    calm = bars(BIN, "volume_coin", [0.1] * 20)
    spiked = [*calm]
    spiked[3] = row(BIN, "volume_coin", spiked[3].event_time, 1e17, 60.0)
    for transform in ("level", "delta", "zscore[2]", "pctrank[2]"):
        address = f"flow.volume_usdtm@5m:{transform}"
        assert ask(spiked, address) == ask(calm, address)


def test_evidence_by_hand():
    rows = series(BIN, "open_interest", [1.0] * 12) + series(BYB, "open_interest", [3.0] * 12)
    rows = [r for r in rows if not (r.group == BYB and r.event_time > T - 10 * MINUTE)]
    rows.append(row(BIN, "open_interest", T - 5 * MINUTE, 2.0, known=T - MINUTE))
    rows.append(row(HL, "open_interest", T, 9.0))
    found = ask(rows, "positioning.oi_usdtm_coin@30m")
    assert (found.age_s, found.n, found.coverage) == (600.0, 6 + 4, 1.0)
    assert (found.basis, found.revised) == ("recorded", 1)
    rows[0] = row(BIN, "open_interest", rows[0].event_time, 1.0, basis="assumed")
    assert ask(rows, "positioning.oi_usdtm_coin@30m").basis == "recorded"
    assert ask(rows, "positioning.oi_usdtm_coin@1h:delta").basis == "mixed"


def test_the_table_covers_every_signal_of_the_catalogue_once():
    assert len(SPECS) == 42
    assert {spec.kind for spec in SPECS.values()} == {"stock", "flow", "change"}


def test_addresses_are_read_as_written():
    spec, window, transform, n = parse("positioning.oi_usdtm_coin@24h:rate[7]")
    assert (spec.name, window, transform, n) == ("positioning.oi_usdtm_coin", "24h", "rate", 7)
