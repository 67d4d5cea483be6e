"""Each statistic against a plain formula, and on markets whose answer is known beforehand."""

from __future__ import annotations

import math
import statistics as plain

import numpy as np
import pytest

from tideline.market.calibration import numbers
from tideline.market.calibration.cascades import extremes
from tideline.market.calibration.numbers import Number
from tideline.market.calibration.rhythm import profile
from tideline.market.calibration.rows import ROWS, near
from tideline.market.calibration.series import DAY_S, HOUR_S, Series
from tideline.market.calibration.statistics import statistics

DAYS = 20
N = DAYS * 288


def market(seed: int = 3, push: float = 0.0, premium: bool = True) -> Series:
    """20 days by 5 min; takers push price as far as ``push`` says."""
    rng = np.random.default_rng(seed)
    volume = 50.0 + 50.0 * rng.random(N)
    lean = rng.normal(0, 0.1, N)
    ret = push * lean * 1e-2 + rng.normal(0, 1e-3 * (1.0 - 0.9 * min(push, 1.0)), N)
    at = np.arange(8 * HOUR_S, DAYS * DAY_S + 1, 8 * HOUR_S, dtype=float)
    over_index = np.repeat(rng.normal(0, 1e-4, N // 96), 96)
    return Series(
        "made",
        0,
        300,
        price=100.0 * np.exp(np.cumsum(ret)),
        oi_coin=1e4 * np.exp(np.cumsum(rng.normal(0, 1e-3, N))),
        volume_coin=volume,
        taker_buy_coin=volume * (1.0 + lean) / 2.0,
        funding_at_s=at,
        funding=over_index[(at / 300).astype(int) - 1],
        premium=over_index if premium else None,
    )


def test_the_plain_formulas() -> None:
    rng = np.random.default_rng(0)
    one, other = rng.normal(size=200), rng.normal(size=200)
    listed = one.tolist()
    assert numbers.mean(one).value == pytest.approx(plain.fmean(listed))
    assert numbers.sd(one).value == pytest.approx(plain.stdev(listed))
    assert numbers.median(one).value == plain.median(listed)
    assert numbers.corr(one, other).value == pytest.approx(plain.correlation(listed, list(other)))
    assert numbers.autocorr(one, 3).value == pytest.approx(
        plain.correlation(listed[3:], listed[:-3])
    )
    middle = plain.fmean(listed)
    fourth = plain.fmean([(x - middle) ** 4 for x in listed])
    assert numbers.kurtosis(one).value == pytest.approx(fourth / plain.pvariance(listed) ** 2 - 3)


def test_unknown_samples_do_not_count() -> None:
    values = np.array([1.0, math.nan, 3.0])
    assert numbers.mean(values) == Number(2.0, 2)
    assert numbers.change(np.array([1.0, 2.0, 1.0])).tolist()[1:] == [1.0, -0.5]
    for of in (numbers.mean, numbers.sd, numbers.median, numbers.kurtosis, numbers.robust_kurtosis):
        assert math.isnan(of(np.array([math.nan])).value)


def test_a_normal_distribution_has_no_tails_and_a_fat_one_has() -> None:
    rng = np.random.default_rng(5)
    normal = rng.normal(size=100_000)
    assert numbers.kurtosis(normal).value == pytest.approx(0.0, abs=0.1)
    assert numbers.robust_kurtosis(normal).value == pytest.approx(1.0, abs=0.02)
    fat = rng.standard_t(3, size=100_000)
    assert numbers.kurtosis(fat).value > 5
    assert numbers.robust_kurtosis(fat).value > 1.3


def test_churn_is_what_plain_loops_say() -> None:
    held = market()
    found = statistics(held)
    assert held.volume_coin is not None
    shares, moves, rets = [], [], []
    for k in range(11, N, 12):
        if k < 12:
            continue
        change = held.oi_coin[k] - held.oi_coin[k - 12]
        shares.append(abs(change) / sum(held.volume_coin[k - 11 : k + 1]))
        moves.append(change / held.oi_coin[k - 12])
        rets.append(held.price[k] / held.price[k - 12] - 1)
    assert found["doi_over_volume_1h"] == pytest.approx((plain.median(shares), len(shares)))
    assert found["sd_dq_1h"].value == pytest.approx(plain.stdev(moves))
    ratio = plain.stdev(moves) / plain.stdev(rets)
    assert found["sd_dq_over_sd_ret_1h"].value == pytest.approx(ratio)
    assert found["corr_dq_ret_1h"].value == pytest.approx(plain.correlation(moves, rets))


def test_takers_that_push_agree_and_takers_that_do_not_are_a_coin() -> None:
    pushed, idle = statistics(market(push=1.0)), statistics(market(push=0.0))
    assert pushed["taker_agrees_any_1h"].value > 0.9
    assert pushed["taker_agrees_price_up_oi_up_1h"].value > 0.95
    assert pushed["corr_imbalance_ret_1h"].value > 0.9
    assert idle["taker_agrees_any_1h"].value == pytest.approx(0.5, abs=0.1)
    assert abs(idle["corr_imbalance_ret_1h"].value) < 0.2
    assert sum(pushed[f"share_price_{p}_oi_{o}_1h"].value for p in ("up", "down")
               for o in ("up", "down")) == pytest.approx(1.0)  # fmt: skip


def test_the_worst_windows_do_not_overlap_and_give_the_slope() -> None:
    ret = np.array([0.0, -5.0, -6.0, -4.0, math.nan, -1.0, 2.0, -3.0])
    assert extremes(ret, 2, -1, 3) == [2, 7, 5]
    assert extremes(ret, 1, -1, 3) == [2, 1, 3]
    assert extremes(ret, 1, 1, 2) == [6, 0]
    held = market()
    crash = held.price.copy()
    oi = np.full(N, 1e4)
    for day in range(1, 15):
        crash[day * 288 :] *= 0.95
        oi[day * 288 :] *= 0.90
    fallen = Series("crash", 0, 300, crash, oi, held.volume_coin)
    found = statistics(fallen)
    assert found["worst_1h_dq"].n == 3  # one in six of 20 days
    assert found["worst_1h_dq"].value == pytest.approx(-0.10)
    assert found["worst_1h_slope"].value == pytest.approx(2.0, rel=0.1)


def test_clustered_volatility_is_seen() -> None:
    rng = np.random.default_rng(8)
    calm = np.repeat(np.where(rng.random(N // 72) < 0.3, 4.0, 1.0), 72)
    still = market()
    price = 100.0 * np.exp(np.cumsum(rng.normal(0, 1e-3, N) * calm))
    found = statistics(Series("clustered", 0, 300, price, still.oi_coin))
    assert found["autocorr_abs_ret_5m_lag12"].value > 0.2
    assert abs(statistics(still)["autocorr_abs_ret_5m_lag12"].value) < 0.06
    assert found["kurtosis_ret_5m"].value > 1.0
    assert found["variance_growth_ret"].value == pytest.approx(1.0, abs=0.35)


def test_funding_follows_the_premium_it_was_made_of() -> None:
    found = statistics(market())
    assert found["corr_funding_premium"].value == pytest.approx(1.0)
    assert found["funding_8h_sd"].value == pytest.approx(found["premium_sd"].value, rel=0.2)
    assert "premium_sd" not in statistics(market(premium=False))


def test_rates_of_other_intervals_are_counted_by_eight_hours() -> None:
    at = np.arange(1, 100, dtype=float) * HOUR_S
    hourly = Series(
        "hourly", 0, 300, np.ones(1300), np.ones(1300), funding_at_s=at, funding=np.full(99, 1e-5)
    )
    assert statistics(hourly)["funding_8h_mean"].value == pytest.approx(8e-5)


def test_the_profile_is_shares_of_a_day() -> None:
    hours = np.arange(N) // 12 % 24
    held = market()
    busy = Series("busy", 0, 300, held.price, held.oi_coin, np.where(hours == 14, 3.0, 1.0))
    shares = profile(busy)
    assert shares is not None
    assert shares.sum() == pytest.approx(1.0)
    assert shares.argmax() == 14
    assert statistics(busy)["volume_profile_peak_over_trough"].value == pytest.approx(3.0)
    assert profile(Series("none", 0, 300, held.price, held.oi_coin)) is None


def test_every_judged_row_is_a_statistic() -> None:
    found = statistics(market())
    assert {row.name for row in ROWS} <= set(found)
    assert len({row.name for row in ROWS}) == len(ROWS)


def test_near_is_thirty_percent_or_the_slack() -> None:
    assert near(1.29, 1.0, 0.0)
    assert near(-1.29, -1.0, 0.0)
    assert not near(1.31, 1.0, 0.0)
    assert near(0.08, -0.01, 0.1)
    assert not near(math.nan, 1.0, 0.0)
