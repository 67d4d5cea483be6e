"""Episodes for the tests, written as (class, first, last) with ``last`` one beyond the end."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from hypothesis import strategies as st

from tideline.domain.time import DAY, MINUTE
from tideline.research.scoring.observed import KINDS, Observed, Scored
from tideline.research.scoring.runs import Spans

STEP = 5 * MINUTE
SIZE = DAY // STEP


def spans(*given: tuple[str, int, int]) -> Spans:
    kinds = [KINDS.index(name) for name, _, _ in given]
    first, last = [each[1] for each in given], [each[2] for each in given]
    columns = (np.array(each, np.int64) for each in (kinds, first, last))
    return Spans(*columns, np.ones(len(given)))


def blank(days: int = 1) -> Observed:
    """Moments at which nothing is seen."""
    none = np.full(days * SIZE, np.nan)
    return Observed(0, STEP, *(none,) * 6, np.zeros(days * SIZE, bool), none, none, none)


def scored(seed: int, truth: np.ndarray) -> Scored:
    return Scored(f"world {seed}", seed, "BTC", blank(truth.size // SIZE), truth)


@st.composite
def some_spans(draw: st.DrawFn, size: int = 60) -> Spans:
    """Episodes that do not overlap, in order."""
    cuts = sorted(draw(st.sets(st.integers(0, size), max_size=16)))
    pieces = list(itertools.pairwise(cuts))
    kept: Sequence[tuple[int, int]] = [piece for piece in pieces if draw(st.booleans())]
    return spans(*((draw(st.sampled_from(KINDS)), first, last) for first, last in kept))
