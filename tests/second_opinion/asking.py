"""ccxt, asked about our servers on loopback; skipped where its environment was not made."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tideline.domain.instrument import Instrument
from tideline.domain.time import HOUR, MINUTE, SECOND, ManualClock, parse_time
from tideline.market.state import Listed, Quote
from tideline.market.synthetic import Synthetic
from tideline.market.venues.front import Front
from tideline.market.venues.server import VenueServer
from tideline.market.venues.serving import Serving
from tideline.venues.catalogue import venue
from tideline.venues.declaration import Host

ROOT = Path(__file__).resolve().parents[2]
PYTHON = ROOT / ".venv-ccxt" / "bin" / "python"
ASK = Path(__file__).resolve().with_name("ask.py")

START = int(parse_time("2026-11-20T12:00:00Z"))
NOW = START + 5 * HOUR + 17 * MINUTE + 4 * SECOND
"""The moment at which everything is asked: the clock of the servers stands still."""

MARKET = Synthetic(7, 11, START)


def listed(name: str) -> dict[str, Listed]:
    """What the venue lists, by symbol."""
    return {one.instrument.symbol: one for one in MARKET.listed(name, NOW)}


def quote(instrument: Instrument, at: int = NOW) -> Quote:
    """The market state of one instrument."""
    return MARKET.quote(instrument.venue, instrument.symbol, at)


@dataclass(frozen=True)
class Opinion:
    """What ccxt said to a list of calls, in their order."""

    version: str
    said: list[dict[str, Any]]

    def __getitem__(self, place: int) -> Any:
        answer = self.said[place]
        assert "said" in answer, answer["failed"]
        return answer["said"]


@dataclass(frozen=True)
class Wish:
    """One of our servers, the exchange of ccxt that reads it, its settings and the calls.

    A call is a name, positional arguments, and perhaps a dict of named ones at the end.
    """

    server: VenueServer
    exchange: str
    settings: dict[str, Any]
    calls: list[tuple[Any, ...]]


def ask(wishes: list[Wish]) -> list[Opinion]:
    """What ccxt says to each wish: one process for all, for importing it takes two seconds."""
    if not (PYTHON.parent.parent / ".ready").exists():
        pytest.skip("no .venv-ccxt here: make second-opinion")
    return asyncio.run(_ask(wishes))


async def _ask(wishes: list[Wish]) -> list[Opinion]:
    served = [(host, Front(wish.server)) for wish in wishes for host in _hosts(wish)]
    async with Serving(served, ManualClock(NOW)) as serving:
        said = [
            {
                "exchange": wish.exchange,
                "hosts": {
                    host.url: serving.urls[wish.server.name][host.name] for host in _hosts(wish)
                },
                "settings": wish.settings,
                "calls": [_call(*call) for call in wish.calls],
            }
            for wish in wishes
        ]
        pipe = asyncio.subprocess.PIPE
        running = await asyncio.create_subprocess_exec(
            str(PYTHON), str(ASK), stdin=pipe, stdout=pipe, stderr=pipe
        )
        out, wrong = await running.communicate(json.dumps(said).encode())
    assert running.returncode == 0, wrong.decode()
    found = json.loads(out)
    return [Opinion(found["version"], one) for one in found["said"]]


def _hosts(wish: Wish) -> list[Host]:
    return [host for host in venue(wish.server.name).hosts if host.url.startswith("http")]


def _call(name: str, *given: Any) -> list[Any]:
    if given and isinstance(given[-1], dict):
        return [name, list(given[:-1]), given[-1]]
    return [name, list(given), {}]
