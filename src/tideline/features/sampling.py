"""x_w at other moments than T, all as known at T: what adaptive bands and plots of a path need."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from tideline.domain.instrument import Instrument
from tideline.features.arrays import F64
from tideline.features.batches import merged_for
from tideline.features.door import NO_COUNTS, SUMS, SWEEP, ask
from tideline.features.groups import Group
from tideline.features.legs import LegSet
from tideline.features.plan import Question
from tideline.features.resolver import make_plan
from tideline.features.signal import Formula, Signal


def path_span(signal: Signal, window_us: int, back_us: NDArray[np.int64]) -> int:
    """How far before T a break leaves its group out of a path: to the start of its last window."""
    return int(back_us.max()) + (0 if signal.kind == "stock" else window_us)


def samples(
    legs: LegSet,
    signal: Signal,
    window_us: int,
    instruments: Mapping[Group, Instrument],
    as_of: NDArray[np.int64],
    back_us: NDArray[np.int64],
) -> F64:
    """The window value of ``signal`` at every as_of (ascending) and every distance before it.

    Groups and weights are those of as_of itself, breaks anywhere on the way leave a group out.
    NaN is null.
    """
    values = np.full((as_of.size, back_us.size), np.nan)
    plan = make_plan(signal, window_us, legs, instruments)
    if plan is not None and values.size:
        merged = merged_for(plan, legs, values.size, {})
        question = Question(legs.arrays, merged, plan)
        span = path_span(signal, window_us, back_us)
        each = np.arange(back_us.size)
        levels = np.zeros_like(each)
        found = np.empty((back_us.size, as_of.size))
        reasons = np.empty(found.shape, np.int8)
        sums = signal.formula == Formula.SUM and merged.step.size > 0
        ask(
            *(question.query, SUMS if sums else SWEEP, as_of, back_us, levels, levels, each, each),
            *(span, 0, found, NO_COUNTS, reasons),
        )
        values = found.T
    return values
