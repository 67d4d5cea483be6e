"""The two compiled functions that Python calls to ask: everything behind them is compiled once.

Of :func:`ask`, ``task`` says which of the kernels runs; each reads the arguments it needs (empty
arrays stand for the rest) and documents what it fills.
"""

from __future__ import annotations

import numpy as np
from numba import types

from tideline.features.arrays import A_I64, F64, I8, I64, M_F64, M_I8, M_I64
from tideline.features.evidence import describe_groups, witness
from tideline.features.jit import entry
from tideline.features.plan import Query
from tideline.features.sweep import sweep, sweep_again

SWEEP, SUMS, WITNESS, DESCRIBE = 0, 1, 2, 3

NO_COUNTS = np.empty((0, 0), np.int64)

_NUMBERS = (types.int64, A_I64, A_I64, A_I64, A_I64, A_I64, A_I64, types.int64, types.int64)


@entry((types.int64, *_NUMBERS, M_F64, M_I64, M_I8))
def ask(
    q: Query,
    task: int,
    as_of: I64,
    back: I64,
    code: I64,
    n: I64,
    first: I64,
    slot: I64,
    span: int,
    reach: int,
    values: F64,
    counts: I64,
    reasons: I8,
) -> None:
    """Run one task of one query; see the kernels for what they fill."""
    if task == SWEEP or task == SUMS:  # noqa: SIM109, PLR1714 - kernels build no tuples
        sweep(q, as_of, back, code, n, first, slot, task == SUMS, span, values, reasons)
    elif task == WITNESS:
        witness(q, as_of, span, reach, values, counts)
    else:
        describe_groups(q, as_of[0], span, reach, values, counts)


@entry((types.int64, types.int64))
def ask_again(q: Query, as_of: int) -> int:
    """Ask what a question made with :class:`tideline.features.plan.Asked` always asks.

    Handing over arrays takes as long as most answers, so they stand in the query. Returns how many
    samples were worked out anew (of samples alone), -1 where no group may answer.
    """
    return sweep_again(q, as_of)
