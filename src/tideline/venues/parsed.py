"""What a reader makes of a frame: observations in normalised units, listings, and control words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from tideline.domain.instrument import Instrument


class Counted(NamedTuple):
    """How the venue counts a raw number: stored value = raw x ``factor`` (x or / a price)."""

    unit: str
    sides: str
    contract_size: float | None = None
    factor: float = 1.0
    derived: str = ""


PLAIN = Counted("quote", "-")
"""A price, a ratio or a rate taken as it stands."""


class Observation(NamedTuple):
    """One value of one instrument, in the stored unit of ``field``.

    Attributes:
        instrument: the venue's own symbol.
        field: a name of tideline.domain.fields.
        event_time: µs UTC; for a bar its END. Where the venue says no time: the receive time.
        value: normalised, finite or not (a non-finite one becomes a suspect, never a number).
        raw: the number as the venue wrote it.
        counted: how it was counted.
        key: for events (liquidations) what tells a repetition from a second event; else empty.
    """

    instrument: str
    field: str
    event_time: int
    value: float
    raw: str
    counted: Counted = PLAIN
    key: str = ""


Trading = Literal["trading", "prelisting", "halted", "settling", "delisted"]


@dataclass(frozen=True, slots=True)
class Listing:
    """An instrument as the venue lists it now.

    ``state`` is the venue's own word translated; only ``trading`` ones are asked about.
    ``funding_interval_h`` and ``delivery_us`` are None where the venue does not say.
    """

    instrument: Instrument
    state: Trading
    funding_interval_h: float | None = None
    delivery_us: int | None = None


STALE_LISTING = "not of the listed contract size"
"""The reason under which frames are counted whose numbers fit another contract size."""


class Control(NamedTuple):
    """A frame that speaks about the connection.

    kind
        ``ack``      ``topics`` are subscribed (empty: those of message ``id``)
        ``refused``  ``topics`` (or message ``id``) will not come; ``text`` says why
        ``pong``     an answer to our ping
        ``answer``   send ``text`` back
        ``restart``  the server will close soon: open the next connection first
        ``next``     a page follows; ``text`` is the cursor
    """

    kind: Literal["ack", "refused", "pong", "answer", "restart", "next"]
    topics: tuple[str, ...] = ()
    id: str = ""
    text: str = ""


@dataclass(slots=True)
class Parsed:
    """Everything one frame said.

    ``ignored`` counts by reason what was read and left out on purpose (``unknown instrument``,
    ``other product``, ...). ``server_time`` is the venue's own clock (µs), None when not said.
    """

    observations: list[Observation] = field(default_factory=list)
    listings: list[Listing] = field(default_factory=list)
    controls: list[Control] = field(default_factory=list)
    ignored: dict[str, int] = field(default_factory=dict)
    server_time: int | None = None

    def ignore(self, reason: str, count: int = 1) -> None:
        self.ignored[reason] = self.ignored.get(reason, 0) + count

    def brings(self, latest: int) -> bool:
        """Does it show that its feed brings data that can be kept: of ``latest`` or before?"""
        if self.observations:
            return any(seen.event_time <= latest for seen in self.observations)
        return bool(self.ignored or self.listings)


@dataclass(frozen=True, slots=True)
class Note:
    """What a reader is told beside the bytes.

    Attributes:
        received: when the socket gave the frame, µs UTC.
        instruments: the instruments of this venue that are followed, by symbol; others are ignored.
        params: the parameters of the request that brought a REST body (symbol, period, ...).
    """

    received: int
    instruments: Mapping[str, Instrument]
    params: Mapping[str, str] = field(default_factory=dict)
