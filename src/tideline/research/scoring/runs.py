"""Episodes on an even grid, from arrays: R1's own rules, and those of every other detector.

:func:`band_runs` gives what :func:`tideline.readings.episodes.episodes` gives for the same moves
and bands; it is arrays in and arrays out because every strictness of a sweep asks it again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from tideline.market.truth import CLASSES
from tideline.readings.price_oi import BY_NAME
from tideline.research.scoring.observed import KINDS, NOTHING, Floats, Ints


class Spans(NamedTuple):
    """Episodes of one asset in order, as places on the grid.

    ``kind`` [E] of KINDS; ``first`` [E] place of the moment it was entered; ``last`` [E] of the
    moment it was left, one beyond its last moment; ``strength`` [E] its peak.
    """

    kind: Ints
    first: Ints
    last: Ints
    strength: Floats

    @property
    def size(self) -> int:
        """How many."""
        return int(self.kind.size)


def no_spans() -> Spans:
    """None at all."""
    none = np.empty(0, np.int64)
    return Spans(none, none, none, np.empty(0))


def kept(spans: Spans, keep: Ints) -> Spans:
    """Those where ``keep`` is true."""
    return Spans(*(column[keep] for column in spans))


def label_runs(kinds: Ints, strength: Floats | None = None) -> Spans:
    """Maximal runs of the same kind; −1 ends one and is none. ``strength`` [N]: 1 unless given."""
    if not kinds.size:
        return no_spans()
    edge = np.flatnonzero(np.diff(kinds)) + 1
    first = np.concatenate([[0], edge])
    last = np.concatenate([edge, [kinds.size]])
    peak = np.ones(first.size) if strength is None else np.maximum.reduceat(strength, first)
    spans = Spans(kinds[first].astype(np.int64), first, last, peak)
    return kept(spans, spans.kind != NOTHING)


@dataclass(frozen=True)
class Banded:
    """Moves and the bands they have to leave, all [N]; NaN moves cannot be told."""

    move: Floats
    rate: Floats
    price_in: Floats
    oi_in: Floats
    price_out: Floats
    oi_out: Floats


_CODE = {name: 3 * (BY_NAME[name].price + 1) + BY_NAME[name].oi + 1 for name in CLASSES}
_KIND = np.full(9, NOTHING, np.int64)
for _place, _name in enumerate(KINDS):
    _KIND[_CODE[_name]] = _place
_BALANCED = 4
_CORNER = np.isin(np.arange(9), list(_CODE.values()))


def band_runs(given: Banded, dwell: int, edges: bool) -> Spans:
    """The episodes of the four directional states.

    Args:
        dwell: moments for which an episode is not left, whatever the moves do.
        edges: follow the states with one flat side too, as R1 does: an episode of theirs that is
            running holds back what comes next until its own dwell is over.
    """
    code, strength = _states(given)
    told = ~np.isnan(given.move + given.rate)
    code[~told] = _BALANCED
    if not edges:
        code[~_CORNER[code]] = _BALANCED
    begins = np.flatnonzero(code != _BALANCED)
    untold = np.flatnonzero(~told)
    fails: dict[int, Ints] = {}
    found: list[tuple[int, int, int, float]] = []
    at = _next(begins, 0, code.size)
    while at < code.size:
        state = int(code[at])
        if state not in fails:
            fails[state] = np.flatnonzero(~_holds(given, state) & told)
        left = _next(fails[state], at + dwell, code.size)
        left = min(left, _next(untold, at, code.size))
        same = code[at:left] == state
        found.append((state, at, left, float(strength[at:left][same].max())))
        at = _next(begins, left, code.size)
    if not found:
        return no_spans()
    state_of, first, last, peak = (np.array(column) for column in zip(*found, strict=True))
    spans = Spans(_KIND[state_of], first, last, peak)
    return kept(spans, spans.kind != NOTHING)


def _next(places: Ints, at: int, end: int) -> int:
    """The first of ``places`` (ascending) at or after ``at``; ``end`` if there is none."""
    k = int(np.searchsorted(places, at))
    return int(places[k]) if k < places.size else end


def _states(given: Banded) -> tuple[Ints, Floats]:
    """The cell of R1's table at each moment as a code of 0 … 8, and its strength."""
    price = (given.move > given.price_in).astype(np.int64) - (given.move < -given.price_in)
    oi = (given.rate > given.oi_in).astype(np.int64) - (given.rate < -given.oi_in)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = np.abs(given.move) / given.price_in, np.abs(given.rate) / given.oi_in
    corner = (price != 0) & (oi != 0)
    strength = np.where(corner, np.minimum(*ratios), np.maximum(*ratios))
    return 3 * (price + 1) + oi + 1, strength


def _holds(given: Banded, state: int) -> Ints:
    """Where both sides of ``state`` still hold."""
    price, oi = state // 3 - 1, state % 3 - 1
    return _side(price, given.move, given.price_in, given.price_out) & _side(
        oi, given.rate, given.oi_in, given.oi_out
    )


def _side(side: int, move: Floats, enter: Floats, leave: Floats) -> Ints:
    held: Ints = np.abs(move) <= enter if side == 0 else side * move > leave
    return held
