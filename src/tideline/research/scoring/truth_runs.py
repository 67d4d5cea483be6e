"""The true state at each moment of the grid, and its episodes."""

from __future__ import annotations

import numpy as np

from tideline.domain.errors import BadInput
from tideline.domain.time import MINUTE
from tideline.market.truth import Truth, true_states
from tideline.research.scoring.observed import KINDS, NOTHING, Ints
from tideline.research.scoring.runs import Spans, label_runs


def truth_kinds(truth: Truth, window_us: int, start: int, end: int, step: int) -> Ints:
    """[N] the class that dominates the trailing window at start + step … end; −1 mixed.

    All books of the asset count: it is the asset's state, wherever the trades were made.

    Raises:
        BadInput: the truth does not cover (start − window, end].
    """
    minutes = window_us // MINUTE
    first = (start - window_us - truth.start) // MINUTE
    last = (end - truth.start) // MINUTE
    if first < 0 or last > truth.lots.shape[1]:
        raise BadInput("truth", truth.asset, "does not cover the scored days and a window before")
    states = true_states(truth.aggressive()[first:last], minutes)
    kinds = {name: kind for kind, name in enumerate(KINDS)}
    each = np.array([kinds.get(state, NOTHING) for state in states], np.int64)
    return each[minutes + step // MINUTE - 1 :: step // MINUTE]


def true_runs(kinds: Ints) -> Spans:
    """Maximal runs on the grid of one class: the true episodes. ``mixed`` ends one."""
    return label_runs(kinds)
