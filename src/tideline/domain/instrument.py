"""What an instrument is. Reading the venues' own symbols is the work of ``tideline.venues``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["perpetual", "future", "spot", "reference"]


@dataclass(frozen=True, slots=True)
class Instrument:
    """One instrument of one venue, as its name and facts say.

    Attributes:
        venue: venue name of :mod:`tideline.domain.venue`.
        symbol: the venue's own symbol, as written in rows.
        asset: the coin. 1000PEPE and kPEPE belong to PEPE.
        quote: currency of the price.
        settle: currency of margin and settlement.
        kind: perpetual, future, spot or reference.
        linear: True when margined in the quote currency, False when margined in the coin.
        multiple: coins that one quoted unit stands for (1000PEPE: 1000).
        contract_size: coins (linear) or USD (inverse) in one contract, None when not known.
        listed_us: listing time in microseconds UTC, None when not known.
    """

    venue: str
    symbol: str
    asset: str
    quote: str
    settle: str
    kind: Kind
    linear: bool
    multiple: float = 1.0
    contract_size: float | None = None
    listed_us: int | None = None

    @property
    def usdt_linear_perpetual(self) -> bool:
        """USDT-settled, linear and perpetual."""
        return self.kind == "perpetual" and self.linear and self.settle == "USDT"

    @property
    def derivative(self) -> bool:
        """A perpetual or a dated future."""
        return self.kind in ("perpetual", "future")
