"""A position somebody means to take, and what of it cannot be."""

from __future__ import annotations

import math
from dataclasses import dataclass

from tideline.domain.errors import BadInput, UnknownName
from tideline.domain.time import DAY, HOUR, format_duration
from tideline.readings.liquidation_price import Margin, Side, sign_of
from tideline.readings.margin_tiers import MarginTiers
from tideline.readings.price_words import price_words

SIDES: tuple[Side, ...] = ("long", "short")
MARGINS: tuple[Margin, ...] = ("isolated", "cross")
LONGEST = 90 * DAY
FARTHEST = 2.0
"""Times the mark that an entry may lie away from it: beyond, it is another unit or another coin."""


@dataclass(frozen=True, slots=True)
class Position:
    """A linear (USDT) position. Refused on the spot where it contradicts itself.

    Attributes:
        size_coin: base coins, above 0.
        entry, stop: USD per coin.
        leverage: notional over margin, from 1.
        equity_usd: all that the account holds.
        horizon_us: how long it is meant to be held.
    """

    side: Side
    size_coin: float
    entry: float
    stop: float
    leverage: float
    equity_usd: float
    margin: Margin = "isolated"
    horizon_us: int = 2 * DAY

    def __post_init__(self) -> None:
        if self.side not in SIDES:
            raise UnknownName("side", str(self.side), SIDES)
        if self.margin not in MARGINS:
            raise UnknownName("margin", str(self.margin), MARGINS)
        for field, value in (
            ("size", self.size_coin),
            ("entry", self.entry),
            ("stop", self.stop),
            ("leverage", self.leverage),
            ("equity", self.equity_usd),
        ):
            if not (math.isfinite(value) and value > 0):
                raise BadInput(field, value, "is not a number above 0")
        if self.leverage < 1:
            raise BadInput("leverage", self.leverage, "is below 1", "1")
        if not HOUR <= self.horizon_us <= LONGEST:
            near = "1h" if self.horizon_us < HOUR else format_duration(LONGEST)
            told = format_duration(self.horizon_us)
            raise BadInput("horizon", told, "is not within 1h .. 90d", near)
        if self.sign * (self.entry - self.stop) <= 0:
            where = "below" if self.side == "long" else "above"
            problem = f"is on the wrong side: the stop of a {self.side} lies {where} its entry"
            raise BadInput("stop", self.stop, problem, f"{where} {self.entry:g}")
        if self.margin_usd > self.equity_usd * (1 + 1e-12):
            most = self.equity_usd * self.leverage / self.entry
            problem = (
                f"needs {self.margin_usd:,.2f} USD of margin at {self.leverage:g}x, more than the "
                f"equity of {self.equity_usd:,.2f}"
            )
            raise BadInput("size", self.size_coin, problem, f"{most:.6g} or less")

    @property
    def sign(self) -> int:
        """+1 long, −1 short."""
        return sign_of(self.side)

    @property
    def notional_usd(self) -> float:
        """Size at the entry."""
        return self.size_coin * self.entry

    @property
    def margin_usd(self) -> float:
        """Margin it takes to open it."""
        return self.notional_usd / self.leverage

    @property
    def wallet_usd(self) -> float:
        """Margin that stands behind it: its own, or with cross margin everything."""
        return self.margin_usd if self.margin == "isolated" else self.equity_usd

    @property
    def stop_share(self) -> float:
        """Distance from entry to stop as a fraction of the entry."""
        return abs(self.entry - self.stop) / self.entry

    @property
    def horizon_h(self) -> float:
        """The horizon in hours."""
        return self.horizon_us / HOUR


def check_entry(position: Position, mark: float | None) -> None:
    """Refuse an entry that is no price of this coin: off the mark by more than a factor of two.

    Raises:
        BadInput: names the mark.
    """
    if mark is None or mark / FARTHEST <= position.entry <= mark * FARTHEST:
        return
    problem = f"is more than {FARTHEST:g} times away from the mark"
    raise BadInput("entry", position.entry, problem, price_words(mark))


def check_leverage(position: Position, tiers: MarginTiers) -> None:
    """Refuse leverage or size that the venue does not allow.

    Raises:
        BadInput: names the most that this notional may have.
    """
    notional, top = position.notional_usd, tiers.tiers[-1]
    if notional > top.cap_usd:
        most = f"{top.cap_usd / position.entry:.6g} or less"
        problem = f"is {notional:,.0f} USD, above the last tier of {top.cap_usd:,.0f}"
        raise BadInput("size", position.size_coin, problem, most)
    allowed = tiers.tier_of(notional).max_leverage
    if position.leverage > allowed:
        problem = f"is above the tier of {notional:,.0f} USD ({tiers.words})"
        raise BadInput("leverage", position.leverage, problem, f"{allowed:g} or less")
