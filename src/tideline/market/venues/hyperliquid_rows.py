"""What the market is, as Hyperliquid writes it: numbers are strings with a point, times are ms.

Fields as in the captured frames (``tests/payloads/hyperliquid``). Everything counts in quoted
units: kPEPE is 1000 PEPE, so sizes are divided by 1000 and prices multiplied.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from zlib import crc32

from tideline.domain.instrument import Instrument
from tideline.domain.time import DAY, HOUR, MINUTE, SECOND
from tideline.market.state import Bar, Listed, Market
from tideline.market.venues.figures import exact
from tideline.market.venues.trading import listed_at

VENUE = "hyperliquid"
Row = dict[str, object]

INTERVALS = {
    "1m": MINUTE,
    "3m": 3 * MINUTE,
    "5m": 5 * MINUTE,
    "15m": 15 * MINUTE,
    "30m": 30 * MINUTE,
    "1h": HOUR,
    "2h": 2 * HOUR,
    "4h": 4 * HOUR,
    "8h": 8 * HOUR,
    "12h": 12 * HOUR,
    "1d": DAY,
}


def pointed(value: Decimal) -> str:
    """Digits without an exponent, with a point: ``77562.0``, ``0.0000125``."""
    text = format(value.normalize(), "f")
    return text if "." in text else f"{text}.0"


def size(coins: float, of: Instrument) -> str:
    """Coins as quoted units."""
    return pointed(exact(coins) / exact(of.multiple))


def price(per_coin: float, of: Instrument) -> str:
    """A price of one quoted unit."""
    return pointed(exact(per_coin) * exact(of.multiple))


def universe(market: Market, at: int) -> dict[str, Listed]:
    """The assets of the main dex in order; a delisted one keeps its place, a new one is last."""
    found: dict[str, Listed] = {}
    for one in sorted(market.listed(VENUE, at), key=lambda one: one.listed_us):
        found[one.instrument.symbol] = one
    return found


def asset(one: Listed, at: int) -> Row:
    """An entry of ``universe``."""
    row: Row = {"name": one.instrument.symbol, "szDecimals": 4, "maxLeverage": 20}
    if not listed_at(one, at):
        row["isDelisted"] = True
    return row


def context(market: Market, one: Listed, at: int, base_volume: bool = False) -> Row:
    """An asset context; ``dayBaseVlm`` only stands in frames for all dexs."""
    instrument = one.instrument
    now = market.quote(VENUE, instrument.symbol, at)
    before = market.quote(VENUE, instrument.symbol, at - DAY)
    mark, index = exact(now.mark_price), exact(now.index_price)
    step = mark / 20_000
    around = [
        pointed(_five((mark + shift) * exact(instrument.multiple))) for shift in (-step, step)
    ]
    row: Row = {
        "funding": pointed(exact(now.funding_rate)),
        "openInterest": size(now.oi_coin, instrument),
        "prevDayPx": price(before.last_price, instrument),
        "dayNtlVlm": pointed(exact(now.volume_24h_coin) * exact(now.last_price)),
        "premium": pointed(round((mark - index) / index, 10)),
        "oraclePx": price(now.index_price, instrument),
        "markPx": price(now.mark_price, instrument),
        "midPx": price(now.mark_price, instrument),
        "impactPxs": around,
    }
    if base_volume:
        row["dayBaseVlm"] = size(now.volume_24h_coin, instrument)
    return row


def _five(value: Decimal) -> Decimal:
    """Five significant digits."""
    return Decimal(f"{value:.4e}")


def jitter_us(symbol: str, hour: int) -> int:
    """How long after its hour a settlement is stamped: below 100 ms, always the same."""
    return crc32(f"{symbol}{hour}".encode()) % 100 * 1000


def settlements(market: Market, one: Listed, start: int, end: int) -> Iterator[Row]:
    """Settled rates stamped in [start, end], oldest first."""
    symbol = one.instrument.symbol
    for hour in range(max(start // HOUR * HOUR, _hour_from(one.listed_us)), end + 1, HOUR):
        stamped = hour + jitter_us(symbol, hour)
        if not (start <= stamped <= end and listed_at(one, hour)):
            continue
        quote = market.quote(VENUE, symbol, hour)
        basis = (exact(quote.mark_price) - exact(quote.index_price)) / exact(quote.index_price)
        yield {
            "coin": symbol,
            "fundingRate": pointed(exact(market.settled(VENUE, symbol, hour))),
            "premium": pointed(round(basis, 8)),
            "time": stamped // 1000,
        }


def _hour_from(at: int) -> int:
    return -(-at // HOUR) * HOUR


def candle(bar: Bar, of: Instrument, interval: str, shift_us: int) -> Row:
    """A bar; ``shift_us`` moves its label away from its open time."""
    opened = bar.start + shift_us
    return {
        "t": opened // 1000,
        "T": (opened + INTERVALS[interval]) // 1000 - 1,
        "s": of.symbol,
        "i": interval,
        "o": price(bar.open, of),
        "c": price(bar.close, of),
        "h": price(bar.high, of),
        "l": price(bar.low, of),
        "v": size(bar.volume_coin, of),
        "n": crc32(f"{of.symbol}{bar.start}".encode()) % 500 if bar.volume_coin else 0,
    }


def trades(market: Market, of: Instrument, start: int, end: int) -> list[Row]:
    """What was traded in (start, end] by whole seconds: one row for each side that took."""
    rows = []
    for second in range(start // SECOND + 1, end // SECOND + 1):
        at = second * SECOND
        bar = market.bar(VENUE, of.symbol, at - SECOND, at)
        bought, all_of_it = exact(bar.taker_buy_coin), exact(bar.volume_coin)
        for side, coins in (("B", bought), ("A", all_of_it - bought)):
            if coins > 0:
                rows.append(_trade(of, side, coins, bar.close, at))
    return rows


def _trade(of: Instrument, side: str, coins: Decimal, per_coin: float, at: int) -> Row:
    number = crc32(f"{of.symbol}{side}".encode())
    return {
        "coin": of.symbol,
        "side": side,
        "px": price(per_coin, of),
        "sz": pointed(coins / exact(of.multiple)),
        "time": at // 1000,
        "hash": "0x" + "0" * 64,
        "tid": at // 1000 % 1_000_000_000 * 1_000_000 + number % 1_000_000,
        "users": [f"0x{number:040x}", f"0x{number ^ 1:040x}"],
    }
