"""Every feed of the declarations by its name, with what is needed to read its frames."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from tideline.domain.time import SECOND
from tideline.venues.declaration import History, Poll, Read, Reader, Stream, Venue

if TYPE_CHECKING:
    from tideline.collect.live.legs import Lane

Kind = Literal["listing", "poll", "history", "stream"]


@dataclass(slots=True, eq=False)
class Feed:
    """One way in.

    Attributes:
        cadence_s: of its rows, where no Watch says another one.
        usual_s: longest usual silence of a whole connection (streams).
        period_us: distance of two rows (histories).
        klines: its rows are read from candles, complete at their END.
        lanes, derived: the legs it speaks of, by (instrument, field); kept here for speed.
    """

    name: str
    venue: str
    kind: Kind
    fields: tuple[str, ...]
    read: Read | None = None
    reader: Callable[[], Reader] | None = None
    cadence_s: float = 0.0
    usual_s: float = 0.0
    period_us: int = 0
    klines: bool = False
    lanes: dict[tuple[str, str], Lane] = field(default_factory=dict)
    derived: dict[tuple[str, str], Lane] = field(default_factory=dict)


def feeds_of(venues: Sequence[Venue]) -> dict[str, Feed]:
    """All feeds of these venues by name."""
    found: dict[str, Feed] = {}
    for venue in venues:
        made = [_poll(venue, poll, "listing") for poll in venue.listings]
        made += [_poll(venue, poll, "poll") for poll in venue.polls]
        made += [_history(venue, history) for history in venue.histories]
        made += [_stream(venue, stream) for stream in venue.streams]
        found.update((feed.name, feed) for feed in made)
    return found


def _poll(venue: Venue, poll: Poll, kind: Kind) -> Feed:
    return Feed(poll.name, venue.name, kind, poll.fields, poll.read, cadence_s=poll.every_s)


def _history(venue: Venue, history: History) -> Feed:
    return Feed(
        history.name,
        venue.name,
        "history",
        history.fields,
        history.read,
        cadence_s=history.period_us / SECOND,
        period_us=history.period_us,
        klines="kline" in history.name or "candle" in history.name,
    )


def _stream(venue: Venue, stream: Stream) -> Feed:
    return Feed(
        stream.name,
        venue.name,
        "stream",
        stream.fields,
        reader=stream.reader,
        cadence_s=stream.usual_s,
        usual_s=stream.usual_s,
    )
