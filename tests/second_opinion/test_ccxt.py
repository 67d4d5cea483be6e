"""ccxt reads from our servers what the market state says: instruments, open interest, funding.

Another reading of the venues' formats than ours: where a server wrote a field under a wrong name
or in a wrong unit, parser and server could agree with one another, but not with ccxt.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.second_opinion.asking import MARKET, NOW, Opinion, Wish, ask, listed, quote
from tests.second_opinion.readings import BTC, READINGS, details
from tests.second_opinion.units import as_markdown
from tideline.domain.instrument import Instrument
from tideline.domain.time import HOUR, MINUTE
from tideline.market.state import Listed

HOURS = {1: "1h", 2: "2h", 4: "4h", 8: "8h"}


def coins(instrument: Instrument, at: int) -> float:
    """Open interest of the market state, coins."""
    return quote(instrument, at).oi_coin


def dollars(instrument: Instrument, at: int) -> float:
    """Open interest of the market state, USD; inverse contracts are whole."""
    found = quote(instrument, at)
    usd = found.oi_coin * found.mark_price
    if instrument.linear:
        return usd
    size = instrument.contract_size or 1.0
    return round(usd / size) * size


def quoted(instrument: Instrument) -> str:
    """The currency ccxt calls the quote: Hyperliquid's dollars are USDC to it."""
    return "USDC" if instrument.venue == "hyperliquid" else instrument.quote


def unified(instrument: Instrument) -> str:
    """ccxt's name: BTC/USDT:USDT, 1000PEPE/USDT:USDT, BTC/USDT:USDT-261225."""
    base = instrument.asset
    if instrument.multiple != 1.0:
        base = instrument.symbol.upper().removesuffix(instrument.quote)
    name = f"{base}/{quoted(instrument)}:{instrument.settle}"
    return name if instrument.kind == "perpetual" else f"{name}-{instrument.symbol[-6:]}"


Case = tuple[str, Opinion, dict[str, Listed]]
Opinions = dict[str, Opinion]


def known(name: str) -> dict[str, Listed]:
    """What a venue lists, by ccxt's name."""
    return {unified(one.instrument): one for one in listed(name).values()}


def calls(name: str) -> list[tuple[Any, ...]]:
    """The markets, open interest and funding of each instrument, and what is asked beside."""
    reading = READINGS[name]
    asked: list[tuple[Any, ...]] = [("load_markets",)]
    if reading.unified:
        asked += [("fetch_open_interest", symbol) for symbol in known(name)]
        asked += [("fetch_funding_rate", symbol) for symbol in known(name)]
    return asked + list(reading.more)


@pytest.fixture(scope="module")
def opinions() -> Opinions:
    """What ccxt says of every venue."""
    wishes = [
        Wish(reading.make(MARKET), reading.exchange, reading.settings, calls(name))
        for name, reading in READINGS.items()
    ]
    return dict(zip(READINGS, ask(wishes), strict=True))


@pytest.fixture(params=READINGS)
def case(request: pytest.FixtureRequest, opinions: Opinions) -> Case:
    """Each venue: its name, what ccxt said of it, what is listed by ccxt's name."""
    return request.param, opinions[request.param], known(request.param)


def further(name: str, opinions: Opinions) -> list[Any]:
    """What ccxt said to the further calls."""
    count = len(opinions[name].said)
    return [opinions[name][place] for place in range(count - len(READINGS[name].more), count)]


def test_instruments(case: Case) -> None:
    """The same contracts, with margin, currency, size, listing and expiry."""
    name, opinion, there = case
    said = opinion[0]
    assert opinion.version == "4.5.90"
    assert set(said) == set(there)
    for symbol, one in there.items():
        market, instrument = said[symbol], one.instrument
        assert market["active"]
        assert market["swap"] == (instrument.kind == "perpetual")
        assert (market["linear"], market["inverse"]) == (instrument.linear, not instrument.linear)
        assert (market["quote"], market["settle"]) == (quoted(instrument), instrument.settle)
        assert market["contractSize"] == READINGS[name].size(instrument)
        if market["created"] is not None:
            assert market["created"] * 1000 == one.listed_us
        if one.delivery_us is not None:
            assert market["expiry"] * 1000 == one.delivery_us


def test_open_interest(case: Case) -> None:
    """Coins and USD, once ccxt's units are undone, are the market's."""
    name, opinion, there = case
    reading = READINGS[name]
    for place, (symbol, one) in enumerate(there.items(), 1):
        said = opinion[place] if reading.unified else opinion[0][symbol]
        instrument = one.instrument
        at = reading.moment(said)
        assert NOW - HOUR < at <= NOW
        coin, usd = reading.coin(said, instrument), reading.usd(said, instrument)
        assert coin is not None or usd is not None
        if coin is not None:
            assert coin == pytest.approx(coins(instrument, at), rel=1e-12)
        if usd is not None:
            assert usd == pytest.approx(dollars(instrument, at), rel=1e-12)


def test_funding(case: Case) -> None:
    """Rate, interval and next settlement."""
    name, opinion, there = case
    for place, (symbol, one) in enumerate(there.items(), 1 + len(there)):
        wanted = quote(one.instrument)
        if name == "coinbase":
            said = details(opinion[0][symbol])
            assert float(said["funding_rate"]) == wanted.funding_rate
            assert said["funding_interval"] == f"{wanted.funding_interval_h * 3600}s"
            continue
        if not wanted.funding_interval_h:
            rate = opinion.said[place].get("said", {}).get("fundingRate")
            assert rate is None
            continue
        said = opinion[place]
        assert said["fundingRate"] == wanted.funding_rate
        if name != "binance":  # there ccxt gives none
            assert said["interval"] == HOURS[wanted.funding_interval_h]
        if name != "hyperliquid":  # there ccxt works it out from its own clock
            assert said["fundingTimestamp"] * 1000 == wanted.next_funding_us


def test_okx_says_the_rest_alike(opinions: Opinions) -> None:
    """All at once, histories of bars labelled by their open, settlements, ratios, candles."""
    interests, rates, held, settled, ratios, mark, candles = further("okx", opinions)
    there = {name: one.instrument for name, one in known("okx").items()}
    swaps = {name: one for name, one in there.items() if one.kind == "perpetual"}
    btc = there[BTC]
    assert set(interests) == set(rates) == set(swaps)
    for name, instrument in swaps.items():
        assert interests[name]["baseVolume"] == coins(instrument, NOW)
        assert rates[name]["fundingRate"] == quote(instrument).funding_rate
    assert len(held) == len(ratios) == len(candles) == 100
    for row in held[:-1]:
        end = row["timestamp"] * 1000 + 5 * MINUTE
        assert row["baseVolume"] == coins(btc, end)
        assert row["openInterestAmount"] == pytest.approx(coins(btc, end) / 0.01, rel=1e-12)
        assert row["openInterestValue"] == pytest.approx(dollars(btc, end), rel=1e-12)
    assert_settled(settled, btc)
    for row in ratios[:-1]:
        end = row["timestamp"] * 1000 + 5 * MINUTE
        assert row["longShortRatio"] == MARKET.ratios("okx", btc.symbol, end).global_accounts
    assert mark["markPrice"] == quote(btc).mark_price
    for opened, *prices, volume in candles[:-1]:
        start = opened * 1000
        bar = MARKET.bar("okx", "BTC-USD-SWAP", start, start + MINUTE)
        assert (prices, volume) == ([bar.open, bar.high, bar.low, bar.close], bar.volume_coin)


def assert_settled(rows: list[Any], instrument: Instrument, grain: int = HOUR) -> None:
    """Rates paid at their settlements; a few venues write them some milliseconds late."""
    assert len(rows) >= 20
    for row in rows:
        at = row["timestamp"] * 1000 // grain * grain
        assert row["fundingRate"] == MARKET.settled(instrument.venue, instrument.symbol, at)


def test_binance_says_the_rest_alike(opinions: Opinions) -> None:
    """Snapshots on a grid; the value of an inverse contract's history is in coins."""
    linear, inverse, rates, settled, ratios = further("binance", opinions)
    btc, usd = listed("binance")["BTCUSDT"].instrument, listed("binance")["BTCUSD_PERP"].instrument
    assert len(linear) == len(inverse) == len(ratios) == 30
    for row in linear:
        at = row["timestamp"] * 1000
        assert row["openInterestAmount"] == coins(btc, at)
        assert row["openInterestValue"] == pytest.approx(dollars(btc, at), rel=1e-12)
    for row in inverse:
        at = row["timestamp"] * 1000
        assert row["openInterestAmount"] * 100 == dollars(usd, at)
        assert row["openInterestValue"] == coins(usd, at)
    for name, one in listed("binance").items():
        if one.instrument.linear and one.instrument.kind == "perpetual":
            said = rates[unified(one.instrument)]
            mark = said["markPrice"] / one.instrument.multiple
            assert mark == pytest.approx(quote(one.instrument).mark_price, rel=1e-12), name
            assert said["fundingRate"] == quote(one.instrument).funding_rate
    assert_settled(settled, btc)
    for row in ratios:
        wanted = MARKET.ratios("binance", btc.symbol, row["timestamp"] * 1000).global_accounts
        assert row["longShortRatio"] == pytest.approx(wanted, rel=1e-3)  # four decimals of shares


def test_bybit_says_the_rest_alike(opinions: Opinions) -> None:
    """Histories stand at their timestamps, both sides counted."""
    held, settled, ratios = further("bybit", opinions)
    btc = listed("bybit")["BTCUSDT"].instrument
    assert len(held) >= 50
    for row in held:
        at = row["timestamp"] * 1000
        assert row["openInterestAmount"] / 2 == pytest.approx(coins(btc, at), rel=1e-12)
    assert_settled(settled, btc)
    assert ratios
    for row in ratios:
        wanted = MARKET.ratios("bybit", btc.symbol, row["timestamp"] * 1000).global_accounts
        assert row["longShortRatio"] == pytest.approx(wanted, rel=1e-9)


def test_bitget_says_the_rest_alike(opinions: Opinions) -> None:
    """Everything at once, and settlements by page."""
    rates, settled, newer = further("bitget", opinions)
    there = {name: one.instrument for name, one in known("bitget").items()}
    assert set(rates) == {name for name, one in there.items() if one.linear}
    for name, said in rates.items():
        instrument = there[name]
        mark = said["markPrice"] / instrument.multiple
        assert mark == pytest.approx(quote(instrument).mark_price, rel=1e-12)
        assert said["fundingRate"] == quote(instrument).funding_rate
    assert_settled(settled, there[BTC])
    assert newer["openInterestAmount"] == coins(there[BTC], NOW)  # v3, the same


def test_hyperliquid_says_the_rest_alike(opinions: Opinions) -> None:
    """Everything at once; settlements carry milliseconds of jitter."""
    interests, rates, settled = further("hyperliquid", opinions)
    there = {name: one.instrument for name, one in known("hyperliquid").items()}
    assert set(interests) == set(rates) == set(there)
    for name, instrument in there.items():
        amount = interests[name]["openInterestAmount"]
        assert amount * instrument.multiple == pytest.approx(coins(instrument, NOW), rel=1e-12)
        assert rates[name]["fundingRate"] == quote(instrument).funding_rate
        mark = rates[name]["markPrice"] / instrument.multiple
        assert mark == pytest.approx(quote(instrument).mark_price, rel=1e-12)
    assert_settled(settled, there["ETH/USDC:USDC"])


def test_what_ccxt_cannot_do(opinions: Opinions) -> None:
    """No open interest of Coinbase; and no address but those of our servers."""
    interest, elsewhere = opinions["coinbase"].said[-2:]
    assert interest["failed"].startswith("NotSupported")
    assert elsewhere["failed"].startswith("ConnectionRefusedError")


def test_the_page_prints_this_table() -> None:
    page = Path(__file__).resolve().parents[2] / "docs" / "second-opinion.md"
    assert page.read_text("utf-8").endswith(as_markdown())
