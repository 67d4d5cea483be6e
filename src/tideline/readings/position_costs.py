"""What a position costs: fills, slippage, funding over the horizon; its risk and its break-even.

Everything but the liquidation price grows in proportion to size, so the size that meets a risk is
one division. Funding is taken at one rate for the whole horizon: the running one, and the one that
was dearer for this side in 5 % of the past hours only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tideline.readings.numbers.position import PositionNumbers
from tideline.readings.position import Position

FUNDING_HOURS = 8.0
"""Funding rates are fractions per so many hours."""


@dataclass(frozen=True, slots=True)
class Costs:
    """USD over the horizon. Funding above 0 is paid, below 0 received; None: not known.

    Attributes:
        stop_loss_usd: size × |entry − stop|.
        fees_usd, slippage_usd: of both fills, the second at the stop.
        funding_usd: at the rate of now; ``funding_bad_usd`` at the dear one.
        rate, bad_rate: those rates per 8 h, above 0 longs pay.
        samples: hours the dear rate was taken from.
        break_even: fraction price has to move the right way, at the funding of now (0 if unknown).
        break_even_bad: the same at the dear funding.
    """

    stop_loss_usd: float
    fees_usd: float
    slippage_usd: float
    rate: float | None
    bad_rate: float | None
    samples: int
    funding_usd: float | None
    funding_bad_usd: float | None
    break_even: float
    break_even_bad: float

    @property
    def funding_risk_usd(self) -> float | None:
        """The dearer of the two fundings, never a receipt; None where neither is known."""
        known = [x for x in (self.funding_usd, self.funding_bad_usd) if x is not None]
        return max(0.0, *known) if known else None

    @property
    def risk_usd(self) -> float:
        """Loss at the stop with everything it costs; without funding where that is not known."""
        return (
            self.stop_loss_usd + self.fees_usd + self.slippage_usd + (self.funding_risk_usd or 0.0)
        )


def costs_of(
    position: Position,
    rate: float | None,
    history: Sequence[float | None],
    numbers: PositionNumbers,
) -> Costs:
    """The costs of a position.

    Args:
        rate: funding now, fraction per 8 h, above 0 longs pay; None unknown.
        history: the same at past hours, as known at T; None where null.
    """
    fill = numbers.taker_fee, numbers.slippage
    both = position.size_coin * (position.entry + position.stop)
    known = [position.sign * x for x in history if x is not None and np.isfinite(x)]
    bad = None
    if len(known) >= numbers.funding_bad_samples:
        bad = position.sign * float(np.quantile(known, numbers.funding_bad_quantile))
    paid, paid_bad = funding_usd(position, rate), funding_usd(position, bad)
    fills = 2.0 * sum(fill)
    notional = position.notional_usd
    dear = max((x for x in (paid, paid_bad) if x is not None), default=0.0)
    return Costs(
        stop_loss_usd=position.size_coin * abs(position.entry - position.stop),
        fees_usd=both * fill[0],
        slippage_usd=both * fill[1],
        rate=rate,
        bad_rate=bad,
        samples=len(known),
        funding_usd=paid,
        funding_bad_usd=paid_bad,
        break_even=fills + (paid or 0.0) / notional,
        break_even_bad=fills + dear / notional,
    )


def funding_usd(position: Position, rate: float | None) -> float | None:
    """What the side pays over the horizon at one rate; below 0 it receives."""
    if rate is None:
        return None
    settlements = position.horizon_h / FUNDING_HOURS
    return position.sign * rate * settlements * position.notional_usd


def size_for(position: Position, costs: Costs, numbers: PositionNumbers) -> float:
    """The size in coin whose risk is exactly the allowed share of equity."""
    allowed = numbers.risk_share * position.equity_usd
    return position.size_coin * allowed / costs.risk_usd


def break_even_price(position: Position, move: float) -> float:
    """The price at which a move of that fraction the right way has been made."""
    return position.entry * (1.0 + position.sign * move)
