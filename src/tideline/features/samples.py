"""x_w at other moments than T, all as known at T: what adaptive bands and plots of a path need."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numba import types
from numpy.typing import NDArray

from tideline.domain.instrument import Instrument
from tideline.features.arrays import A_I64, F64, I64, M_F64, Table
from tideline.features.batches import merged_for
from tideline.features.choose import advance, choose
from tideline.features.formulas import window_value
from tideline.features.groups import Group
from tideline.features.jit import entry
from tideline.features.legs import LegSet
from tideline.features.plan import T_QUERY, Question, info_of, note_of
from tideline.features.reasons import NONE
from tideline.features.resolver import make_plan
from tideline.features.signal import Signal
from tideline.features.sweep import start, whole


@entry((T_QUERY, A_I64, A_I64, types.int64, M_F64))
def sample(queries: Table, as_of: I64, back: I64, span: int, values: F64) -> None:
    """values[r, k] = x(as_of[r] - back[k]) as known at as_of[r] (ascending), groups of as_of[r]."""
    q = queries[0]
    start(q)
    w = info_of(q.info, 0).window
    for r in range(as_of.size):
        T = as_of[r]
        advance(q, T)
        if choose(q, T, span) != NONE:
            values[r, :] = np.nan
            continue
        note_of(q.note, 0).whole = 1 if whole(q) else 0
        for k in range(back.size):
            values[r, k] = window_value(q, T - back[k], w, T)


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
        reach = int(back_us.max()) + (0 if signal.kind == "stock" else window_us)
        sample(question.query, as_of, back_us, reach, values)
    return values
