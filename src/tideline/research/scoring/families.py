"""Families of truth: the ways of looking at what was done that the readings' names are about.

Each looks at who took and what he opened or closed, never at price or open interest. In all of
them one thing dominates another from 1.5 times as much on, as for the true state.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tideline.market.truth import AHEAD, LEAST
from tideline.research.scoring.flows import Flows
from tideline.research.scoring.observed import KINDS, NOTHING, Floats, Ints

MANY = 3
"""Venues from which on a flow is the market's, as for R5."""


@dataclass(frozen=True, slots=True)
class Family:
    """At most four classes: their names, and which of them was true at each moment.

    ``kinds`` gives the place in ``classes`` at each moment, −1 none of them.
    """

    key: str
    classes: tuple[str, ...]
    says: str
    kinds: Callable[[Flows], Ints]


def dominant(taken: Floats) -> Ints:
    """[N] the class with at least 40 % and 1.5 times the next; −1 mixed, or nothing was taken."""
    order = np.sort(taken, axis=1)
    first, second, total = order[:, -1], order[:, -2], taken.sum(axis=1)
    clear = (first > 0) & (first >= LEAST * total) & (first >= AHEAD * second)
    found: Ints = np.where(clear, np.argmax(taken, axis=1), NOTHING)
    return found


def _opened_closed(taken: Floats) -> tuple[Floats, Floats]:
    opens = np.array([name in ("new_longs", "new_shorts") for name in KINDS])
    return taken[..., opens].sum(axis=-1), taken[..., ~opens].sum(axis=-1)


def _sides(flows: Flows) -> Ints:
    opened, closed = _opened_closed(flows.taken)
    found = np.where(opened >= AHEAD * closed, 0, np.where(closed >= AHEAD * opened, 1, 2))
    return np.where(opened + closed > 0, found, NOTHING)


def _crowd(flows: Flows) -> Ints:
    longs, shorts = (flows.taken[:, KINDS.index(name)] for name in ("new_longs", "new_shorts"))
    opened, closed = _opened_closed(flows.taken)
    even = np.maximum(longs, shorts) < AHEAD * np.minimum(longs, shorts)
    one = dominant(flows.taken)
    found = np.where((opened >= AHEAD * closed) & even, 2, NOTHING)
    found[one == KINDS.index("new_longs")] = 0
    found[one == KINDS.index("new_shorts")] = 1
    return found


def _breadth(flows: Flows) -> Ints:
    opened, closed = _opened_closed(flows.venues)
    some = opened + closed > 0
    up = (some & (opened >= AHEAD * closed)).sum(axis=0)
    down = (some & (closed >= AHEAD * opened)).sum(axis=0)
    mine, few = np.maximum(up, down), np.where(up > down, 2, 3)
    found = np.where(mine >= MANY, few - 2, few)
    return np.where(up == down, NOTHING, found)


def _lasting(flows: Flows) -> Ints:
    now, before = (np.subtract(*_opened_closed(each)) for each in (flows.taken, flows.before))
    found = np.where(now * before > 0, np.where(now > 0, 0, 1), 2)
    return np.where((now * before == 0) | np.isnan(now + before), NOTHING, found)


FLOWS = Family(
    "flows", KINDS,
    "what directional takers did most of: at least 40 % of it and 1.5 times the next",
    lambda flows: dominant(flows.taken),
)  # fmt: skip
SIDES = Family(
    "sides", ("opened", "closed", "even"),
    "whether takers opened 1.5 times what they closed, the other way round, or neither",
    _sides,
)  # fmt: skip
CROWD = Family(
    "crowd", ("longs_open", "shorts_open", "both_open"),
    "whether opening dominates, and if so whether one side does or both do",
    _crowd,
)  # fmt: skip
BREADTH = Family(
    "breadth", ("many_open", "many_close", "few_open", "few_close"),
    "on how many venues takers opened 1.5 times what they closed, or the reverse: "
    "three or more are many",
    _breadth,
)  # fmt: skip
LASTING = Family(
    "lasting", ("opening_on", "closing_on", "turned"),
    "whether takers opened more than they closed (or less) in this window and in the one before",
    _lasting,
)  # fmt: skip
