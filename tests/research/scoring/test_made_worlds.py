"""The simulated market as a maker of worlds."""

from __future__ import annotations

import numpy as np
import pytest

from tideline.domain.time import DAY, MINUTE
from tideline.research.scoring.fingerprint import canonical
from tideline.research.scoring.made_worlds import ASSETS, MadeWorlds


def test_everything_it_draws_from_can_be_hashed() -> None:
    maker = MadeWorlds()
    text = canonical(maker.described())
    assert '"scenario":"mixed"' in text
    assert '"leverage":[' in text
    assert "news_repricing" in maker.mechanisms


@pytest.mark.slow
def test_a_world_is_whole_days_with_the_truth_behind_them() -> None:
    maker = MadeWorlds()
    (made,) = maker.make(7, days=1, burn_in_days=1)
    assert made.asset == ASSETS[7 % len(ASSETS)]
    assert made.end - made.start == DAY
    assert made.truth.start == made.start - DAY
    assert made.truth.lots.shape[1] * MINUTE == 2 * DAY
    event = made.rows["event_time"].cast("int64").to_numpy()
    assert made.truth.start <= event.min()
    assert event.max() <= made.end
    assert set(made.rows["venue"].unique().to_pylist()) == {"binance", "bybit", "okx"}
    (again,) = maker.make(7, days=1, burn_in_days=1)
    assert again.rows.equals(made.rows)
    assert np.array_equal(again.truth.lots, made.truth.lots)
    (without,) = maker.make(7, 1, 1, without=frozenset({"news_repricing"}))
    assert not np.array_equal(without.truth.lots, made.truth.lots)
