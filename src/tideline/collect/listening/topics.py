"""The subscriptions of one connection: asked for, confirmed, refused, and when each last spoke."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from tideline.venues.declaration import Stream, Topic
from tideline.venues.parsed import Control, Observation

ACK_S = 5.0
"""A subscription that is not confirmed within this time is asked for again, once."""
AGAIN_S = 300.0
"""One that was asked for twice in vain is reported, and asked for at this distance."""
MUTE_S = 15.0
MOST_PATIENCE = 240.0
"""Patience with a silent topic doubles up to this many times its limit."""


def mute_limit_s(usual_s: float) -> float:
    """How long silence may last where something should be said every ``usual_s``."""
    return max(MUTE_S, 3.0 * usual_s)


class Stale(NamedTuple):
    """Topics to ask for again, topics that even that did not help, and every silent leg."""

    again: tuple[str, ...]
    give_up: tuple[str, ...]
    silent: tuple[str, ...]


class _State:
    """One topic: new, asked, unacked (asked twice in vain), acked or refused."""

    __slots__ = ("asked_at", "helped_at", "status", "tries")

    def __init__(self, now: float) -> None:
        self.status = "new"
        self.tries = 0
        self.asked_at = now
        self.helped_at = 0.0


class Topics:
    """``patience`` maps a topic to the factor of its limits; it outlives the connection."""

    def __init__(
        self, stream: Stream, topics: Sequence[Topic], now: float, patience: dict[str, float]
    ) -> None:
        self._stream, self._now, self._patience = stream, now, patience
        self._topics = {topic.name: topic for topic in topics}
        self._states = {topic.name: _State(now) for topic in topics}
        self._messages: dict[str, tuple[str, ...]] = {}
        self._seen: dict[tuple[str, str], float] = {}
        self._next_id = 1
        self.asked = asyncio.Event()

    def names(self) -> tuple[str, ...]:
        """Every topic, in order."""
        return tuple(self._topics)

    def replace(self, topics: Sequence[Topic]) -> None:
        """The same names with other instruments (a new listing under a topic for all)."""
        self._topics = {topic.name: topic for topic in topics}

    def legs(self) -> list[tuple[float, tuple[str, ...], tuple[str, ...]]]:
        """(usual silence, fields, instruments) of what is expected, alike topics together."""
        found: dict[tuple[float, tuple[str, ...]], list[str]] = {}
        for topic in self._topics.values():
            found.setdefault((topic.usual_s, topic.fields), []).extend(topic.instruments)
        return [
            (usual_s, fields, tuple(dict.fromkeys(names)))
            for (usual_s, fields), names in found.items()
        ]

    # asking and confirming

    def ask(self, names: Sequence[str], now: float) -> list[str]:
        """The messages that ask for these topics. Empty: the address did it, nothing to confirm."""
        if not names:
            return []
        messages = self._stream.subscribe(names, self._next_id)
        self._next_id += len(messages)
        for number, topics, _ in messages:
            self._messages[number] = topics
            # They go out one after the other: each is waited for from when it is said.
            now += 1.0 / self._stream.speaks
            for name in topics:
                state = self._states.get(name)
                if state is not None and state.status != "acked":
                    state.status, state.asked_at = "asked", now
                    state.tries += 1
        if not messages:
            for name in names:
                self._states[name].status = "acked"
        else:
            self.asked.set()
        return [text for _, _, text in messages]

    def acked(self, control: Control) -> None:
        """The venue confirms topics by name, or all of a message."""
        for name in control.topics or self._messages.get(control.id, ()):
            state = self._states.get(name)
            if state is not None and state.status != "refused":
                state.status = "acked"

    def refuse(self, control: Control, now: float) -> list[str]:
        """The venue refuses: several at once are asked for one by one, for one may be to blame."""
        names = control.topics or self._messages.get(control.id, ())
        asked = ("asked", "unacked")
        open_ones = [n for n in names if n in self._states and self._states[n].status in asked]
        if len(names) > 1:
            return [text for name in open_ones for text in self.ask([name], now)]
        for name in open_ones:
            self._states[name].status = "refused"
        return []

    def waiting(self) -> bool:
        """Is there a topic whose confirmation is still expected?"""
        return any(state.status in ("new", "asked") for state in self._states.values())

    def ack_due(self) -> float | None:
        """When the next confirmation is overdue; None: none is waited for."""
        self.asked.clear()
        due = [
            self._due(state)
            for state in self._states.values()
            if state.status in ("asked", "unacked")
        ]
        return min(due) if due else None

    def _due(self, state: _State) -> float:
        return state.asked_at + (ACK_S if state.status == "asked" else AGAIN_S)

    def ask_again(self, now: float) -> list[str]:
        """Messages for what is overdue; what spoke meanwhile counts as confirmed."""
        overdue = []
        for name, state in self._states.items():
            if state.status not in ("asked", "unacked") or self._due(state) > now:
                continue
            if self._last(name) > state.asked_at:
                state.status = "acked"
            elif state.status == "asked" and state.tries >= 2:
                state.status, state.asked_at = "unacked", now
            else:
                overdue.append(name)
        return self.ask(overdue, now)

    def unacked(self) -> tuple[str, ...]:
        """Asked for twice, and nothing came of it."""
        return tuple(name for name, s in self._states.items() if s.status == "unacked")

    def refused(self) -> tuple[str, ...]:
        """What the venue does not give."""
        return tuple(name for name, s in self._states.items() if s.status == "refused")

    # speaking and silence

    def saw(self, observations: Iterable[Observation], now: float) -> None:
        """Data came."""
        seen = self._seen
        for observation in observations:
            seen[observation[0], observation[1]] = now

    def _last(self, name: str) -> float:
        """When the topic last spoke of any of its instruments; when it was made, if never."""
        topic = self._topics[name]
        times = [self._leg_last(topic, symbol) for symbol in topic.instruments]
        return max(times, default=self._now)

    def _leg_last(self, topic: Topic, symbol: str) -> float:
        seen = self._seen
        return max([seen.get((symbol, field), self._now) for field in topic.fields] or [self._now])

    def _limit(self, topic: Topic) -> float:
        patience = self._patience.get(topic.name, 1.0)
        return mute_limit_s(topic.usual_s) * patience

    def stale_due(self) -> float:
        """When the next topic may be judged silent; infinite where none is to speak regularly."""
        due = float("inf")
        for name, topic in self._topics.items():
            if topic.usual_s > 0 and self._states[name].status != "refused":
                last = max(self._middle(topic), self._states[name].helped_at)
                due = min(due, last + self._limit(topic))
        return due

    def _middle(self, topic: Topic) -> float:
        """When the middle one of its instruments last spoke: half of them are older."""
        times = sorted(self._leg_last(topic, symbol) for symbol in topic.instruments)
        return times[len(times) // 2] if times else float("inf")

    def stale(self, now: float) -> Stale:
        """Judge every topic that should speak regularly.

        A topic for many instruments is silent when half of them are; the others are named only.
        """
        again: list[str] = []
        give_up: list[str] = []
        silent: list[str] = []
        for name, topic in self._topics.items():
            state = self._states[name]
            if topic.usual_s <= 0 or state.status == "refused":
                continue
            base = mute_limit_s(topic.usual_s)
            silent += [
                f"{name} {symbol}"
                for symbol in topic.instruments
                if now - self._leg_last(topic, symbol) >= base
            ]
            if now - self._middle(topic) < base:
                self._patience.pop(name, None)
                state.helped_at = 0.0
                continue
            if now - max(self._middle(topic), state.helped_at) < self._limit(topic):
                continue
            (again if state.helped_at == 0.0 else give_up).append(name)
            if state.helped_at > 0.0:
                self._patience[name] = min(self._patience.get(name, 1.0) * 2.0, MOST_PATIENCE)
            state.helped_at = now
        return Stale(tuple(again), tuple(give_up), tuple(silent))
