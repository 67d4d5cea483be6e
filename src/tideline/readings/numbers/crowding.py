"""Numbers of R4."""

from __future__ import annotations

from dataclasses import dataclass

from tideline.readings.numbers.number import number


@dataclass(frozen=True)
class CrowdingNumbers:
    """Crowding, pace, leverage against the coin and against spot."""

    funding_rising_z: float = number(
        1, "sd", "judgement", "z of funding's change over 24 h from which it rises"
    )
    funding_windows: float = number(
        180, "windows of 4 h", "judgement", "how far back funding is ranked", low=2, high=1000
    )
    funding_low_rank: float = number(
        0.05, "percentile", "judgement", "funding at or under it is extreme", high=1
    )
    funding_high_rank: float = number(
        0.95, "percentile", "judgement", "funding at or over it is extreme", high=1
    )
    funding_baseline: float = number(
        0.0001, "per 8 h", "published", "the interest part of funding, a venue convention",
        low=-1, high=1,
    )  # fmt: skip
    funding_away: float = number(
        0.0001,
        "per 8 h",
        "judgement",
        "an extreme stands so far from the baseline",
        high=1,
    )
    pace_calm: float = number(
        0.01, "a day", "published", "|ΔOI| in a day from which it is calm", high=10
    )
    pace_brisk: float = number(0.03, "a day", "judgement", "... brisk", high=10)
    pace_spike: float = number(0.08, "a day", "published", "... a spike", high=10)
    pace_week: float = number(0.25, "a week", "published", "... leverage-heavy", high=10)
    contrarian_usd: float = number(
        0.20, "in 5 days", "published", "growth of OI in USD of a contrarian set-up", high=10
    )
    contrarian_rank: float = number(
        0.99, "percentile", "judgement", "or the coin's own percentile of 5-day growth", high=1
    )
    mcap_zone_low: float = number(
        0.03, "of market value", "published", "textbook zone for BTC, from (a note)", high=10
    )
    mcap_zone_high: float = number(0.05, "of market value", "published", "... to", high=10)
    mcap_heavy: float = number(
        0.90, "percentile", "judgement", "oi_mcap among 90 days: heavy", high=1
    )
    flushed_rank: float = number(
        0.10, "percentile", "judgement", "oi_mcap among 90 days at or under it: flushed", high=1
    )
    tail_oi_rank: float = number(
        0.95, "percentile", "judgement", "24 h ΔQ of a derivatives tail", high=1
    )
    tail_spot_rank: float = number(
        0.20, "percentile", "judgement", "spot against perpetual volume at or under it", high=1
    )
    busy_rank: float = number(
        0.80, "percentile", "judgement", "volume from which a day is busy", high=1
    )
    spot_led_days: float = number(
        14, "days", "judgement", "price up and OI down over so long", low=1, high=90
    )
