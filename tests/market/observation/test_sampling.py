"""What a feed tells of forced closings: the bulk rule against each server's own."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.market.tapes import tape
from tideline.domain.time import SECOND
from tideline.market.observation.liquidations import told
from tideline.market.observation.offered import OFFERED, RATIOS
from tideline.market.recorded import Recorded
from tideline.market.state import Liquidation
from tideline.market.venues.binance_listed import Contracts
from tideline.market.venues.binance_session import Pushes
from tideline.market.venues.bitget_stream import largest
from tideline.market.venues.okx_rows import published
from tideline.venues.catalogue import VENUES

TAPE = tape(hours=12.0, seed=5)
MARKET = Recorded([TAPE])


def kept(venue: str, found: list[Liquidation]) -> list[Liquidation]:
    """By the bulk rule."""
    places = told(
        OFFERED[venue].liquidations,
        np.array([one.at for one in found], np.int64),
        np.array([1 if one.side == "long" else -1 for one in found]),
        np.array([one.coin for one in found]),
        np.array([one.price for one in found]),
    )
    return [found[place] for place in places.tolist()]


def test_as_each_server_samples() -> None:
    span = TAPE.start, TAPE.end
    by_venue = {book.venue: book.symbol for book in TAPE.books if not book.spot}
    every = {
        venue: list(MARKET.liquidations(venue, name, *span)) for venue, name in by_venue.items()
    }
    pushes = Pushes(MARKET, lambda at: Contracts(MARKET, at))
    contracts = Contracts(MARKET, TAPE.end - 1)
    binance = pushes._largest(contracts.trading["BTCUSDT"], *span)
    assert kept("binance", every["binance"]) == sorted(binance, key=lambda one: one.at)
    assert kept("okx", every["okx"]) == published(MARKET, by_venue["okx"], *span)
    seconds = sorted({(one.at - 1) // SECOND for one in every["bitget"]})
    windows = [
        largest([one for one in every["bitget"] if (one.at - 1) // SECOND == second])
        for second in seconds
    ]
    assert kept("bitget", every["bitget"]) == [one for window in windows for one in window]
    assert kept("bybit", every["bybit"]) == every["bybit"]
    assert kept("hyperliquid", every["hyperliquid"]) == []
    assert len(kept("binance", every["binance"])) < len(every["binance"])


EVENTS = st.lists(
    st.tuples(st.integers(0, 40), st.sampled_from((1, -1)), st.integers(1, 4)), max_size=40
)


@given(EVENTS, st.sampled_from(("largest", "first", "sides")))
@settings(max_examples=150, deadline=None)
def test_against_a_slow_rule(events: list[tuple[int, int, int]], sampling: str) -> None:
    events = sorted(events, key=lambda one: one[0])
    at = np.array([one[0] * 100_000 for one in events], np.int64)
    side = np.array([one[1] for one in events], np.int64)
    coin = np.array([float(one[2]) for one in events])
    slow: dict[object, int] = {}
    for place, (moment, sign, lots) in enumerate(events):
        us = moment * 100_000
        key: object = us // SECOND if sampling == "first" else (us - 1) // SECOND
        key = (key, sign) if sampling == "sides" else key
        held = slow.get(key)
        if held is None or (sampling != "first" and lots > events[held][2]):
            slow[key] = place
    found = told(sampling, at, side, coin, np.ones(len(events)))  # type: ignore[arg-type]
    assert found.tolist() == sorted(slow.values())


@pytest.mark.parametrize("venue", VENUES, ids=lambda venue: venue.name)
def test_the_table_of_what_is_offered_follows_the_declarations(venue: object) -> None:
    offer = OFFERED[venue.name]  # type: ignore[attr-defined]
    polls, streams = venue.polls, venue.streams  # type: ignore[attr-defined]
    histories = {
        field: history
        for history in venue.histories  # type: ignore[attr-defined]
        if not any(word in history.name for word in (".cm.", "inverse", "futures.", ".coin."))
        for field in history.fields
    }
    for bars, field in ((offer.taker, "taker_buy_coin"), (offer.volume, "volume_coin")):
        assert (bars is not None) == (field in histories)
        if bars is not None:
            history = histories[field]
            assert (bars.length_us, bars.asked_s) == (history.period_us, history.every_s)
    assert offer.ratios == tuple(name for name in RATIOS if name in histories)
    assert offer.spot == ("spot_volume_usd" in histories)
    assert offer.history == ("open_interest" in histories)
    assert offer.settled == ("funding_rate_settled" in histories)
    pushed = {field for stream in streams for field in stream.fields}
    asked = {field for poll in polls for field in poll.fields}
    assert offer.pushes == ("open_interest" in pushed)
    assert "open_interest" in asked
    assert offer.marks == ("mark_price" in pushed | asked)
    assert offer.next_funding == ("next_funding_time" in pushed | asked)
    assert (offer.liquidations != "none") == ("liquidation_long_coin" in pushed)
