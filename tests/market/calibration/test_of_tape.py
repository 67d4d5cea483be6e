"""A book of a tape becomes the series that its numbers say."""

from __future__ import annotations

import numpy as np
import pytest

from tideline.domain.errors import BadInput
from tideline.domain.time import SECOND
from tideline.market.calibration.of_tape import series_of
from tideline.market.tape import EVENT, BookName, Tape

HOUR = 3_600
START = 1_800_000_000 // (8 * HOUR) * 8 * HOUR


def tape(listed_step: int = 0, step_s: int = 30, hours: int = 24) -> Tape:
    rng = np.random.default_rng(4)
    n, minutes = hours * HOUR // step_s, hours * 60
    one = BookName("binance", "BTCUSDT", False, 0.001, 0.1, 8, listed_step)
    spot = BookName("binance", "BTCUSDT", True, 0.001, 0.1, 0)
    whole = rng.integers(0, 1_000, (2, n))
    return Tape(
        world="toy", seed=1, asset="BTC", start=START * SECOND, step_us=step_s * SECOND,
        books=(one, spot), oi=whole + 5_000, last=whole, high=whole, low=whole, buy=whole,
        sell=whole[:, ::-1], mid=whole.astype(float), premium=np.full((2, n), 1e-4),
        index=50_000.0 + np.arange(n, dtype=float),
        rate=np.tile(np.arange(minutes) * 1e-6, (2, 1)),
        ratios=np.ones((2, minutes // 5, 3)), events=np.zeros(0, EVENT),
    )  # fmt: skip


def test_units_sums_and_settlements() -> None:
    made = tape()
    found = series_of(made, 0)
    assert (found.start_s, found.step_s, found.steps) == (START, 300, 288)
    assert found.price[0] == pytest.approx(made.index[9] * 1.0001)
    assert found.oi_coin[0] == pytest.approx(made.oi[0, 9] * 0.001)
    assert found.volume_coin is not None
    assert found.volume_coin[1] == pytest.approx(
        (made.buy[0, 10:20].sum() + made.sell[0, 10:20].sum()) * 0.001
    )
    assert found.taker_buy_coin is not None
    assert found.taker_buy_coin[0] == pytest.approx(made.buy[0, :10].sum() * 0.001)
    assert found.funding_at_s is not None
    assert found.funding is not None
    assert found.funding_at_s.tolist() == [START + k * 8 * HOUR for k in (1, 2, 3)]
    assert found.funding == pytest.approx([(k * 480 - 1) * 1e-6 for k in (1, 2, 3)])


def test_nothing_is_known_before_it_is_listed() -> None:
    found = series_of(tape(listed_step=9 * 120), 0)
    assert found.funding_at_s is not None
    assert found.funding_at_s.tolist() == [START + k * 8 * HOUR for k in (2, 3)]
    assert np.isnan(found.price[: 9 * 12]).all()
    assert np.isfinite(found.price[9 * 12 :]).all()
    assert found.volume_coin is not None
    assert np.isnan(found.volume_coin[9 * 12 - 1])


def test_spot_and_books_that_are_not_there_are_refused() -> None:
    for book in (1, 2, -1):
        with pytest.raises(BadInput, match="book"):
            series_of(tape(), book)
