"""Faults drawn from a seed: scenes one after another, and for each the truth of who is blind.

A scene is one fault of the list in reliability C35 .. C54 (or an outage of everything), followed
by a quiet stretch in which the venue is well. ``blinds`` says which feeds bring nothing usable of
whom from when to when; against it the gaps that a collector records are judged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from tideline.domain.time import MINUTE, SECOND
from tideline.market.venues.faults.fault import Step
from tideline.market.venues.faults.values import SUSPECT, VALUES
from tideline.venues.declaration import Venue


class Blind(NamedTuple):
    """These feeds bring nothing usable of these symbols (empty: of all) in [start, end).

    ``end`` None: until the client has noticed and come back by itself.
    """

    feeds: tuple[str, ...]
    symbols: tuple[str, ...]
    start: int
    end: int | None


@dataclass(frozen=True, slots=True)
class Scene:
    """One fault: its steps, and who is blind. From ``end`` on the venue is well again."""

    kind: str
    venue: str
    start: int
    end: int
    steps: tuple[Step, ...]
    blinds: tuple[Blind, ...]


class Stage(NamedTuple):
    """Where a scene plays: the venue, whom it may strike, when, and chance."""

    venue: Venue
    symbols: tuple[str, ...]
    start: int
    end: int
    rng: np.random.Generator

    def hosts(self, *, lines: bool) -> tuple[str, ...]:
        """The names of its hosts for connections, or for requests."""
        prefix = "ws" if lines else "http"
        return tuple(host.name for host in self.venue.hosts if host.url.startswith(prefix))

    def streams(self) -> tuple[str, ...]:
        return tuple(stream.name for stream in self.venue.streams)

    def polls(self) -> tuple[str, ...]:
        return tuple(poll.name for poll in self.venue.polls)

    def histories(self) -> tuple[str, ...]:
        return tuple(history.name for history in self.venue.histories)

    def some(self) -> tuple[str, ...]:
        """One to three of the symbols."""
        count = min(len(self.symbols), 1 + int(self.rng.integers(3)))
        found = self.rng.choice(len(self.symbols), count, replace=False)
        return tuple(self.symbols[place] for place in sorted(found))

    def step(self, kind: str, **more: object) -> Step:
        return replace(Step(kind, self.start, self.end), **more)  # type: ignore[arg-type]

    def blind(self, feeds: Sequence[str], symbols: tuple[str, ...] = ()) -> Blind:
        return Blind(tuple(feeds), symbols, self.start, self.end)


Made = tuple[tuple[Step, ...], tuple[Blind, ...]]


def _outage(kind: str) -> Callable[[Stage], Made]:
    """Everything, connections and requests."""

    def made(stage: Stage) -> Made:
        feeds = (*stage.streams(), *stage.polls(), *stage.histories())
        steps = [stage.step(kind)]
        if kind == "refuse":  # the lines that stand go with it
            steps.append(replace(stage.step("drop"), amount=0.0))
        return tuple(steps), (stage.blind(feeds),)

    return made


def _mute(stage: Stage) -> Made:
    """Only what is pushed."""
    step = stage.step("mute", hosts=stage.hosts(lines=True))
    return (step,), (stage.blind(stage.streams()),)


def _half_open(stage: Stage) -> Made:
    step = stage.step("half_open", hosts=stage.hosts(lines=True))
    return (step,), (Blind(stage.streams(), (), stage.start, None),)


def _dropped(stage: Stage) -> Made:
    step = stage.step("drop", hosts=stage.hosts(lines=True))
    return (step,), (Blind(stage.streams(), (), stage.start, None),)


def _storm(stage: Stage) -> Made:
    """Lines are cut every few seconds; what each says first is heard all the same."""
    step = stage.step("drop", hosts=stage.hosts(lines=True), amount=3.0)
    return (step,), (Blind(stage.streams(), (), stage.start, None),)


def _unacked(stage: Stage) -> Made:
    """Lines are cut, and what asks for topics on the new ones is lost on the way."""
    hosts = stage.hosts(lines=True)
    steps = (stage.step("drop", hosts=hosts), stage.step("unacked", hosts=hosts))
    return steps, (Blind(stage.streams(), (), stage.start, None),)


def _mute_symbol(stage: Stage) -> Made:
    """At its end the lines are cut: changes that were not said must not be missing for ever."""
    some, hosts = stage.some(), stage.hosts(lines=True)
    step = stage.step("mute_symbol", hosts=hosts, symbols=some)
    cut = Step("drop", stage.end - SECOND // 1000, stage.end, hosts)
    return (step, cut), (stage.blind(stage.streams(), some),)


def _of_requests(kind: str, amount: float = 0.0) -> Callable[[Stage], Made]:
    """Only what is asked for."""

    def made(stage: Stage) -> Made:
        step = stage.step(kind, hosts=stage.hosts(lines=False), amount=amount)
        return (step,), (stage.blind((*stage.polls(), *stage.histories())),)

    return made


def _refused_for(kind: str) -> Callable[[Stage], Made]:
    """From the first request on, for the length of the scene; it may begin a little later."""

    def made(stage: Stage) -> Made:
        seconds = max(10.0, (stage.end - stage.start) // SECOND * 0.8)
        hosts = stage.hosts(lines=False)
        until = stage.start + (stage.end - stage.start) // 8
        step = Step(kind, stage.start, until, hosts, amount=float(int(seconds)))
        feeds = (*stage.polls(), *stage.histories())
        return (step,), (Blind(feeds, (), stage.start, None),)

    return made


def _forbidden(stage: Stage) -> Made:
    """A firewall's answer: for how long clients stay away after it is their own rule."""
    step = stage.step("status", hosts=stage.hosts(lines=False), amount=403.0)
    feeds = (*stage.polls(), *stage.histories())
    return (step,), (Blind(feeds, (), stage.start, None),)


def _value(kind: str) -> Callable[[Stage], Made]:
    """Open interest of some symbols, everywhere where it is said."""

    def made(stage: Stage) -> Made:
        some = stage.some()
        feeds = (*stage.streams(), *stage.polls())
        blinds = () if is_suspect(kind) else (stage.blind(feeds, some),)
        return (stage.step(kind, symbols=some),), blinds

    return made


def _harmless(kind: str, amount: float = 0.0, *, lines: bool) -> Callable[[Stage], Made]:
    """Nothing is missed if it is handled."""

    def made(stage: Stage) -> Made:
        return (stage.step(kind, hosts=stage.hosts(lines=lines), amount=amount),), ()

    return made


SCENES: dict[str, Callable[[Stage], Made]] = {
    "blackhole": _outage("blackhole"),
    "refuse": _outage("refuse"),
    "half_open": _half_open,
    "mute": _mute,
    "mute_symbol": _mute_symbol,
    "unacked": _unacked,
    "notice": _harmless("notice", lines=True),
    "drop": _dropped,
    "storm": _storm,
    "ban": _refused_for("ban"),
    "slow_down": _refused_for("slow_down"),
    "forbidden": _forbidden,
    "unavailable": _of_requests("status", 503),
    "unanswered": _of_requests("unanswered"),
    "page": _of_requests("page"),
    "empty": _of_requests("empty"),
    "truncated": _of_requests("truncated"),
    "bad_gzip": _of_requests("bad_gzip"),
    "bomb": _of_requests("bomb"),
    "cut_off": _of_requests("cut_off"),
    "redirect": _of_requests("redirect"),
    "repeat": _harmless("repeat", 20.0, lines=True),
    "poison": _harmless("poison", lines=True),
    **{kind: _value(kind) for kind in VALUES},
}
"""How each scene is made. Changes of instruments and of history are ``market.changes``."""

LINES_ONLY = frozenset(
    ("half_open", "mute", "mute_symbol", "unacked", "notice", "drop", "storm", "repeat", "poison")
)
"""Scenes of venues that push."""


def kinds_for(venue: Venue) -> tuple[str, ...]:
    """The scenes that a venue can play."""
    return tuple(kind for kind in SCENES if venue.streams or kind not in LINES_ONLY)


def schedule(
    venue: Venue,
    symbols: Sequence[str],
    span: tuple[int, int],
    length: tuple[float, float],
    rng: np.random.Generator,
    kinds: Sequence[str] | None = None,
) -> tuple[Scene, ...]:
    """Scenes within ``span``, each ``length`` (least, most) seconds long and as much quiet after.

    Every kind comes before any comes again, in an order drawn anew each time.
    """
    found: list[Scene] = []
    least, most = length
    order = _orders(tuple(kinds or kinds_for(venue)), rng)
    start = span[0] + _seconds(rng, least, most)
    while True:
        # whole milliseconds: what venues can say
        end = start + _seconds(rng, least, most)
        if end + round(most * SECOND) > span[1]:
            return tuple(found)
        stage = Stage(venue, tuple(symbols), start, end, rng)
        kind = next(order)
        steps, blinds = SCENES[kind](stage)
        found.append(Scene(kind, venue.name, start, end, steps, blinds))
        start = end + max(MINUTE, _seconds(rng, least, most))


def _orders(kinds: Sequence[str], rng: np.random.Generator) -> Iterator[str]:
    while True:
        for place in rng.permutation(len(kinds)):
            yield kinds[place]


def _seconds(rng: np.random.Generator, least: float, most: float) -> int:
    return int(rng.uniform(least, most) * 1000) * 1000


def is_suspect(kind: str) -> bool:
    """Are the values of that scene numbers, which are kept and flagged (C44)?"""
    return kind in SUSPECT
