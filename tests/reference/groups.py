"""Which instruments a signal speaks of: a small reading of the venues' symbols, of its own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.reference.model import VENUES, Group


@dataclass(frozen=True)
class Facts:
    """What the group sets need to know of an instrument."""

    kind: str  # perpetual, future, spot, reference
    linear: bool
    settle: str


def facts_of(group: Group, instruments: Mapping[Group, Any] | None = None) -> Facts:
    """Facts as handed in (objects with kind, linear, settle), else as the symbol says."""
    if instruments is not None and group in instruments:
        given = instruments[group]
        return Facts(given.kind, given.linear, given.settle)
    return READERS.get(group[0], lambda symbol: Facts("other", True, ""))(group[1])


def _binance(symbol: str) -> Facts:
    pair, _, tail = symbol.partition("_")
    kind = "future" if tail.isdigit() else "perpetual"
    if pair.endswith(("USDT", "USDC")):
        return Facts(kind, True, pair[-4:])
    return Facts(kind, False, pair.removesuffix("USD"))


def _bybit(symbol: str) -> Facts:
    if symbol.endswith("USDT"):
        return Facts("perpetual", True, "USDT")
    if symbol.endswith("PERP"):
        return Facts("perpetual", True, "USDC")
    if re.search(r"USD[FGHJKMNQUVXZ]\d\d$", symbol):
        return Facts("future", False, symbol[:-6])
    return Facts("perpetual", False, symbol.removesuffix("USD"))


def _okx(symbol: str) -> Facts:
    base, quote, *tail = symbol.split("-")
    kind = {"SWAP": "perpetual", "": "spot"}.get(tail[0] if tail else "", "future")
    return Facts(kind, quote != "USD", quote if quote != "USD" else base)


READERS = {
    "binance": _binance,
    "bybit": _bybit,
    "okx": _okx,
    "bitget": lambda symbol: Facts("perpetual", symbol.endswith("USDT"), symbol[-4:]),
    "hyperliquid": lambda symbol: Facts("perpetual", True, "USDC"),
    "coinbase": lambda symbol: Facts("perpetual", True, "USD"),
    "reference": lambda symbol: Facts("reference", True, ""),
}


def is_usdtm(group: Group, facts: Facts) -> bool:
    """USDT-settled linear perpetuals on binance, bybit, okx."""
    return (
        group[0] in ("binance", "bybit", "okx")
        and facts.kind == "perpetual"
        and facts.linear
        and facts.settle == "USDT"
    )


def is_binance_usdtm(group: Group, facts: Facts) -> bool:
    return group[0] == "binance" and is_usdtm(group, facts)


def is_bybit_usdtm(group: Group, facts: Facts) -> bool:
    """The groups whose liquidation feed is complete: Bybit's (since when is left out here)."""
    return group[0] == "bybit" and is_usdtm(group, facts)


def is_hyperliquid_main(group: Group, facts: Facts) -> bool:
    return group[0] == "hyperliquid" and facts.kind == "perpetual" and ":" not in group[1]


def is_inverse(group: Group, facts: Facts) -> bool:
    return (
        group[0] in ("binance", "bybit", "okx")
        and facts.kind in ("perpetual", "future")
        and not facts.linear
    )


def is_any(group: Group, facts: Facts) -> bool:
    """ALL: perpetuals and futures on the six venues."""
    return group[0] in VENUES and facts.kind in ("perpetual", "future")


def is_perpetual(group: Group, facts: Facts) -> bool:
    return group[0] in VENUES and facts.kind == "perpetual"


def in_order(groups: set[Group]) -> list[Group]:
    """Venues in catalogue order, instruments by name."""
    return sorted(groups, key=lambda group: (VENUES.index(group[0]), group[1]))
