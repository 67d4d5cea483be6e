"""What comes back: one row per moment, one column per address."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tideline.features.arrays import F64, I8, I64
from tideline.features.reasons import NO_DATA


@dataclass
class Answers:
    """Values and what stands beside them, [moment, address], in the order asked.

    ``values`` NaN is null, ``reason`` then is a code of :data:`reasons.REASONS`. The evidence
    arrays are filled when asked for: age in seconds, n, coverage, basis (code of
    :data:`evidence.BASES`), revised.
    """

    addresses: tuple[str, ...]
    as_of: I64
    values: F64
    reason: I8
    age_s: F64 = field(default_factory=lambda: np.empty((0, 0)))
    n: I64 = field(default_factory=lambda: np.empty((0, 0), np.int64))
    coverage: F64 = field(default_factory=lambda: np.empty((0, 0)))
    basis: I8 = field(default_factory=lambda: np.empty((0, 0), np.int8))
    revised: I64 = field(default_factory=lambda: np.empty((0, 0), np.int64))


EVIDENCE = ("age_s", "n", "coverage", "basis", "revised")


def empty_answers(
    addresses: tuple[str, ...], as_of: I64, shape: tuple[int, int], evidence: bool
) -> Answers:
    """Room for [address, moment] answers; what no sweep fills is null for want of data."""
    answers = Answers(addresses, as_of, np.full(shape, np.nan), np.full(shape, NO_DATA, np.int8))
    if evidence:
        answers.age_s = np.full(shape, np.nan)
        answers.n = np.zeros(shape, np.int64)
        answers.coverage = np.full(shape, np.nan)
        answers.basis = np.zeros(shape, np.int8)
        answers.revised = np.zeros(shape, np.int64)
    return answers


def evidence_arrays(answers: Answers) -> tuple[NDArray[Any], ...]:
    """The evidence, in the order in which ``witness`` fills it."""
    return tuple(getattr(answers, name) for name in EVIDENCE)


def turned(answers: Answers, order: NDArray[np.int64] | None) -> Answers:
    """From [address, moment in time order] to [moment in the order asked, address]."""
    names = ("values", "reason", *EVIDENCE) if answers.age_s.shape[0] else ("values", "reason")
    for name in names:
        array = getattr(answers, name).T
        if order is not None:
            back = np.empty(array.shape, array.dtype)
            back[order] = array
            array = back
        setattr(answers, name, array)
    return answers
