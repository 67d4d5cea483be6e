"""Amounts with their unit, and the one way into stored open interest: one-sided base coin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NewType

from tideline.domain.conventions import Convention
from tideline.domain.errors import BadInput
from tideline.domain.instrument import Instrument

Coin = NewType("Coin", float)
"""Base coins (not 1000s of them), one-sided."""

Usd = NewType("Usd", float)
"""US dollars; USDT and USDC count as 1."""

Price = NewType("Price", float)
"""Quote currency per one base coin."""


@dataclass(frozen=True, slots=True)
class RawAmount:
    """A number as a venue wrote it, with the unit and sides of its convention."""

    value: float
    unit: str
    sides: str


@dataclass(frozen=True, slots=True)
class Scale:
    """Stored value = raw value x ``factor``, then divided by the price if ``per_price``."""

    factor: float
    per_price: bool
    sides: str
    contract_size: float | None = None


def coin_scale(instrument: Instrument, convention: Convention) -> Scale:
    """How a raw quantity of this instrument becomes one-sided base coins.

    Raises:
        BadInput: contracts whose size is not known, or a unit that is no quantity.
    """
    one_sided = 1.0 / convention.divisor
    if convention.unit == "coin":
        return Scale(instrument.multiple * one_sided, False, convention.sides)
    if convention.unit in ("usd", "quote"):
        return Scale(one_sided, True, convention.sides)
    if convention.unit == "contracts":
        size = convention.contract_size or instrument.contract_size
        if size is None:
            raise BadInput("contract_size", instrument.symbol, "is not known for this moment")
        return Scale(size * one_sided, not instrument.linear, convention.sides, size)
    raise BadInput("unit", convention.unit, "is not a quantity", "coin")


def usd_scale(instrument: Instrument, convention: Convention) -> Scale:
    """How a raw notional of this instrument becomes one-sided US dollars.

    Raises:
        BadInput: the unit is not a notional.
    """
    if convention.unit not in ("usd", "quote"):
        raise BadInput("unit", convention.unit, f"is no notional of {instrument.symbol}", "usd")
    return Scale(1.0 / convention.divisor, False, convention.sides)


def price_factor(instrument: Instrument) -> float:
    """Stored price per one coin = the venue's price x this (1000PEPE: 1/1000)."""
    return 1.0 / instrument.multiple


def to_coin(
    raw: RawAmount, instrument: Instrument, convention: Convention, price: Price | None = None
) -> Coin:
    """One-sided base coins of a raw amount.

    ``price`` (quote per coin, of the same instant) is needed where the venue counts in USD.

    Raises:
        BadInput: unit or sides differ from the convention's, or the price is missing.
    """
    _agree(raw, convention)
    scale = coin_scale(instrument, convention)
    if not scale.per_price:
        return Coin(raw.value * scale.factor)
    if price is None or not price > 0:
        raise BadInput("price", price, f"is needed to turn USD of {instrument.symbol} into coins")
    return Coin(raw.value * scale.factor / price)


def to_usd(coin: Coin, price: Price) -> Usd:
    """The notional of one-sided coins at a price of the same instant."""
    return Usd(coin * price)


def _agree(raw: RawAmount, convention: Convention) -> None:
    if raw.unit != convention.unit:
        raise BadInput("unit", raw.unit, f"is not how {convention.venue} counts", convention.unit)
    if raw.sides != convention.sides:
        raise BadInput(
            "sides", raw.sides, f"is not how {convention.venue} counts", convention.sides
        )
