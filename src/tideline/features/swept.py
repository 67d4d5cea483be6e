"""One sweep for all addresses of a batch."""

from __future__ import annotations

from tideline.features.arrays import F64, I8, I64
from tideline.features.batches import Batch
from tideline.features.door import NO_COUNTS, SUMS, SWEEP, ask
from tideline.features.plan import Question


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
