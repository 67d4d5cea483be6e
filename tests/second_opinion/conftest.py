"""ccxt, asked about our servers on loopback; skipped where its environment was not made."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
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


Ask = Callable[..., Opinion]


@pytest.fixture(scope="session")
def ask() -> Ask:
    """Ask an exchange of ccxt about one of our servers."""
    if not (PYTHON.parent.parent / ".ready").exists():
        pytest.skip("no .venv-ccxt here: make second-opinion")

    def asked(
        server: VenueServer,
        exchange: str,
        calls: list[tuple[Any, ...]],
        settings: dict[str, Any] | None = None,
    ) -> Opinion:
        return asyncio.run(_asked(server, exchange, calls, settings or {}))

    return asked


def _call(name: str, *given: Any) -> list[Any]:
    """Name, positional and named arguments; a dict at the end holds the named ones."""
    if given and isinstance(given[-1], dict):
        return [name, list(given[:-1]), given[-1]]
    return [name, list(given), {}]


async def _asked(
    server: VenueServer, exchange: str, calls: list[tuple[Any, ...]], settings: dict[str, Any]
) -> Opinion:
    hosts = [host for host in venue(server.name).hosts if host.url.startswith("http")]
    front = Front(server)
    async with Serving([(host, front) for host in hosts], ManualClock(NOW)) as serving:
        wish = {
            "exchange": exchange,
            "hosts": {host.url: serving.urls[server.name][host.name] for host in hosts},
            "settings": settings,
            "calls": [_call(*call) for call in calls],
        }
        running = await asyncio.create_subprocess_exec(
            str(PYTHON),
            str(ASK),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, wrong = await running.communicate(json.dumps(wish).encode())
    assert running.returncode == 0, wrong.decode()
    found = json.loads(out)
    return Opinion(found["version"], found["said"])
