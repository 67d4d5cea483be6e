"""The market over tapes: pure functions of the moment, bars that add up, a clear end."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.market.tapes import START, tape
from tideline.domain.errors import BadInput, UnknownName
from tideline.domain.time import DAY, HOUR, MINUTE, SECOND
from tideline.market.recorded import Recorded

TAPE = tape(hours=6.0, listed={"bitget": 720})
MARKET = Recorded([TAPE, tape("PEPE", hours=6.0)])
LINEAR = [(book.venue, book.symbol) for book in TAPE.books if not book.spot]


@given(st.integers(0, TAPE.steps), st.integers(0, TAPE.steps), st.sampled_from(range(len(LINEAR))))
@settings(max_examples=60, deadline=None)
def test_bars_hold_what_takers_did(one: int, other: int, number: int) -> None:
    first, last = sorted((one, other))
    venue, symbol = LINEAR[number]
    lot = Fraction(str(TAPE.books[number].lot))
    edge = START + first * TAPE.step_us, START + last * TAPE.step_us
    bar = MARKET.bar(venue, symbol, *edge)
    bought = int(TAPE.buy[number, first:last].sum())
    traded = bought + int(TAPE.sell[number, first:last].sum())
    assert Fraction(repr(bar.taker_buy_coin)) == bought * lot
    assert Fraction(repr(bar.volume_coin)) == traded * lot
    assert bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high
    middle = (edge[0] + edge[1]) // 2 // 1000 * 1000 + 137  # parts need not end with a step
    parts = MARKET.bar(venue, symbol, edge[0], middle), MARKET.bar(venue, symbol, middle, edge[1])
    assert sum(Fraction(repr(part.volume_coin)) for part in parts) == traded * lot
    assert max(part.high for part in parts) == bar.high
    assert parts[0].close == parts[1].open


def test_a_quote_is_that_of_the_last_step_that_ended() -> None:
    k = 1000
    at = START + (k + 1) * TAPE.step_us
    now, before = MARKET.quote(*LINEAR[0], at), MARKET.quote(*LINEAR[0], at - 1)
    assert Fraction(repr(now.oi_coin)) == int(TAPE.oi[0, k]) * Fraction("0.001")
    assert Fraction(repr(before.oi_coin)) == int(TAPE.oi[0, k - 1]) * Fraction("0.001")
    assert Fraction(repr(now.last_price)) == int(TAPE.last[0, k]) * Fraction("0.1")
    assert now.index_price == pytest.approx(TAPE.index[k], abs=0.051)
    assert now.mark_price == pytest.approx(TAPE.index[k] * (1 + TAPE.premium[0, k]), abs=0.051)
    assert now.next_funding_us == (at // (8 * HOUR) + 1) * 8 * HOUR
    day = MARKET.bar(*LINEAR[0], at - DAY, at)
    assert now.volume_24h_coin == day.volume_coin


def test_rates_and_ratios_are_those_that_were_known() -> None:
    at = START + 2 * HOUR
    assert MARKET.settled(*LINEAR[0], at) == round(float(TAPE.rate[0, 119]), 8)
    told = MARKET.ratios(*LINEAR[0], at)
    assert told.top_positions == round(float(TAPE.ratios[0, 23, 0]), 4)
    shared = MARKET.ratios("bybit", "BTCUSDT", at).global_accounts
    share = shared / (1 + shared) * 10_000
    assert abs(share - round(share)) < 1e-6
    assert MARKET.ratios(*LINEAR[0], at + 4 * MINUTE) == told


def test_a_book_is_listed_from_its_first_step_and_closes_with_the_tape() -> None:
    listed = START + 720 * TAPE.step_us
    assert not any(one.instrument.asset == "BTC" for one in MARKET.listed("bitget", listed - 1))
    [one] = [x for x in MARKET.listed("bitget", listed) if x.instrument.asset == "BTC"]
    assert (one.listed_us, one.delisted_us) == (listed, TAPE.end)
    assert MARKET.quote("bitget", "BTCUSDT", listed - 1).oi_coin == 0.0
    closed = MARKET.quote(*LINEAR[0], TAPE.end)
    assert (closed.oi_coin, closed.funding_rate, closed.volume_24h_coin) == (0.0, 0.0, 0.0)
    later = MARKET.bar(*LINEAR[0], TAPE.end, TAPE.end + HOUR)
    assert later.volume_coin == 0.0
    assert later.open == later.high == later.low == later.close == closed.last_price
    assert not MARKET.liquidations(*LINEAR[0], TAPE.end, TAPE.end + DAY)


def test_every_forced_closing_once_at_whole_milliseconds() -> None:
    for number, (venue, symbol) in enumerate(LINEAR):
        found = MARKET.liquidations(venue, symbol, START, TAPE.end)
        events = TAPE.events[TAPE.events["book"] == number]
        assert len(found) == len(events) > 0
        assert all(one.at % 1000 == 0 for one in found)
        lot = Fraction(str(TAPE.books[number].lot))
        told = sum(Fraction(repr(one.coin)) for one in found)
        assert told == int(events["lots"].sum()) * lot
        middle = found[len(found) // 2].at
        parts = [
            MARKET.liquidations(venue, symbol, *span)
            for span in ((START, middle), (middle, TAPE.end))
        ]
        assert [*parts[0], *parts[1]] == found
    sides = {one.side for one in MARKET.liquidations(*LINEAR[0], START, TAPE.end)}
    assert sides <= {"long", "short"}


def test_thousands_of_coins_are_priced_per_coin() -> None:
    quote = MARKET.quote("binance", "1000PEPEUSDT", START + HOUR)
    assert 1e-6 < quote.mark_price < 1e-5
    [one] = [x for x in MARKET.listed("binance", START) if x.instrument.asset == "PEPE"]
    assert one.instrument.multiple == 1000.0


def test_spot_is_the_last_book() -> None:
    bar = MARKET.spot_bar("BTC", START, START + HOUR)
    lots = int((TAPE.buy[-1] + TAPE.sell[-1])[: HOUR // (5 * SECOND)].sum())
    assert Fraction(repr(bar.volume_coin)) == lots * Fraction("0.001")
    with pytest.raises(UnknownName):
        MARKET.spot_bar("XRP", START, START + HOUR)


def test_names_that_are_not_there() -> None:
    with pytest.raises(UnknownName, match="BTCUSDT"):
        MARKET.quote("binance", "BTCUSD", START)
    with pytest.raises(BadInput, match="two tapes"):
        Recorded([TAPE, TAPE])


def test_no_answer_depends_on_what_was_asked_before() -> None:
    fresh = Recorded([TAPE])
    moments = np.random.default_rng(3).integers(START, TAPE.end, 40).tolist()
    told = [fresh.quote(*LINEAR[1], at) for at in moments]
    assert [Recorded([TAPE]).quote(*LINEAR[1], at) for at in reversed(moments)] == told[::-1]
