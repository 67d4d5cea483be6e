"""Numbers of R9."""

from __future__ import annotations

from dataclasses import dataclass

from tideline.readings.numbers.number import number


@dataclass(frozen=True)
class PositionNumbers:
    """What the pre-trade checklist holds a position against."""

    risk_share: float = number(
        0.01, "of equity", "published", "loss at the stop, costs included, at most this", high=1
    )
    taker_fee: float = number(
        0.0005, "of notional", "published", "fee of one fill, Binance's for a regular taker",
        high=0.05,
    )  # fmt: skip
    slippage: float = number(
        0.0002, "of notional", "judgement", "what one fill loses against the price asked for",
        high=0.1,
    )  # fmt: skip
    funding_bad_quantile: float = number(
        0.95, "quantile", "judgement", "funding against the side, for the dear case", high=1
    )
    funding_bad_days: float = number(
        90, "days", "judgement", "how far back that quantile looks", low=7, high=365
    )
    funding_bad_samples: float = number(
        200, "samples", "judgement", "hourly samples it needs", low=10, high=8760
    )
    cost_share: float = number(
        0.25, "of the stop's distance", "judgement", "costs of the way there and back at most this",
        high=10,
    )  # fmt: skip
