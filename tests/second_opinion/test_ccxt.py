"""ccxt reads from our servers what the market state says: instruments, open interest, funding.

Another reading of the venues' formats than ours: where a server wrote a field under a wrong name
or in a wrong unit, parser and server could agree with one another, but not with ccxt.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.second_opinion.conftest import MARKET, NOW, Ask, Opinion, listed, quote
from tests.second_opinion.units import as_markdown
from tideline.domain.instrument import Instrument
from tideline.domain.time import HOUR, MINUTE
from tideline.market.state import Listed, Market
from tideline.market.venues.bybit import BybitServer
from tideline.market.venues.coinbase import CoinbaseServer
from tideline.market.venues.hyperliquid import HyperliquidServer
from tideline.market.venues.okx import OkxServer
from tideline.market.venues.server import VenueServer

EIGHT_HOURS = {1: "1h", 2: "2h", 4: "4h", 8: "8h"}


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


def at_now(_: Any) -> int:
    return NOW


def at_timestamp(said: Any) -> int:
    return int(said["timestamp"]) * 1000


@dataclass(frozen=True)
class Reading:
    """How ccxt is asked about one venue, and how its open interest becomes coins and USD.

    ``size`` is what ccxt calls the contract size; ``coin`` and ``usd`` take its structure and the
    instrument; ``moment`` says when the number held. Where ccxt's unified calls do not give open
    interest and funding (not ``unified``), its market structure is taken instead.
    """

    make: Callable[[Market], VenueServer]
    exchange: str
    coin: Callable[[Any, Instrument], float | None]
    usd: Callable[[Any, Instrument], float | None]
    moment: Callable[[Any], int]
    size: Callable[[Instrument], float]
    settings: dict[str, Any] = field(default_factory=dict)
    unified: bool = True


def bybit_coin(said: Any, instrument: Instrument) -> float | None:
    """Both sides, in quoted units; inverse: nothing."""
    amount = said["openInterestAmount"]
    assert (amount is None) == (not instrument.linear)
    return None if amount is None else amount / 2 * instrument.multiple


def bybit_usd(said: Any, instrument: Instrument) -> float | None:
    """Both sides, inverse contracts only."""
    value = said["openInterestValue"]
    assert (value is None) == instrument.linear
    return None if value is None else value / 2


def okx_usd(said: Any, instrument: Instrument) -> float:
    """USD as it says; contracts of the amount are the coins or the USD over again."""
    size = instrument.contract_size or 0.0
    again = said["baseVolume"] if instrument.linear else said["openInterestValue"]
    assert said["openInterestAmount"] * size == pytest.approx(again, rel=1e-12)
    return float(said["openInterestValue"])


def details(said: Any) -> Any:
    """What Coinbase says of a future, as it came."""
    return said["info"]["future_product_details"]


READINGS: dict[str, Reading] = {
    "bybit": Reading(
        BybitServer,
        "bybit",
        bybit_coin,
        bybit_usd,
        at_timestamp,
        lambda instrument: 1.0,
        {"options": {"fetchMarkets": {"types": ["linear", "inverse"]}}},
    ),
    "okx": Reading(
        OkxServer,
        "okx",
        lambda said, _: said["baseVolume"],
        okx_usd,
        at_timestamp,
        lambda instrument: instrument.contract_size or 0.0,
    ),
    "hyperliquid": Reading(
        HyperliquidServer,
        "hyperliquid",
        lambda said, instrument: said["openInterestAmount"] * instrument.multiple,
        lambda said, _: said["openInterestValue"],
        at_now,
        lambda instrument: 1.0,
    ),
    "coinbase": Reading(
        CoinbaseServer,
        "coinbase",
        lambda said, _: float(details(said)["open_interest"]) * said["contractSize"],
        lambda said, _: None,
        at_now,
        lambda instrument: instrument.contract_size or 0.0,
        {"has": {"fetchCurrencies": False}},
        unified=False,
    ),
}


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


_asked: dict[str, tuple[Opinion, dict[str, Listed]]] = {}


@pytest.fixture(params=READINGS)
def case(request: pytest.FixtureRequest, ask: Ask) -> tuple[str, Opinion, dict[str, Listed]]:
    """A venue, what ccxt said of it, and what is listed, by ccxt's name.

    Calls: load_markets, then fetch_open_interest and fetch_funding_rate of each instrument.
    """
    name = request.param
    if name not in _asked:
        reading = READINGS[name]
        known = {unified(one.instrument): one for one in listed(name).values()}
        calls: list[tuple[Any, ...]] = [("load_markets",)]
        if reading.unified:
            calls += [("fetch_open_interest", symbol) for symbol in known]
            calls += [("fetch_funding_rate", symbol) for symbol in known]
        server = reading.make(MARKET)
        _asked[name] = ask(server, reading.exchange, calls, reading.settings), known
    return (name, *_asked[name])


Case = tuple[str, Opinion, dict[str, Listed]]


def test_instruments(case: Case) -> None:
    """The same contracts, with margin, currency, size, listing and expiry."""
    name, opinion, known = case
    said = opinion[0]
    assert opinion.version == "4.5.90"
    assert set(said) == set(known)
    for symbol, one in known.items():
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
    name, opinion, known = case
    reading = READINGS[name]
    for place, (symbol, one) in enumerate(known.items(), 1):
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
    name, opinion, known = case
    for place, (symbol, one) in enumerate(known.items(), 1 + len(known)):
        wanted = quote(one.instrument)
        if name == "coinbase":
            said = details(opinion[0][symbol])
            assert float(said["funding_rate"]) == wanted.funding_rate
            assert said["funding_interval"] == f"{wanted.funding_interval_h * 3600}s"
            continue
        if not wanted.funding_interval_h:
            assert "failed" in opinion.said[place]
            continue
        said = opinion[place]
        assert said["fundingRate"] == wanted.funding_rate
        assert said["interval"] == EIGHT_HOURS[wanted.funding_interval_h]
        if name != "hyperliquid":  # there ccxt works it out from its own clock
            assert said["fundingTimestamp"] * 1000 == wanted.next_funding_us


BTC = "BTC/USDT:USDT"


def test_okx_says_the_rest_alike(ask: Ask) -> None:
    """All at once, histories of bars labelled by their open, settlements, ratios, candles."""
    opinion = ask(
        OkxServer(MARKET),
        "okx",
        [
            ("fetch_open_interests",),
            ("fetch_funding_rates",),
            ("fetch_open_interest_history", BTC, "5m"),
            ("fetch_funding_rate_history", BTC),
            ("fetch_long_short_ratio_history", BTC, "5m"),
            ("fetch_mark_price", BTC),
            ("fetch_ohlcv", "BTC/USD:BTC", "1m"),
        ],
    )
    known = {unified(one.instrument): one.instrument for one in listed("okx").values()}
    swaps = {name: one for name, one in known.items() if one.kind == "perpetual"}
    btc = known[BTC]
    assert set(opinion[0]) == set(opinion[1]) == set(swaps)
    for name, instrument in swaps.items():
        assert opinion[0][name]["baseVolume"] == coins(instrument, NOW)
        assert opinion[1][name]["fundingRate"] == quote(instrument).funding_rate
    for row in opinion[2][:-1]:
        end = row["timestamp"] * 1000 + 5 * MINUTE
        assert row["baseVolume"] == coins(btc, end)
        assert row["openInterestAmount"] == pytest.approx(coins(btc, end) / 0.01, rel=1e-12)
        assert row["openInterestValue"] == pytest.approx(dollars(btc, end), rel=1e-12)
    assert len(opinion[2]) == 100
    for row in opinion[3]:
        at = row["timestamp"] * 1000
        assert row["fundingRate"] == MARKET.settled("okx", btc.symbol, at)
    for row in opinion[4][:-1]:
        end = row["timestamp"] * 1000 + 5 * MINUTE
        assert row["longShortRatio"] == MARKET.ratios("okx", btc.symbol, end).global_accounts
    assert opinion[5]["markPrice"] == quote(btc).mark_price
    for opened, *prices, volume in opinion[6][:-1]:
        start = opened * 1000
        bar = MARKET.bar("okx", "BTC-USD-SWAP", start, start + MINUTE)
        assert (prices, volume) == ([bar.open, bar.high, bar.low, bar.close], bar.volume_coin)


def test_bybit_says_the_rest_alike(ask: Ask) -> None:
    """Histories stand at their timestamps, both sides counted."""
    opinion = ask(
        BybitServer(MARKET),
        "bybit",
        [
            ("fetch_open_interest_history", BTC, "5m"),
            ("fetch_funding_rate_history", BTC),
            ("fetch_long_short_ratio_history", BTC, "5min"),
        ],
        READINGS["bybit"].settings,
    )
    btc = listed("bybit")["BTCUSDT"].instrument
    assert len(opinion[0]) >= 50
    for row in opinion[0]:
        at = row["timestamp"] * 1000
        assert row["openInterestAmount"] / 2 == pytest.approx(coins(btc, at), rel=1e-12)
    for row in opinion[1]:
        settled = MARKET.settled("bybit", btc.symbol, row["timestamp"] * 1000)
        assert row["fundingRate"] == settled
    for row in opinion[2]:
        ratios = MARKET.ratios("bybit", btc.symbol, row["timestamp"] * 1000)
        assert row["longShortRatio"] == pytest.approx(ratios.global_accounts, rel=1e-9)


def test_hyperliquid_says_the_rest_alike(ask: Ask) -> None:
    """Everything at once; settlements carry milliseconds of jitter."""
    opinion = ask(
        HyperliquidServer(MARKET),
        "hyperliquid",
        [
            ("fetch_open_interests",),
            ("fetch_funding_rates",),
            ("fetch_funding_rate_history", "ETH/USDC:USDC"),
        ],
    )
    known = {unified(one.instrument): one.instrument for one in listed("hyperliquid").values()}
    assert set(opinion[0]) == set(opinion[1]) == set(known)
    for name, instrument in known.items():
        amount = opinion[0][name]["openInterestAmount"]
        assert amount * instrument.multiple == pytest.approx(coins(instrument, NOW), rel=1e-12)
        assert opinion[1][name]["fundingRate"] == quote(instrument).funding_rate
        mark = opinion[1][name]["markPrice"] / instrument.multiple
        assert mark == pytest.approx(quote(instrument).mark_price, rel=1e-12)
    for row in opinion[2]:
        at = row["timestamp"] * 1000 // HOUR * HOUR
        assert row["fundingRate"] == MARKET.settled("hyperliquid", "ETH", at)


def test_nothing_leaves_this_machine(ask: Ask) -> None:
    """An address that is none of our servers is refused before it is asked."""
    opinion = ask(OkxServer(MARKET), "okx", [("fetch", "https://example.com/")])
    assert opinion.said[0]["failed"].startswith("ConnectionRefusedError")


def test_the_page_prints_this_table() -> None:
    page = Path(__file__).resolve().parents[2] / "docs" / "second-opinion.md"
    assert page.read_text("utf-8").endswith(as_markdown())
