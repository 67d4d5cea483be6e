"""Cases of a store: every state entered on a grid, and whether price and open interest went on.

case     a state is entered at T (and no other case of its track within the horizon before)
sides    where price and open interest went over the window up to T; a side that the state calls
         flat does not count
went on  each side that counts has, over (T, T + h], the same sign again
usual    the same question at every moment of the grid: the base rate is that of moments with
         the same sides, of the same asset and stretch, whatever their size
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from tideline.features.groups import Group
from tideline.features.legs import LegSet
from tideline.features.window import WINDOWS
from tideline.log import Log
from tideline.readings.catalogue import RULES
from tideline.readings.price_oi import BY_NAME
from tideline.readings.rule import Rule
from tideline.readings.transitions import States, Transition, advance
from tideline.research.outcomes import KNOWN_AFTER, OI, RET, went
from tideline.store.filling import Filler
from tideline.store.rows import AssetRows
from tideline.store.scanning import AssetScan

HORIZON: dict[str, str] = {
    "15m": "1h", "30m": "1h", "45m": "1h", "1h": "1h",
    "2h": "4h", "4h": "4h", "12h": "24h", "24h": "24h",
}  # fmt: skip
"""How far after a state of each window is looked."""
STATES_OF: tuple[Rule, ...] = tuple(rule for rule in RULES if rule.reading != "R7")
"""The rules whose states are counted: caveats are no states of a flow."""

Signs = NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Stretch:
    """One asset from ``start`` to ``end`` (µs), judged every ``step_us`` on ``windows``."""

    asset: str
    start: int
    end: int
    step_us: int
    windows: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """A state entered at ``at``: ``price`` and ``oi`` are the sides that count (0: does not)."""

    rule: str
    name: str
    window: str
    at: int
    price: int
    oi: int
    followed: bool


@dataclass(frozen=True)
class Moments:
    """Every moment of a stretch on one window: signs of the move before and of the one after.

    ``told`` where all four could be told.
    """

    window: str
    at: NDArray[np.int64]
    price: Signs
    oi: Signs
    next_price: Signs
    next_oi: Signs
    told: NDArray[np.bool_]

    def followed(self, price: int, oi: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Where those sides are what went before (0: any), and where they went on."""
        alike, on = self.told.copy(), self.told.copy()
        for side, before, after in (
            (price, self.price, self.next_price),
            (oi, self.oi, self.next_oi),
        ):
            if side:
                alike &= before == side
                on &= after == side
        return alike, alike & on


@dataclass(frozen=True)
class Counted:
    """What one stretch gave."""

    stretch: Stretch
    cases: tuple[Case, ...]
    moments: dict[str, Moments]


def cases_of(log: Log, stretch: Stretch) -> Counted:
    """Judge a stretch as known at each moment, and look what followed.

    Raises:
        UnknownName: no such asset. FutureAsOf: the stretch and what follows end above the head.
    """
    windows = tuple(
        dict.fromkeys(
            [*stretch.windows, *(w for rule in STATES_OF for w in rule.windows if w in HORIZON)]
        )
    )
    grid = np.arange(stretch.start, stretch.end + 1, stretch.step_us, dtype=np.int64)
    before = {w: np.full((2, grid.size), np.nan) for w in windows}
    spoke: dict[str, list[frozenset[Group]]] = {w: [] for w in windows}
    entered = list(_judged(log, stretch, grid, before, spoke))
    rows = AssetRows(log, stretch.asset, [f"{RET}@24h", f"{OI}@24h:delta"])
    last = int(grid[-1]) + max(WINDOWS[h] for h in HORIZON.values()) + KNOWN_AFTER
    legs = rows.legs(stretch.start, last)
    moments = {}
    for window in windows:
        after = _after(legs, rows, grid, spoke[window], HORIZON[window])
        signs = [_sign(each) for each in (*before[window], *after)]
        told = np.isfinite(before[window]).all(axis=0) & np.isfinite(after).all(axis=0)
        moments[window] = Moments(window, grid, signs[0], signs[1], signs[2], signs[3], told)
    return Counted(stretch, tuple(_cases(entered, moments)), moments)


def _judged(
    log: Log,
    stretch: Stretch,
    grid: NDArray[np.int64],
    before: dict[str, NDArray[np.float64]],
    spoke: dict[str, list[frozenset[Group]]],
) -> Iterator[Transition]:
    """The states entered; fills in the moves before each moment and the groups that spoke."""
    scan = AssetScan(log, stretch.asset, stretch.windows, STATES_OF)
    states: States = {}
    place = 0
    for filler, moments in scan.fillers(grid):
        for at in moments.tolist():
            _moves(filler, at, place, before, spoke)
            found = advance(
                stretch.asset, states, partial(filler.given, at), stretch.windows, STATES_OF
            )
            yield from (one for one in found if one.change == "entered" and place)
            place += 1


def _moves(
    filler: Filler,
    at: int,
    place: int,
    before: dict[str, NDArray[np.float64]],
    spoke: dict[str, list[frozenset[Group]]],
) -> None:
    for window, moves in before.items():
        given = filler.given(at, window)
        used = frozenset(given.chosen.used) if given.chosen.enough else frozenset()
        spoke[window].append(used)
        if used:
            moves[0, place] = given.source.number(f"{RET}@{window}")
            moves[1, place] = given.source.number(f"{OI}@{window}:rate")


def _after(
    legs: LegSet,
    rows: AssetRows,
    grid: NDArray[np.int64],
    spoke: Sequence[frozenset[Group]],
    horizon: str,
) -> NDArray[np.float64]:
    """What followed each moment, on the groups that spoke at it; [price, OI] by moment."""
    found = np.full((2, grid.size), np.nan)
    number = {used: k for k, used in enumerate(dict.fromkeys(spoke))}
    which = np.array([number[used] for used in spoke])
    for used, k in number.items():
        if used:
            mine = {key: n for key, n in legs.index.items() if (key[0], key[1]) in used}
            at = which == k
            found[:, at] = went(LegSet(mine, legs.arrays), rows.instruments, grid[at], horizon)
    return found


def _cases(entered: Sequence[Transition], moments: dict[str, Moments]) -> Iterator[Case]:
    """Of the states entered those whose sides and outcome could be told, none within the horizon
    of the one before."""
    last: dict[tuple[str, str, str], int] = {}
    for one in entered:
        there = moments[one.window]
        k = int(np.searchsorted(there.at, one.as_of))
        price, oi = int(there.price[k]), int(there.oi[k])
        state = BY_NAME.get(one.name) if one.rule == "R1.state" else None
        if state is not None:
            price, oi = state.price, state.oi
        told = there.told[k] and (price or oi) and (state is not None or (price and oi))
        track = (one.rule, one.name, one.window)
        if not told or one.as_of - last.get(track, -(1 << 62)) < WINDOWS[HORIZON[one.window]]:
            continue
        last[track] = one.as_of
        _, on = there.followed(price, oi)
        yield Case(*track, one.as_of, price, oi, bool(on[k]))


def _sign(values: NDArray[np.float64]) -> Signs:
    return np.sign(np.nan_to_num(values)).astype(np.int8)
