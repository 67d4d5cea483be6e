from decimal import Decimal

import numpy as np
import pytest

from tideline.domain.errors import UnknownName
from tideline.domain.time import DAY, HOUR, MINUTE, SECOND, parse_time
from tideline.domain.venue import GATEWAY
from tideline.market.assets import default_assets
from tideline.market.state import Market
from tideline.market.synthetic import Synthetic

START = parse_time("2026-11-20T00:00:00Z")
VENUES = ("binance", "bybit", "okx", "bitget", "hyperliquid", "coinbase", GATEWAY)


def _symbols(market: Market, venue: str) -> list[str]:
    return [one.instrument.symbol for one in market.listed(venue, START)]


@pytest.fixture(scope="module")
def market() -> Synthetic:
    return Synthetic(12, seed=3, start=START)


def _everything(market: Market, venue: str, symbol: str, at: int) -> tuple[object, ...]:
    return (
        market.quote(venue, symbol, at),
        market.ratios(venue, symbol, at),
        market.settled(venue, symbol, at // HOUR * HOUR),
        market.bar(venue, symbol, at - 5 * MINUTE, at),
        tuple(market.liquidations(venue, symbol, at - HOUR, at)),
    )


def test_the_answer_does_not_depend_on_what_was_asked_before():
    asked = [
        (venue, symbol, START + step * 3_700_123_000)
        for venue in VENUES
        for symbol in _symbols(Synthetic(3, 3, START), venue)
        for step in range(4)
    ]
    first = Synthetic(3, 3, START)
    answers = {one: _everything(first, *one) for one in asked}
    order = np.random.default_rng(1).permutation(len(asked))
    second = Synthetic(3, 3, START)
    for place in order:
        assert _everything(second, *asked[place]) == answers[asked[place]]


def test_another_seed_is_another_market():
    one, other = (Synthetic(1, seed, START).quote("okx", "BTC-USDT-SWAP", START) for seed in (1, 2))
    assert one.oi_coin != other.oi_coin
    assert one.mark_price != other.mark_price


def test_every_venue_lists_its_forms(market):
    named = {venue: set(_symbols(market, venue)) for venue in VENUES}
    assert {"BTCUSDT", "BTCUSD_PERP", "ETHUSD_PERP", "BTCUSDT_261225", "1000PEPEUSDT"} <= named[
        "binance"
    ]
    assert {"BTCUSDT", "BTCUSD", "ETHUSD", "1000PEPEUSDT"} <= named["bybit"]
    assert {"BTC-USDT-SWAP", "BTC-USD-SWAP", "BTC-USDT-261225", "PEPE-USDT-SWAP"} <= named["okx"]
    assert {"BTCUSDT", "BTCUSD", "PEPEUSDT"} <= named["bitget"]
    assert {"BTC", "kPEPE"} <= named["hyperliquid"]
    assert {"BIP-20DEC30-CDE", "ETP-20DEC30-CDE"} <= named["coinbase"]
    assert {"BTC_USDC-PERPETUAL", "BTC-PERPETUAL"} <= named[GATEWAY]
    assert market.listed("binance", START - 500 * DAY) == []


def test_names_it_does_not_list_are_refused(market):
    with pytest.raises(UnknownName):
        market.quote("binance", "NOPEUSDT", START)
    with pytest.raises(UnknownName):
        market.spot_bar("NOPE", START, START + MINUTE)


def test_open_interest_of_bitcoin_is_of_a_plausible_size(market):
    for venue in ("binance", "bybit", "okx", "bitget", "hyperliquid", "coinbase"):
        symbol = _symbols(market, venue)[0]
        for day in range(0, 60, 7):
            quote = market.quote(venue, symbol, START + day * DAY)
            assert 1e9 < quote.oi_coin * quote.mark_price < 1.5e10
            assert 0.3 < quote.volume_24h_coin / quote.oi_coin < 6.0


def test_numbers_are_whole_steps_so_that_wires_carry_them(market):
    for venue in VENUES:
        for symbol in _symbols(market, venue):
            contract = market.contract(venue, symbol)
            quote = market.quote(venue, symbol, START + 77_777_777)
            for price in quote[1:4]:
                assert price > 0
                assert _steps(price, Decimal(1).scaleb(-contract.decimals))
            assert _steps(quote.funding_rate, Decimal("1e-8"))
            up, down = contract.step.as_integer_ratio()
            if contract.instrument.linear:
                assert _steps(quote.oi_coin, Decimal(up) / Decimal(down))
                assert _steps(quote.volume_24h_coin, Decimal(up) / Decimal(down))
            else:
                # whole contracts come back from coins and mark
                lots = quote.oi_coin * quote.mark_price * down / up
                assert abs(lots - round(lots)) < 1e-3


def _steps(value: float, step: Decimal) -> bool:
    return Decimal(repr(value)) % step == 0


def test_ratios_are_those_that_the_wire_can_say(market):
    for at in range(START, START + DAY, 3 * HOUR):
        for ratio in market.ratios("binance", "BTCUSDT", at):
            assert _steps(ratio, Decimal("1e-4"))
            assert 0.2 < ratio < 5
        for ratio in market.ratios("bybit", "BTCUSDT", at):
            share = round(ratio / (1 + ratio) * 10_000)
            assert ratio == share / (10_000 - share)


def test_bars_add_up(market):
    for venue, symbol in (("binance", "BTCUSDT"), ("okx", "PEPE-USDT-SWAP"), ("bybit", "BTCUSD")):
        for start in (START, START + 7 * HOUR + 35 * MINUTE):
            five = market.bar(venue, symbol, start, start + 5 * MINUTE)
            ones = [
                market.bar(venue, symbol, at, at + MINUTE)
                for at in range(start, start + 5 * MINUTE, MINUTE)
            ]
            assert five.open == ones[0].open
            assert five.close == ones[-1].close
            assert five.high == max(one.high for one in ones)
            assert five.low == min(one.low for one in ones)
            for name in ("volume_coin", "taker_buy_coin"):
                parts = [Decimal(repr(getattr(one, name))) for one in ones]
                assert Decimal(repr(getattr(five, name))) == sum(parts)
            for one in ones:
                assert 0 <= one.taker_buy_coin <= one.volume_coin
                assert one.low <= min(one.open, one.close) <= max(one.open, one.close) <= one.high
            # the next bar opens where this one closed
            assert market.bar(venue, symbol, five.end, five.end + MINUTE).open == five.close


def test_a_day_of_bars_is_the_volume_of_a_day(market):
    at = START + 3 * HOUR + 12_345_000
    quote = market.quote("bitget", "ETHUSDT", at)
    assert market.bar("bitget", "ETHUSDT", at - DAY, at).volume_coin == quote.volume_24h_coin


def test_spot_bars_follow_the_coin(market):
    spot = market.spot_bar("BTC", START, START + HOUR)
    future = market.bar("binance", "BTCUSDT", START, START + HOUR)
    assert abs(spot.close / future.close - 1) < 2e-3
    assert spot.volume_coin != future.volume_coin


def test_funding_is_settled_at_the_rate_quoted_then(market):
    for symbol in ("BTCUSDT", "ETHUSD_PERP"):
        quote = market.quote("binance", symbol, START + HOUR)
        assert quote.next_funding_us == START + 8 * HOUR
        assert quote.funding_interval_h == 8
        then = market.quote("binance", symbol, quote.next_funding_us)
        assert market.settled("binance", symbol, quote.next_funding_us) == then.funding_rate
        assert then.next_funding_us == START + 16 * HOUR
    assert market.quote("hyperliquid", "BTC", START).next_funding_us == START + HOUR
    assert market.quote("okx", "BTC-USDT-261225", START).funding_interval_h == 0


def test_liquidations_are_rare_clustered_and_found_by_any_cut(market):
    whole = list(market.liquidations("bybit", "ETHUSDT", START, START + 2 * DAY))
    assert 20 < len(whole) < 1500
    parts = [
        one
        for at in range(START, START + 2 * DAY, 7 * MINUTE + 500_000)
        for one in market.liquidations(
            "bybit", "ETHUSDT", at, min(at + 7 * MINUTE + 500_000, START + 2 * DAY)
        )
    ]
    assert parts == whole
    times = [one.at for one in whole]
    assert times == sorted(set(times))
    assert all(at % 1000 == 0 for at in times)
    assert {one.side for one in whole} == {"long", "short"}
    hours = np.bincount([(at - START) // HOUR for at in times], minlength=48)
    assert hours.max() > 4 * hours.mean()  # clustered


def test_inverse_liquidations_are_whole_contracts(market):
    found = market.liquidations("binance", "BTCUSD_PERP", START, START + 3 * DAY)
    assert found
    for one in found:
        lots = one.coin * one.price / 100.0
        assert abs(lots - round(lots)) < 1e-6
        assert round(lots) >= 1


def test_prices_move_without_jumps(market):
    marks = [
        market.quote("okx", "SOL-USDT-SWAP", START + k * SECOND).mark_price for k in range(900)
    ]
    steps = np.abs(np.diff(np.log(marks)))
    assert steps.max() < 1e-3
    assert len(set(marks)) > 100


def test_coins_beyond_the_named_ones():
    coins = default_assets(70)
    assert len({coin.asset for coin in coins}) == 70
    market = Synthetic(coins, 1, START)
    assert market.quote("bybit", "THIN3USDT", START).oi_coin > 0
    assert default_assets(2)[1].asset == "ETH"


def test_open_interest_moves_no_faster_than_is_traded(market):
    for venue, symbol in (
        ("bybit", "BTCUSDT"),
        ("okx", "SOL-USDT-SWAP"),
        ("binance", "1000PEPEUSDT"),
    ):
        for start in range(START, START + DAY, 40 * MINUTE):
            for span in (20 * SECOND, MINUTE, 5 * MINUTE):
                ends = [market.quote(venue, symbol, at).oi_coin for at in (start, start + span)]
                traded = market.bar(venue, symbol, start, start + span).volume_coin
                assert abs(ends[1] - ends[0]) <= traded
