"""The truth on the grid is the market's own, moment by moment."""

from __future__ import annotations

import numpy as np
import pytest

from tests.research.scoring.toy import BEGIN, ToyWorlds, oi_changes
from tideline.domain.errors import BadInput
from tideline.domain.time import DAY, MINUTE
from tideline.market.truth import true_states
from tideline.research.scoring.observed import KINDS
from tideline.research.scoring.truth_runs import true_runs, truth_kinds

WINDOW, STEP = 45 * MINUTE, 5 * MINUTE
(MADE,) = ToyWorlds().make(seed=4, days=1, burn_in_days=1)


def test_each_moment_has_the_state_of_the_window_that_ends_there() -> None:
    found = truth_kinds(MADE.truth, WINDOW, MADE.start, MADE.end, STEP)
    states = true_states(MADE.truth.aggressive(), 45)
    assert found.size == DAY // STEP
    for k, kind in enumerate(found.tolist()):
        at = MADE.start + (k + 1) * STEP
        state = states[(at - MADE.truth.start) // MINUTE - 1]
        assert state == (KINDS[kind] if kind >= 0 else "mixed")
    assert set(found.tolist()) > {-1}


def test_a_moment_looks_back_over_its_own_window_and_no_further() -> None:
    """Flow that ends at 12:00 rules at 12:00, and is gone 45 minutes after it began to be gone."""
    lots = np.zeros_like(MADE.truth.lots)
    noon = (MADE.start - BEGIN) // MINUTE + 12 * 60
    lots[0, noon - 10 : noon, 0, 0] = 5
    only = type(MADE.truth)("BTC", BEGIN, lots, MADE.truth.coin)
    kinds = truth_kinds(only, WINDOW, MADE.start, MADE.end, STEP)
    runs = true_runs(kinds)
    assert runs.kind.tolist() == [KINDS.index("new_longs")]
    first = MADE.start + (int(runs.first[0]) + 1) * STEP
    last = MADE.start + int(runs.last[0]) * STEP
    assert (first - MADE.start) // MINUTE == 12 * 60 - 5
    assert (last - MADE.start) // MINUTE == 12 * 60 + 40


def test_a_truth_that_begins_too_late_is_refused() -> None:
    with pytest.raises(BadInput, match="does not cover"):
        truth_kinds(MADE.truth, WINDOW, BEGIN, MADE.end, STEP)
    with pytest.raises(BadInput, match="does not cover"):
        truth_kinds(MADE.truth, WINDOW, MADE.start, MADE.end + DAY, STEP)


def test_the_toy_keeps_its_books() -> None:
    assert np.abs(oi_changes(MADE.truth.lots)).sum() > 0
