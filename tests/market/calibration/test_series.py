"""Cutting a market into coarser steps, spreading volume, and windows over it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tideline.domain.errors import BadInput
from tideline.market.calibration.series import (
    HOUR_S,
    Series,
    between,
    coarser,
    imbalance,
    spread_volume,
)
from tideline.market.calibration.windows import over, samples


def series(n: int, step_s: int = 300, start_s: int = 0, seed: int = 1) -> Series:
    rng = np.random.default_rng(seed)
    volume = rng.integers(1, 100, n).astype(float)
    return Series(
        "made",
        start_s,
        step_s,
        price=100.0 * np.exp(np.cumsum(rng.normal(0, 1e-3, n))),
        oi_coin=1000.0 + rng.integers(-50, 50, n),
        volume_coin=volume,
        taker_buy_coin=np.floor(volume * rng.random(n)),
        funding_at_s=np.array([HOUR_S, 2.0 * HOUR_S]),
        funding=np.array([1e-4, 2e-4]),
    )


@given(st.integers(0, 60), st.integers(0, 11), st.sampled_from([600, 900, 3600]))
def test_coarser_steps_end_on_the_clock_and_add_up(n: int, shift: int, step_s: int) -> None:
    held = series(n, start_s=300 * shift)
    found = coarser(held, step_s)
    assert found.start_s % step_s == 0
    for k, end in enumerate(found.ends_s):
        inside = (held.ends_s > end - step_s) & (held.ends_s <= end)
        assert inside.sum() == step_s // 300
        assert found.volume_coin is not None
        assert held.volume_coin is not None
        assert found.volume_coin[k] == held.volume_coin[inside].sum()
        assert found.price[k] == held.price[inside][-1]
        assert found.oi_coin[k] == held.oi_coin[inside][-1]


def test_a_step_that_is_no_multiple_is_refused() -> None:
    with pytest.raises(BadInput, match="step_s"):
        coarser(series(24), 400)
    with pytest.raises(BadInput, match="oi_coin"):
        Series("x", 0, 300, np.ones(3), np.ones(4))
    with pytest.raises(BadInput, match="300"):
        Series("x", 0, 7, np.ones(3), np.ones(3))


def test_spread_volume_keeps_hours_and_is_done_once() -> None:
    held = series(48, start_s=600)
    even = spread_volume(held, HOUR_S)
    evened, plain = coarser(even, HOUR_S).volume_coin, coarser(held, HOUR_S).volume_coin
    assert plain is not None
    np.testing.assert_allclose(evened, plain, rtol=1e-12)
    assert even.volume_coin is not None
    whole = even.volume_coin[np.isfinite(even.volume_coin)]
    assert len(whole) == 36
    assert len(np.unique(whole)) == 3
    assert spread_volume(even, HOUR_S) is even


def test_the_imbalance_of_a_step_is_kept_when_its_volume_is_spread() -> None:
    held = series(24)
    even = spread_volume(held, HOUR_S)
    assert held.taker_buy_coin is not None
    assert held.volume_coin is not None
    own = (2 * held.taker_buy_coin - held.volume_coin) / held.volume_coin
    assert even.imbalance is not None
    np.testing.assert_allclose(even.imbalance, own, atol=1e-12)
    five, hour = samples(even, 300), samples(even, HOUR_S)
    assert five is not None
    assert hour is not None
    assert hour.imbalance is not None
    np.testing.assert_allclose(five.imbalance, own, atol=1e-12)
    first = 2 * held.taker_buy_coin[:12].sum() / held.volume_coin[:12].sum() - 1
    assert hour.imbalance[0] == pytest.approx(first)


def test_what_is_only_known_by_the_hour_has_no_imbalance_at_five_minutes() -> None:
    hourly = series(24)
    hourly = Series(
        "hourly", 0, 300, hourly.price, hourly.oi_coin, hourly.volume_coin, hourly.taker_buy_coin,
        volume_bar_s=HOUR_S,
    )  # fmt: skip
    assert imbalance(hourly) is None
    fifteen = samples(hourly, 900)
    assert fifteen is not None
    assert fifteen.imbalance is None


def test_between_cuts_steps_and_settlements() -> None:
    cut = between(series(48), 1800, 2 * HOUR_S)
    assert (cut.start_s, cut.steps) == (1800, 18)
    assert cut.funding is not None
    assert cut.funding.tolist() == [1e-4, 2e-4]
    assert between(cut, HOUR_S, 2 * HOUR_S).funding.tolist() == [2e-4]  # type: ignore[union-attr]


@pytest.mark.parametrize(("length", "grid"), [(300, 1), (900, 3), (3600, 12), (14400, 48)])
def test_windows_are_ends_over_beginnings(length: int, grid: int) -> None:
    held = series(60)
    found = samples(held, length)
    assert found is not None
    ends = [k for k in range(60) if held.ends_s[k] % min(length, HOUR_S) == 0]
    for row, k in enumerate(ends):
        if k - grid < 0:
            assert np.isnan(found.ret[row])
            continue
        assert found.ret[row] == pytest.approx(held.price[k] / held.price[k - grid] - 1)
        assert found.doi[row] == held.oi_coin[k] - held.oi_coin[k - grid]
        assert found.dq[row] == pytest.approx(found.doi[row] / held.oi_coin[k - grid])
        assert held.volume_coin is not None
        assert found.volume is not None
        assert found.volume[row] == held.volume_coin[k - grid + 1 : k + 1].sum()


def test_a_window_finer_than_the_series_is_not_there() -> None:
    assert samples(series(48, step_s=3600), 900) is None


def test_sums_forget_what_left_the_window() -> None:
    values = np.array([1.0, 1e17, 1.0, 2.0, 3.0])
    assert over(values, 2).tolist()[3:] == [3.0, 5.0]
