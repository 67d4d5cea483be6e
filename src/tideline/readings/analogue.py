"""What R8 is handed and what it returns: vectors of the past, outcomes, and how they spread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Quantity = Literal["price", "oi"]

HORIZONS: tuple[str, ...] = ("1h", "4h", "24h")
QUANTILES: tuple[float, ...] = (0.05, 0.25, 0.5, 0.75, 0.95)
DEFAULT_WINDOW = "4h"


def dimensions(window: str) -> tuple[str, ...]:
    """The addresses of the vector on window w."""
    return (
        f"price.ret@{window}",
        f"positioning.oi_usdtm_coin@{window}:rate",
        f"funding.funding_avg@{window}",
        f"liquidations.liq_imbalance@{window}",
        f"positioning.taker_imbalance@{window}",
    )


@dataclass(frozen=True, slots=True)
class Outcome:
    """What followed each moment u over a horizon: a fraction, NaN null."""

    quantity: Quantity
    horizon: str
    values: Floats


@dataclass(frozen=True, slots=True)
class AnalogueInputs:
    """Both tables. What lies past T in them is not looked at.

    Attributes:
        dimensions: d addresses.
        now: the vector at T, [d]; NaN null.
        at: n moments in µs, ascending, each once.
        vectors: [n, d], each row as known at its own moment; NaN null.
        outcomes: price at every horizon of :data:`HORIZONS`, and OI where it is known.
        known_after_us: an outcome of u was known by u + horizon + this.
        left_out: groups that were not used, in words.
    """

    asset: str
    window: str
    as_of: int
    dimensions: tuple[str, ...]
    now: Floats
    at: Ints
    vectors: Floats
    outcomes: tuple[Outcome, ...]
    known_after_us: int = 0
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Dimension:
    """One dimension of the distance: its value at T, and how it is scaled."""

    address: str
    value: float
    mean: float
    sd: float


@dataclass(frozen=True, slots=True)
class Dropped:
    """A dimension that was not used, and why."""

    address: str
    why: str


@dataclass(frozen=True, slots=True)
class Analogue:
    """One moment like this one: when, how far in sd, what price did over each horizon."""

    at: int
    distance: float
    price: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Spread:
    """How a quantity spread: its count, quantiles at :data:`QUANTILES`, and how many rose."""

    count: int
    quantiles: tuple[float, ...]
    rose: int

    @property
    def share_rose(self) -> float:
        """Fraction of them above 0."""
        return self.rose / self.count


@dataclass(frozen=True, slots=True)
class Following:
    """What followed: the chosen moments beside every candidate of the same asset and period.

    ``like`` is None where fewer than ``analogue_least`` of the chosen have the quantity.
    """

    quantity: Quantity
    horizon: str
    like: Spread | None
    usual: Spread | None


@dataclass(frozen=True, slots=True)
class Analogues:
    """The answer. ``following`` is empty where too few independent moments are known.

    ``candidates`` are hourly moments and overlap; ``chosen`` do not. ``profile``: the table of
    numbers in force, ``differs`` where it is not the default's.
    """

    asset: str
    window: str
    as_of: int
    because: str
    rule: str
    dimensions: tuple[Dimension, ...]
    dropped: tuple[Dropped, ...]
    candidates: int
    first: int | None
    last: int | None
    chosen: tuple[Analogue, ...]
    following: tuple[Following, ...]
    left_out: tuple[str, ...] = ()
    profile: str = "default"
    differs: tuple[str, ...] = ()

    @property
    def told(self) -> bool:
        """Were there enough independent moments for numbers?"""
        return bool(self.following)

    def followed(self, horizon: str, quantity: Quantity = "price") -> Following | None:
        """What followed over one horizon; None where nothing can be said."""
        found = (f for f in self.following if (f.horizon, f.quantity) == (horizon, quantity))
        return next(found, None)
