"""Which instruments are followed: chosen assets, or the N with the most open interest.

The listings of every venue say what exists. For the ranking, one sweep of every poll that covers
a whole venue in a fixed number of calls and gives open interest is read here, in US dollars,
added up by asset over the venues; nothing of it goes into the log, the feeds bring it again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from tideline.collect.asking.door import Door
from tideline.collect.asking.feeding import next_page
from tideline.collect.inbox import Inbox
from tideline.collect.live.record import Frame
from tideline.domain.errors import WireError
from tideline.domain.instrument import Instrument
from tideline.domain.time import Clock
from tideline.domain.venue import GATEWAY
from tideline.venues.declaration import Poll, Venue
from tideline.venues.parsed import Listing, Note, Parsed
from tideline.venues.transport import TransportError
from tideline.venues.wire import Request

STAYS = 1.5
"""An asset that is followed stays while it is among the first N times this."""
WAIT_S = 20.0
"""How long the first ranking waits for venues that do not answer."""
_OI = frozenset({"open_interest", "open_interest_usd"})


@dataclass(slots=True)
class Choice:
    """``assets`` by name, or the ``top`` ones by open interest; which venue has said its part.

    ``venues`` are those whose open interest counts for the ranking. Where none could be had, the
    order of the listings has to do: venues list what came first first.
    """

    assets: tuple[str, ...]
    top: int
    venues: frozenset[str]
    _oi_usd: dict[str, dict[str, float]] = field(default_factory=dict)
    _listed: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _followed: frozenset[str] = frozenset()

    def report(self, venue: str, oi_usd: Mapping[str, float]) -> None:
        """A venue's open interest by asset, US dollars."""
        self._oi_usd[venue] = dict(oi_usd)
        if self.venues <= set(self._oi_usd):
            self._news.set()

    def saw(self, venue: str, listings: Iterable[Listing]) -> None:
        """What a venue lists."""
        trading = (one.instrument for one in listings if one.state == "trading")
        self._listed[venue] = tuple(dict.fromkeys(one.asset for one in trading if one.derivative))

    async def wait(self) -> None:
        """Until every venue of the ranking has reported, or long enough."""
        if self.assets or not self.venues:
            return
        try:
            async with asyncio.timeout(WAIT_S):
                await self._news.wait()
        except TimeoutError:
            self._news.set()

    def ranked(self) -> list[str]:
        """Assets by open interest over all venues, the most first; ties by name."""
        total: dict[str, float] = {}
        for venue in sorted(self._oi_usd):
            for asset, usd in self._oi_usd[venue].items():
                total[asset] = total.get(asset, 0.0) + usd
        if not total:
            names = (asset for venue in sorted(self._listed) for asset in self._listed[venue])
            return list(dict.fromkeys(names))
        return sorted(total, key=lambda asset: (-total[asset], asset))

    def chosen(self) -> frozenset[str]:
        """The assets to follow now. Who was in stays in while near the top."""
        if self.assets:
            return frozenset(self.assets)
        ranked = self.ranked()
        stay = [asset for asset in ranked[: int(self.top * STAYS)] if asset in self._followed]
        self._followed = frozenset([*ranked[: self.top], *stay])
        return self._followed


def instruments_of(
    venue: Venue, listings: Iterable[Listing], assets: frozenset[str], order: Sequence[str]
) -> tuple[Instrument, ...]:
    """What is followed at a venue: trading, of these assets, and of use to one of its feeds.

    In order of ``order`` (assets by open interest), perpetuals first, then by name.
    """
    rank = {asset: at for at, asset in enumerate(order)}
    selects = [feed.selects for feed in venue.polls]
    selects += [feed.selects for feed in venue.histories]
    selects += [feed.selects for feed in venue.streams]
    found = {
        listing.instrument.symbol: listing.instrument
        for listing in listings
        if listing.state == "trading"
        and listing.instrument.asset in assets
        and any(wants(listing.instrument) for wants in selects)
    }
    return tuple(
        sorted(
            found.values(),
            key=lambda one: (
                rank.get(one.asset, len(rank)),
                one.kind != "perpetual",
                not one.usdt_linear_perpetual,
                one.symbol,
            ),
        )
    )


@dataclass(slots=True)
class Listings:
    """Asks one venue what it lists.

    An answer that lists nothing any more where there was something is a slip of the venue's, or a
    word we cannot read in every row: what it listed before holds, and that is counted.
    """

    venue: Venue
    door: Door
    inbox: Inbox
    clock: Clock
    partial: bool = False
    _before: dict[str, dict[str, Listing]] = field(default_factory=dict)

    async def all(self) -> dict[str, Listing] | None:
        """Every listing by symbol; None: nothing could be had.

        A product that does not answer keeps what it listed before, and stops no other one of the
        venue; ``partial`` says that there is such a product.
        """
        found: dict[str, Listing] = {}
        self.partial = False
        for poll in self.venue.listings:
            told, before = await self._told(poll), self._before.get(poll.name)
            if told is None:
                self.partial = True
            elif before and not told:
                self.inbox.status.feed(poll.name).error("lists nothing")
            if told or before:
                self._before[poll.name] = told = told or before or {}
                found.update(told)
        return None if self.partial and not found else found

    async def _told(self, poll: Poll) -> dict[str, Listing] | None:
        """What one poll lists; None: not all of it could be had."""
        told: dict[str, Listing] = {}
        for request in poll.ask(()):
            pages = await self._pages(poll, request, {}, keep=True)
            if pages is None:
                return None
            for page in pages:
                told.update({one.instrument.symbol: one for one in page.listings})
        return told

    async def oi_usd(self, listings: Mapping[str, Listing]) -> dict[str, float] | None:
        """Open interest in US dollars by asset, from polls that cover the venue at a fixed cost.

        None: the venue did not answer.
        """
        symbols = {s: one.instrument for s, one in listings.items() if one.state == "trading"}
        usd: dict[str, float] = {}
        coins: dict[str, float] = {}
        marks: dict[str, float] = {}
        for poll in ranking_polls(self.venue):
            chosen = [one for one in symbols.values() if poll.selects(one)]
            for request in poll.ask(chosen) if chosen else ():
                pages = await self._pages(poll, request, symbols, keep=False)
                if pages is None:
                    return None
                for seen in (seen for page in pages for seen in page.observations):
                    for name, into in (
                        ("open_interest_usd", usd),
                        ("open_interest", coins),
                        ("mark_price", marks),
                    ):
                        if seen.field == name:
                            into[seen.instrument] = seen.value
        found: dict[str, float] = {}
        for symbol, instrument in symbols.items():
            value = usd.get(symbol, coins.get(symbol, 0.0) * marks.get(symbol, 0.0))
            if 0.0 < value < float("inf"):
                found[instrument.asset] = found.get(instrument.asset, 0.0) + value
        return found

    async def _pages(
        self, poll: Poll, request: Request, known: Mapping[str, Instrument], *, keep: bool
    ) -> list[Parsed] | None:
        """The answer and the pages that follow, read; None: some of it could not be had."""
        pages: list[Parsed] = []
        asked: Request | None = request
        while asked is not None and len(pages) < 50:
            try:
                answer = await self.door.ask(asked, poll.charges)
                if answer.verdict.kind != "ok":
                    self.inbox.status.feed(poll.name).error(answer.verdict.kind)
                    return None
                params = dict(asked.params)
                if keep:
                    body = answer.reply.body
                    await self.inbox.give(Frame(answer.received, poll.name, body, 0, params))
                parsed = poll.read(answer.reply.body, Note(answer.received, known, params))
            except TransportError as error:
                self.inbox.status.feed(poll.name).error(error.kind)
                return None
            except WireError as error:
                self.inbox.status.feed(poll.name).error(type(error).__name__)
                return None
            pages.append(parsed)
            asked = next_page(asked, parsed)
        return pages


def ranking_polls(venue: Venue) -> list[Poll]:
    """The polls that give the open interest of a whole venue at a fixed cost."""
    return [poll for poll in venue.polls if poll.covers_all and _OI & set(poll.fields)]


def ranking_venues(venues: Iterable[Venue]) -> frozenset[str]:
    """Whose open interest is added up for the ranking.

    The gateway's is another venue's and is in no total; it ranks only when it is alone.
    """
    able = [venue.name for venue in venues if ranking_polls(venue)]
    return frozenset([name for name in able if name != GATEWAY] or able)
