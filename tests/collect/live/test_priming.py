"""What an intake knows of the log at its start."""

from __future__ import annotations

import asyncio

from tests.collect.live.fake import LIQUIDATIONS, T0
from tests.collect.live.test_committer import BTC, Station
from tideline.collect.live.memory import NEVER
from tideline.collect.live.priming import prime
from tideline.domain.time import MINUTE, SECOND, ManualClock
from tideline.log import Log


def test_an_empty_log_gives_nothing(tmp_path):
    primed = prime(Log.create(tmp_path / "s", ManualClock(T0)))
    assert (primed.legs, primed.heard, primed.facts) == ({}, {}, {})


def test_the_end_of_every_leg_the_facts_and_when_it_was_heard(tmp_path):
    station = Station(tmp_path)
    station.start(1)
    for i in range(40):
        station.second(i, 1)
    last = station.clock.at
    station.clock.advance(30 * SECOND)
    asyncio.run(station.sink.commit())
    station.stop()
    primed = prime(station.log)
    coins = primed.legs["bybit", BTC, "open_interest"]
    assert coins.last_event == last - 3000
    assert coins.rows[-1] == (last - 3000, 60_000.0 + (39 * 7) % 31)
    assert coins.last_ok == (*coins.rows[-1], 1.0)
    assert coins.first_recorded == T0 + SECOND - 3000
    assert len(coins.rows) == 40
    ratios = primed.legs["bybit", BTC, "lsr_global_accounts"]
    assert all(event % (5 * MINUTE) == 0 for event, _ in ratios.grid)
    assert len({event for event, _ in ratios.grid}) == 12  # one of them restated
    died = primed.legs["bybit", BTC, LIQUIDATIONS[0]]
    assert len(died.rows) == 16
    assert '"kind":"perpetual"' in primed.facts["bybit", BTC]
    assert primed.heard["bybit", BTC, "gap.open_interest"] == last  # where its open gap begins
    assert primed.heard["bybit", BTC, "gap.liquidation"] == last
    assert primed.heard.get(("bybit", BTC, "gap.index_price"), NEVER) == NEVER
