"""Scenarios: what is done to a market, by name. Illustrations; a name is never the truth.

The truth of every minute is what traders then did (``market.truth``). ``mixed`` strings events of
all kinds together, at drawn times, in drawn sizes and directions, for weeks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from tideline.market.world.pushing import KINDS
from tideline.market.world.records import PUSH


class Push(NamedTuple):
    """From hour ``at`` for ``hours``; kinds are those of ``pushing``. Books by number, −1: all."""

    kind: str
    at: float
    hours: float
    size: float
    book: int = -1
    other: int = -1


Event = Callable[[float, float], list[Push]]
"""An event that begins at an hour, ``way`` times as large as usual; below 0: its mirror."""


def fresh_trend(at: float, way: float) -> list[Push]:
    side = "buyers" if way > 0 else "sellers"
    return [
        Push("drift", at, 6.0, 0.04 * way),
        Push(side, at, 5.0, 0.018 * abs(way)),
        Push("mood", at, 8.0, 0.4 * way),
        Push("appetite", at, 8.0, 0.2),
    ]


def covering(at: float, way: float) -> list[Push]:
    """Shorts built for hours, then bought back (below 0: longs, sold out)."""
    build, close = ("sellers", "coverers") if way > 0 else ("buyers", "exiters")
    return [
        Push(build, at, 5.0, 0.014 * abs(way)),
        Push(close, at + 7.0, 1.5, 0.018 * abs(way)),
        Push("drift", at + 7.0, 1.5, 0.015 * way),
    ]


def squeeze(at: float, way: float) -> list[Push]:
    """Leverage crowds on one side, then price runs into it: above 0 up into shorts."""
    return [
        Push("mood", at, 12.0, -0.9 * way),
        Push("leverage", at, 12.0, 0.9),
        Push("appetite", at, 12.0, 0.25),
        Push("jump", at + 12.0, 0.1, 0.015 * way),
        Push("drift", at + 12.0, 1.5, 0.045 * way),
        Push("depth", at + 12.0, 2.0, -0.8),
    ]


def shorting(at: float, way: float) -> list[Push]:
    """Shorts opened into a fall (below 0: longs into a rise)."""
    side = "sellers" if way > 0 else "buyers"
    return [
        Push(side, at, 2.5, 0.018 * abs(way)),
        Push("mood", at, 4.0, -0.5 * way),
        Push("drift", at, 3.0, -0.015 * way),
    ]


def stored(at: float, way: float) -> list[Push]:
    """Positions stack on both sides while price stands still, then it breaks."""
    return [
        Push("appetite", at, 12.0, 0.5),
        Push("leverage", at, 12.0, 0.6),
        Push("depth", at, 12.0, 0.4),
        Push("jump", at + 12.0, 0.1, 0.03 * way),
        Push("depth", at + 12.0, 2.0, -0.6),
    ]


def crowded(at: float, way: float) -> list[Push]:
    return [
        Push("mood", at, 30.0, 0.7 * way),
        Push("appetite", at, 30.0, 0.15),
        Push("drift", at, 30.0, 0.03 * way),
    ]


def local_inflow(at: float, way: float) -> list[Push]:
    """One venue alone is bought, later sold."""
    first, then = ("buyers", "sellers") if way > 0 else ("sellers", "buyers")
    return [
        Push(first, at, 2.0, 0.012 * abs(way), book=1),
        Push(then, at + 10.0, 3.0, 0.010 * abs(way), book=1),
    ]


def quiet(at: float, way: float) -> list[Push]:
    return [Push("depth", at, 12.0, 0.5), Push("appetite", at, 12.0, -0.3)]


def repricing(at: float, way: float) -> list[Push]:
    """News: price moves before anyone has traded."""
    return [Push("jump", at, 0.1, 0.012 * way), Push("drift", at, 1.0, 0.005 * way)]


EVENTS: tuple[Event, ...] = (
    fresh_trend,
    covering,
    squeeze,
    shorting,
    stored,
    crowded,
    local_inflow,
    quiet,
    repricing,
)
NAMED: dict[str, tuple[Event | None, float]] = {
    "calm": (quiet, 1.0),
    "fresh_trend": (fresh_trend, 1.0),
    "short_covering": (covering, 1.0),
    "short_squeeze": (squeeze, 1.0),
    "long_cascade": (squeeze, -1.3),
    "aggressive_shorting": (shorting, 1.3),
    "stored_leverage_break": (stored, -1.0),
    "crowded_long": (crowded, 1.0),
    "venue_local_inflow": (local_inflow, 1.5),
    "contract_migration": (None, 0.0),
    "new_listing": (None, 0.0),
    "venue_outage": (None, 0.0),
}
MIXED = "mixed"
SCENARIOS = (*NAMED, MIXED)
EVERY_H, MIXED_EVERY_H = 20.0, 60.0
"""Hours between the events of a named scenario; mean hours between those of ``mixed``."""


def pushes(scenario: str, days: float, rng: np.random.Generator, count: int, step_s: float) -> Any:
    """The scenario's pushes as records; ``count`` books, spot the last."""
    found = list(_mixed(days, rng) if scenario == MIXED else _named(scenario, days, rng, count))
    made = np.zeros(len(found), PUSH)
    for k, one in enumerate(found):
        first = int(one.at * 3600.0 / step_s)
        made[k]["first"], made[k]["last"] = first, first + max(1, int(one.hours * 3600.0 / step_s))
        made[k]["kind"], made[k]["size"] = KINDS.index(one.kind), one.size
        made[k]["book"], made[k]["other"] = one.book, one.other
    return made


def _named(scenario: str, days: float, rng: np.random.Generator, count: int) -> Iterator[Push]:
    if scenario == "contract_migration":
        yield Push("move", 6.0, days * 20.0, 0.9, book=count - 2, other=0)
    event, way = NAMED[scenario]
    at = 2.0
    while event is not None and at < days * 24.0:
        yield from event(at, way)
        at += EVERY_H + float(rng.uniform(-3.0, 3.0))


def _mixed(days: float, rng: np.random.Generator) -> Iterator[Push]:
    at = float(rng.exponential(MIXED_EVERY_H / 2.0))
    while at < days * 24.0:
        event = EVENTS[int(rng.integers(len(EVENTS)))]
        way = float(rng.choice([-1.0, 1.0]) * rng.uniform(0.3, 1.3))
        yield from event(at, way)
        at += float(rng.exponential(MIXED_EVERY_H))
