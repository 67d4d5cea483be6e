"""From cases to odds: counted on some weeks, checked on the others.

Every third week (from Monday, UTC) is held out. What touches both kinds of week, by the window
before a moment or the horizon after it, is left out, so that no outcome is known to both.

    p = (went on + m · base rate) / (n + m)        m = 10: few cases stay near what is usual
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tideline.domain.time import DAY
from tideline.features.window import WINDOWS
from tideline.research.odds.cases import HORIZON, Case, Counted, Moments

WEEK = 7 * DAY
MONDAY = 4 * DAY
"""The first Monday of the epoch, 1970-01-05, µs."""
EVERY, HELD = 3, 2
"""Of every three weeks, the third is held out."""
PRIOR = 10.0
MIN_CASES, MIN_WEEKS = 30, 8


@dataclass(frozen=True, slots=True)
class Line:
    """One state of one rule on one window: fitted, and what the held-out weeks had."""

    rule: str
    name: str
    window: str
    horizon: str
    n: int
    weeks: int
    followed: int
    base_rate: float
    held_n: int
    held_followed: int

    @property
    def p(self) -> float:
        """The odds, drawn towards the base rate by :data:`PRIOR` cases."""
        return (self.followed + PRIOR * self.base_rate) / (self.n + PRIOR)

    @property
    def enough(self) -> bool:
        """Enough to be told?"""
        return self.n >= MIN_CASES and self.weeks >= MIN_WEEKS


@dataclass(frozen=True, slots=True)
class Check:
    """A held-out case: the week, what was expected, what is usual, what happened."""

    week: int
    p: float
    base_rate: float
    followed: bool


def week_of(at: int) -> int:
    """The number of the week."""
    return (at - MONDAY) // WEEK


def kind_of(at: NDArray[np.int64], window: str) -> NDArray[np.int8]:
    """0: of a week that is fitted on, 1: of one held out, −1: it touches both."""
    first = (at - WINDOWS[window] - MONDAY) // WEEK % EVERY == HELD
    last = (at + WINDOWS[HORIZON[window]] - MONDAY) // WEEK % EVERY == HELD
    return np.where(first == last, first, -1).astype(np.int8)


def usual(moments: Moments, price: int, oi: int) -> float:
    """The base rate of those sides in the weeks that are fitted on; NaN without a moment."""
    alike, on = moments.followed(price, oi)
    fit = kind_of(moments.at, moments.window) == 0
    count = int((alike & fit).sum())
    return float((on & fit).sum() / count) if count else float("nan")


def fitted(stretches: Iterable[Counted]) -> tuple[list[Line], list[Check]]:
    """Odds of every state that was entered, and every held-out case of those with enough."""
    tracks: dict[tuple[str, str, str], list[tuple[Case, int, float]]] = {}
    for counted in stretches:
        rates: dict[tuple[str, int, int], float] = {}
        for case in counted.cases:
            key = (case.window, case.price, case.oi)
            if key not in rates:
                rates[key] = usual(counted.moments[case.window], case.price, case.oi)
            kind = int(kind_of(np.array([case.at]), case.window)[0])
            if kind >= 0 and not np.isnan(rates[key]):
                track = (case.rule, case.name, case.window)
                tracks.setdefault(track, []).append((case, kind, rates[key]))
    lines, checks = [], []
    for track, cases in sorted(tracks.items()):
        line = _line(track, cases)
        lines.append(line)
        if line.enough:
            checks += [
                Check(week_of(case.at), line.p, rate, case.followed)
                for case, kind, rate in cases
                if kind
            ]
    return lines, checks


def _line(track: tuple[str, str, str], cases: Sequence[tuple[Case, int, float]]) -> Line:
    fit = [(case, rate) for case, kind, rate in cases if not kind]
    held = [case for case, kind, _ in cases if kind]
    return Line(
        *track,
        HORIZON[track[2]],
        len(fit),
        len({week_of(case.at) for case, _ in fit}),
        sum(case.followed for case, _ in fit),
        sum(rate for _, rate in fit) / len(fit) if fit else 0.0,
        len(held),
        sum(case.followed for case in held),
    )
