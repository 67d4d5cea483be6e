"""One sweep for all addresses of a batch, and the evidence of one of them."""

from __future__ import annotations

import numpy as np

from tideline.features.arrays import F64, I8, I64
from tideline.features.batches import Batch
from tideline.features.door import (
    NO_COUNTS,
    SUMS,
    SWEEP,
    WITNESS,
    ask,
)
from tideline.features.plan import NO_NUMBERS, NO_REASONS, Question


def sweep_batch(batch: Batch, question: Question, moments: I64, values: F64, reasons: I8) -> None:
    """Fill ``values`` and ``reasons`` [addresses of the batch, moments]; moments ascend."""
    ask(
        question.query,
        SUMS if batch.sums else SWEEP,
        moments,
        batch.back,
        batch.code,
        batch.n,
        batch.first,
        batch.slot,
        batch.span,
        0,
        values,
        NO_COUNTS,
        reasons,
    )


def witnessed(question: Question, moments: I64, span: int, reach: int) -> tuple[F64 | I64, ...]:
    """What an answer rests on at each moment, in the order of
    :func:`tideline.features.answers.evidence_arrays`."""
    values = np.empty((2, moments.size))
    counts = np.empty((3, moments.size), np.int64)
    ask(
        *(question.query, WITNESS, moments, *((NO_NUMBERS,) * 5)),
        *(span, reach, values, counts, NO_REASONS),
    )
    return values[0], counts[0], values[1], counts[1], counts[2]
