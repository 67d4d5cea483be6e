"""Which books an asset is traded on, in which lots and ticks."""

from __future__ import annotations

from math import floor, log10
from typing import NamedTuple

from tideline.domain.venue import GATEWAY
from tideline.market.assets import Coin
from tideline.market.contracts import SHARES, Contract, contracts
from tideline.market.tape import BookName

PRICE = 20_000
"""Ticks at the start: one is half a basis point."""
USUAL = 400_000
"""Lots of open interest of a book with share 1."""
INVERSE_SHARE = 0.25
SPOT_SHARE = 0.6


class Books(NamedTuple):
    """The books of an asset, spot last, and how much is open on each next to Binance's."""

    names: tuple[BookName, ...]
    shares: tuple[float, ...]


def books_of(coin: Coin, scenario: str, steps: int) -> Books:
    """Linear perpetuals of six venues; where contracts migrate, also one that is left behind."""
    tick, lot = _tick(coin), _round(coin.oi_musd * 1e6 / coin.price / USUAL)
    names, shares = [], []
    for contract in contracts((coin,)):
        found = contract.instrument
        if found.venue == GATEWAY or found.kind != "perpetual" or not found.linear:
            continue
        late = steps * 3 // 5 if scenario == "new_listing" and found.venue == "bybit" else 0
        names.append(
            BookName(found.venue, found.symbol, False, lot, tick, contract.interval_h, late)
        )
        shares.append(SHARES[found.venue])
    if scenario == "contract_migration":
        names.append(_left_behind(coin, lot, tick))
        shares.append(INVERSE_SHARE)
    names.append(BookName("spot", coin.asset, True, lot, tick, 0))
    return Books(tuple(names), (*shares, SPOT_SHARE))


def _left_behind(coin: Coin, lot: float, tick: float) -> BookName:
    """The inverse perpetual of Binance; coins without one have a second one on OKX."""
    inverse = [one for one in contracts((coin,)) if _inverse(one)]
    if inverse:
        found = inverse[0].instrument
        return BookName(found.venue, found.symbol, False, lot, tick, 8)
    return BookName("okx", f"{coin.asset}-USDC-SWAP", False, lot, tick, 8)


def _inverse(one: Contract) -> bool:
    found = one.instrument
    return found.venue == "binance" and found.kind == "perpetual" and not found.linear


def _tick(coin: Coin) -> float:
    """A twenty-thousandth of the price, in steps that six significant digits carry."""
    return _round(coin.price / PRICE)


def _round(value: float) -> float:
    """Two significant digits."""
    digits = 1 - floor(log10(value))
    return round(value, digits)
