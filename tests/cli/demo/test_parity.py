"""What a demo's service says live is what it says of that moment ever after."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.cli.demo.conftest import MARKET
from tests.cli.demo.parity import (
    EVERY_FEATURE,
    SLACK_US,
    Found,
    Played,
    compare,
    record,
    settle,
    thinned,
)
from tideline.domain.time import DAY, HOUR
from tideline.market import made
from tideline.market.assets import default_assets
from tideline.market.cache import cache_home
from tideline.market.made import MadeMarket
from tideline.venues.catalogue import VENUES


def asked(played: Played) -> Found:
    """Live through it, then ask again."""
    recorder = record(played, lambda _: None)
    settle(played.store)
    return compare(played, recorder)


def test_live_is_historical_in_a_demo(home: Path, tmp_path: Path) -> None:
    """One coin for half an hour; then nobody collects, and the hole is repaired from history."""
    played = Played(
        MARKET, home, tmp_path / "store", made.START + 16 * HOUR, days=1 / 48, stamps=12,
        parts=1, hole_us=HOUR // 4, speed=200.0, thin=2.0,
    )  # fmt: skip
    found = asked(played)
    assert found.different == []
    assert 2 * len(EVERY_FEATURE) <= found.values <= 12 * len(EVERY_FEATURE)
    assert found.numbers > found.values / 2


def test_thinned_venues_say_what_to_expect() -> None:
    for venue in VENUES:
        slow = thinned(venue, 5.0)
        assert [poll.every_s for poll in slow.polls] == [5 * poll.every_s for poll in venue.polls]
        for before, after in zip(venue.streams, slow.streams, strict=True):
            assert after.usual_s == 5 * before.usual_s
        for old, new in zip(venue.histories, slow.histories, strict=True):
            reach_s = new.tail_rows * new.period_us / 1_000_000
            assert old.every_s <= new.every_s <= max(old.every_s, reach_s)


def test_a_difference_would_be_counted() -> None:
    found = Found()
    for after in ('{"value": 0.0, "revised": 0}', '{"value": -0.0, "revised": 0}'):
        found.count("BTC", '{"value": 0.0, "revised": 0}', after)
    assert (found.values, found.differences, len(found.different)) == (2, 1, 1)


@pytest.mark.slow
def test_live_is_historical_over_ten_days_of_the_demo(tmp_path: Path) -> None:
    """A million values, at the pace that two idle cores keep up with: three quarters of an hour."""
    coins = tuple(coin.asset for coin in default_assets(20))
    market = MadeMarket("mixed", 1, coins, 13.0)
    start = market.end - 10 * DAY - SLACK_US
    played = Played(
        market, cache_home(os.environ), tmp_path / "store", start, days=10.0, stamps=1001, parts=4,
        speed=400.0, thin=50.0,
    )  # fmt: skip
    found = asked(played)
    assert found.different == []
    assert found.values >= 1_000_000
