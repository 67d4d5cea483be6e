"""Fewer frames for the same time: declarations and servers that speak every so often only.

Everything that a collector does goes on as ever; what is stretched are cadences, usual silences,
keep-alives and how often a connection pushes. Rows stay true: a push at a moment says what holds
at that moment.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from tideline.domain.instrument import Instrument
from tideline.domain.time import SECOND
from tideline.market.venues.front import LIVES, Life
from tideline.market.venues.server import Session, VenueServer
from tideline.venues.declaration import History, Keepalive, Stream, Topic, Venue
from tideline.venues.wire import Reply, Request


def thinned(
    venue: Venue,
    every_s: float,
    bars_of: Sequence[str] = (),
    histories_of: Sequence[str] | None = None,
    polls_s: float = 0.0,
) -> Venue:
    """The declaration with nothing more often than ``every_s``, and polls not than ``polls_s``.

    Histories are asked for a twenty-fourth as often; those with a row a minute only for the coins
    of ``bars_of``, and all others only for those of ``histories_of`` (None: for all).
    """
    asked_s = max(every_s, polls_s)
    return replace(
        venue,
        polls=tuple(
            replace(
                poll,
                every_s=max(poll.every_s, asked_s),
                tail_every_s=max(poll.tail_every_s or poll.every_s, asked_s),
            )
            for poll in venue.polls
        ),
        histories=tuple(
            _history(history, asked_s, _coins_of(history, bars_of, histories_of))
            for history in venue.histories
        ),
        streams=tuple(_stream(stream, every_s) for stream in venue.streams),
    )


def _coins_of(
    history: History, bars_of: Sequence[str], histories_of: Sequence[str] | None
) -> Sequence[str] | None:
    return bars_of if history.period_us <= 60 * SECOND else histories_of


def _history(history: History, every_s: float, coins: Sequence[str] | None) -> History:
    every = max(history.every_s, 24 * every_s)
    if coins is None:
        return replace(history, every_s=every)

    def selects(instrument: Instrument, of: Callable[[Instrument], bool] = history.selects) -> bool:
        return instrument.asset in coins and of(instrument)

    return replace(history, every_s=every, selects=selects)


def _stream(stream: Stream, every_s: float) -> Stream:
    def topics(
        instruments: Sequence[Instrument],
        of: Callable[[Sequence[Instrument]], Sequence[Topic]] = stream.topics,
    ) -> list[Topic]:
        return [
            replace(topic, usual_s=max(topic.usual_s, every_s) if topic.usual_s else 0.0)
            for topic in of(instruments)
        ]

    return replace(
        stream,
        topics=topics,
        usual_s=max(stream.usual_s, every_s),
        keepalive=Keepalive(stream.keepalive.text, every_s / 2),
    )


def life_of(venue: str, every_s: float) -> Life:
    """How long a thinned venue keeps a connection."""
    life = LIVES.get(venue, Life())
    return replace(life, idle_s=max(life.idle_s, 2 * every_s) if life.idle_s else 0.0)


class Thinned:
    """A venue server whose connections push once per ``every_s``, and at once when asked to."""

    def __init__(self, server: VenueServer, every_s: float) -> None:
        self.name, self.server = server.name, server
        self._every = round(every_s * SECOND)

    def answer(self, request: Request, now: int) -> Reply:
        return self.server.answer(request, now)

    def open(self, host: str, target: str, now: int) -> Session | None:
        session = self.server.open(host, target, now)
        return None if session is None else _Gated(session, self._every, now)


class _Gated:
    """A session that is let speak at moments ``every`` apart, counted from its opening."""

    def __init__(self, session: Session, every: int, opened: int) -> None:
        self._session, self._every, self._phase = session, every, opened % every
        self._gate = 0

    def receive(self, text: str, now: int) -> list[str]:
        if "subscribe" in text.lower():
            self._gate = 0
        return self._session.receive(text, now)

    def next_due(self, now: int) -> int | None:
        due = self._session.next_due(now)
        return None if due is None else max(due, self._gate)

    def push(self, now: int) -> list[str]:
        self._gate = ((now - self._phase) // self._every + 1) * self._every + self._phase
        return self._session.push(now)
