"""The coins of the synthetic market: where each one's price and open interest start."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tideline.domain.errors import UnknownName


@dataclass(frozen=True, slots=True)
class Coin:
    """A coin: price in USD, and open interest of its largest perpetual in millions of USD."""

    asset: str
    price: float
    oi_musd: float


NAMED: tuple[Coin, ...] = (
    Coin("BTC", 91_500.0, 8_400.0),
    Coin("ETH", 3_120.0, 5_600.0),
    Coin("SOL", 141.0, 1_300.0),
    Coin("XRP", 2.14, 780.0),
    Coin("DOGE", 0.152, 420.0),
    Coin("BNB", 905.0, 610.0),
    Coin("PEPE", 0.00000472, 190.0),
    Coin("ADA", 0.451, 160.0),
    Coin("LINK", 13.4, 210.0),
    Coin("SUI", 1.62, 240.0),
    Coin("AVAX", 14.1, 150.0),
    Coin("LTC", 86.0, 170.0),
    Coin("DOT", 2.33, 110.0),
    Coin("BCH", 542.0, 180.0),
    Coin("TRX", 0.287, 130.0),
    Coin("NEAR", 2.21, 95.0),
    Coin("AAVE", 178.0, 120.0),
    Coin("UNI", 6.1, 105.0),
    Coin("APT", 2.6, 80.0),
    Coin("ARB", 0.21, 78.0),
    Coin("OP", 0.31, 66.0),
    Coin("FIL", 1.63, 90.0),
    Coin("HBAR", 0.142, 75.0),
    Coin("XLM", 0.247, 70.0),
    Coin("ETC", 14.6, 68.0),
    Coin("ATOM", 2.5, 45.0),
    Coin("INJ", 5.9, 44.0),
    Coin("SEI", 0.138, 42.0),
    Coin("TIA", 0.62, 48.0),
    Coin("WLD", 0.66, 60.0),
    Coin("SHIB", 0.0000086, 85.0),
    Coin("BONK", 0.0000102, 62.0),
    Coin("FLOKI", 0.0000485, 31.0),
    Coin("WIF", 0.41, 58.0),
    Coin("ENA", 0.27, 92.0),
    Coin("ONDO", 0.53, 64.0),
    Coin("JUP", 0.24, 38.0),
    Coin("TON", 1.56, 72.0),
    Coin("CRV", 0.42, 55.0),
    Coin("LDO", 0.72, 36.0),
    Coin("ICP", 4.7, 57.0),
    Coin("ALGO", 0.141, 34.0),
    Coin("GALA", 0.0071, 29.0),
    Coin("SAND", 0.155, 25.0),
    Coin("AXS", 1.02, 22.0),
    Coin("DYDX", 0.21, 21.0),
    Coin("GMX", 9.1, 12.0),
    Coin("STX", 0.33, 24.0),
    Coin("RUNE", 0.69, 23.0),
    Coin("MNT", 1.05, 26.0),
)
"""Late 2026, in round numbers; ordered by what a desk looks at first."""


def default_assets(count: int) -> tuple[Coin, ...]:
    """The first ``count`` coins; beyond the named ones thin coins of no real name follow."""
    thin = (
        Coin(f"THIN{number}", 0.05 * 1.37 ** (number % 17), 4.0 + number % 9)
        for number in range(max(0, count - len(NAMED)))
    )
    return (*NAMED[:count], *thin)


def coins_named(names: Sequence[str]) -> tuple[Coin, ...]:
    """The coins of these names.

    Raises:
        UnknownName: the synthetic market has no such coin.
    """
    known = {coin.asset: coin for coin in NAMED}
    for name in names:
        if name not in known:
            raise UnknownName("assets", name, known)
    return tuple(known[name] for name in names)
