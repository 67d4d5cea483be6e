"""A small made market in a cache of its own: what the demo would else make first."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.market.tapes import tape
from tideline.market import cache, made
from tideline.market.made import MadeMarket
from tideline.market.tape import Tape

MARKET = MadeMarket("mixed", 1, ("BTC",), 1.0)


@pytest.fixture(scope="session")
def toy() -> Tape:
    """One coin for a day."""
    return tape("BTC", seed=9, hours=24.0, start=made.START, world="mixed", oi_usd=2e9)


@pytest.fixture(scope="session")
def home(toy: Tape, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cache that holds it, as if it had been made."""
    path = tmp_path_factory.mktemp("cache")
    place = made.place_of(MARKET, "BTC", made.version(), path)
    assert cache.keep(place, MARKET._asdict(), [(toy, None)])
    return path
