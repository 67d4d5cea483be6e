"""Numbers of R7."""

from __future__ import annotations

from dataclasses import dataclass

from tideline.readings.numbers.number import number


@dataclass(frozen=True)
class CaveatNumbers:
    """When open interest lies, and how much less a reading then weighs."""

    caveat_weight: float = number(
        0.8, "× confidence", "judgement", "each caveat multiplies confidence by this", high=1
    )
    new_listing_days: float = number(
        14, "days", "published", "an instrument younger than this is new (1–2 weeks)", high=365
    )
    coverage_least: float = number(0.80, "of OI", "judgement", "coverage below it is told", high=1)
    calendar_reach_h: float = number(
        2, "h", "judgement", "an event nearer than this is told", high=168
    )
    settlement_reach_min: float = number(
        30, "min", "judgement", "a funding settlement nearer than this is told", high=480
    )
    thin_rank: float = number(
        0.20, "percentile", "judgement", "1 h volume under it for these hours: a thin session",
        high=1,
    )  # fmt: skip
    hedge_share: float = number(
        0.5, "× median", "judgement", "|basis| and |funding| within this share of their median",
        high=10,
    )  # fmt: skip
    hedge_flow: float = number(
        0.1, "|cvd|/|ΔQ|", "judgement", "takers explain at most this much of what was opened",
        high=100,
    )  # fmt: skip
