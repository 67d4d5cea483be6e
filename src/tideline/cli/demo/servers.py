"""The venues of a made market in a process of their own: ``python -m tideline.cli.demo.servers``.

    stdin   1. a line of JSON: the market, its cache, the venues and how fast they push
    stdout     a line once the market is there
    stdin   2. a line of JSON: the anchor of the virtual clock
    stdout     a line of JSON: by venue and host the base URL
    stdin   3. its end: the venues close

So the venues never outlive who started them, and Ctrl-C on the terminal is not theirs to handle.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tideline.domain.scaled_time import Anchor, ScaledClock
from tideline.market.made import MadeMarket, obtain
from tideline.market.observation.lost_feeds import scripts_of
from tideline.market.observation.market import Observed
from tideline.market.observation.quality import draw_quality
from tideline.market.recorded import Recorded
from tideline.market.scaled_loop import run_scaled
from tideline.market.tape import Tape
from tideline.market.venues.catalogue import served
from tideline.market.venues.serving import Serving
from tideline.venues.catalogue import VENUES
from tideline.venues.declaration import Venue

PACE = {
    "binance": 4.0,
    "bybit": 40.0,
    "okx": 3.0,
    "bitget": 20.0,
    "hyperliquid": 4.0,
    "coinbase-gateway": 40.0,
}
"""How much more seldom venues push at high speed: still well within what a collector takes for
silence, and about one push in four virtual seconds."""
EASY = 2.0
"""Up to this speed everything is pushed as often as venues do."""


def pace_of(speed: float, thin: float = 1.0) -> dict[str, float]:
    """By venue, what multiplies its push intervals at this speed; ``thin`` times more seldom yet,
    for collectors that were told to expect it."""
    return {venue: thin * min(most, max(1.0, speed / EASY)) for venue, most in PACE.items()}


def venues_of(tapes: Sequence[Tape]) -> list[Venue]:
    """The venues that have a book."""
    names = {book.venue for tape in tapes for book in tape.books if not book.spot}
    return [venue for venue in VENUES if venue.name in names]


async def serve(tapes: Sequence[Tape], clock: ScaledClock, thin: float = 1.0) -> None:
    """The venues on loopback, until stdin ends."""
    qualities = [draw_quality(tape) for tape in tapes]
    market = Observed(Recorded(tapes), qualities, clock)
    venues = venues_of(tapes)
    outages = [outage for quality in qualities for outage in quality.outages]
    fronts = served(venues, market, scripts_of(venues, outages), pace_of(clock.speed, thin))
    async with Serving(fronts, clock) as serving:
        _say(serving.urls)
        await asyncio.to_thread(sys.stdin.read)


def main() -> None:
    """Follow the lines above."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    told = json.loads(sys.stdin.readline())
    market = MadeMarket(told["scenario"], told["seed"], tuple(told["assets"]), told["days"])
    tapes = obtain(market, Path(told["home"]))
    _say({"ready": True})
    line = sys.stdin.readline()
    if line:
        anchor = Anchor(**json.loads(line))
        clock = ScaledClock(anchor)
        run_scaled(serve(tapes, clock, told["thin"]), clock)


def _say(value: Any) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
