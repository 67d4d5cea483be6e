"""Who is followed at each venue, and the facts of the instruments as rows of their own.

Facts are written when they are first met and whenever they change. Another listing time says that
another instrument bears the name: a break. Another contract size is none: what is stored are coins
and dollars, and from then on they are made with the new size.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from tideline.domain.errors import BadInput
from tideline.domain.instrument import Instrument
from tideline.venues.parsed import Listing
from tideline.venues.symbols import parse_symbol

FACTS = "instrument"


@dataclass(frozen=True, slots=True)
class Change:
    """New facts of a followed instrument. ``relisted``: it is another one of the same name."""

    instrument: Instrument
    text: str
    relisted: bool = False


class VenueRegistry:
    """The instruments of one venue.

    ``followed`` is what parsers are given: a new mapping whenever anything in it changes.
    """

    def __init__(self, venue: str, facts: Mapping[str, str]) -> None:
        self.venue = venue
        self.followed: dict[str, Instrument] = {}
        self._symbols: tuple[str, ...] = ()
        self._listed: dict[str, Listing] = {}
        self._facts = dict(facts)

    def follow(self, symbols: Sequence[str]) -> tuple[list[Change], list[str]]:
        """From now on these are followed: the facts that are new, and who is no longer followed."""
        gone = sorted(set(self._symbols) - set(symbols))
        self._symbols = tuple(symbols)
        self._renew()
        known = [self._listed[name] for name in symbols if name in self._listed]
        return [change for one in known if (change := self._change(one))], gone

    def listed(self, listings: Sequence[Listing]) -> list[Change]:
        """What the venue lists now: the changes among those that are followed."""
        before = {name: self.followed.get(name) for name in self._symbols}
        for listing in listings:
            self._listed[listing.instrument.symbol] = listing
        wanted = set(self._symbols)
        touched = [one for one in listings if one.instrument.symbol in wanted]
        if any(before[one.instrument.symbol] != one.instrument for one in touched):
            self._renew()
        return [change for one in touched if (change := self._change(one))]

    def _renew(self) -> None:
        followed = {}
        for symbol in self._symbols:
            listing = self._listed.get(symbol)
            instrument = listing.instrument if listing else self._guessed(symbol)
            if instrument is not None:
                kept = self.followed.get(symbol)
                followed[symbol] = kept if kept == instrument else instrument
        self.followed = followed

    def _guessed(self, symbol: str) -> Instrument | None:
        try:
            return parse_symbol(self.venue, symbol)
        except BadInput:
            return None

    def _change(self, listing: Listing) -> Change | None:
        symbol = listing.instrument.symbol
        text = facts_text(listing)
        before = self._facts.get(symbol)
        if before == text:
            return None
        self._facts[symbol] = text
        relisted = before is not None and _relisted(before, listing.instrument)
        return Change(listing.instrument, text, relisted)


def facts_text(listing: Listing) -> str:
    """The facts as JSON, keys in order."""
    instrument = listing.instrument
    facts = {
        "asset": instrument.asset,
        "contract_size": instrument.contract_size,
        "delivery_us": listing.delivery_us,
        "funding_interval_h": listing.funding_interval_h,
        "kind": instrument.kind,
        "linear": instrument.linear,
        "listed_us": instrument.listed_us,
        "multiple": instrument.multiple,
        "quote": instrument.quote,
        "settle": instrument.settle,
        "state": listing.state,
    }
    return msgspec.json.encode(facts).decode()


def _relisted(before: str, now: Instrument) -> bool:
    """Was the name listed anew?"""
    facts: dict[str, Any] = msgspec.json.decode(before)
    listed = facts.get("listed_us")
    return listed is not None and now.listed_us is not None and listed != now.listed_us
