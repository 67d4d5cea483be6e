"""Many moments of one asset: evaluate part by part, put the parts together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tideline.features.answers import Answers
from tideline.features.engine import evaluate_legs
from tideline.log import Log
from tideline.signals import BY_ADDRESS
from tideline.store.rows import ROWS_AT_ONCE, AssetRows

_ARRAYS = ("values", "reason", "age_s", "n", "coverage", "basis", "revised")


def answer_asset(
    log: Log,
    asset: str,
    as_of: NDArray[np.int64],
    addresses: Sequence[str],
    *,
    evidence: bool = False,
    strict: bool = False,
    threads: int = 1,
    rows_at_once: int = ROWS_AT_ONCE,
) -> Answers:
    """Answers for the moments in the order given, whatever their number and span."""
    rows = AssetRows(log, asset, addresses)
    order = np.argsort(as_of, kind="stable")
    ascending = as_of[order]
    found = [
        evaluate_legs(
            part.legs,
            BY_ADDRESS,
            rows.instruments,
            ascending[part.low : part.high],
            addresses,
            evidence=evidence,
            threads=threads,
        )
        for part in rows.parts(ascending, strict=strict, rows_at_once=rows_at_once)
    ]
    return _joined(found, tuple(addresses), as_of, order)


def _joined(
    found: Sequence[Answers],
    addresses: tuple[str, ...],
    as_of: NDArray[np.int64],
    order: NDArray[np.int64],
) -> Answers:
    answers = Answers(addresses, as_of, np.empty((0, 0)), np.empty((0, 0), np.int8))
    for name in _ARRAYS:
        parts = [getattr(part, name) for part in found]
        if not parts or parts[0].ndim != 2 or parts[0].shape[1] != len(addresses):
            continue
        whole = np.concatenate(parts)
        turned = np.empty_like(whole)
        turned[order] = whole
        setattr(answers, name, turned)
    return answers
