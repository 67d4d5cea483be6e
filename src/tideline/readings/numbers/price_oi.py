"""Numbers that every reading shares, and those of R1."""

from __future__ import annotations

from dataclasses import dataclass

from tideline.readings.numbers.number import number


@dataclass(frozen=True)
class PriceOiNumbers:
    """The cadence rule, bands, severities, spent and fuel."""

    cadence_share: float = number(
        1 / 3, "of w", "judgement", "a group speaks if its cadence and its age are at most this",
        high=1,
    )  # fmt: skip
    oi_left: float = number(
        0.60, "of OI", "judgement", "open interest the groups used must hold, else cannot_tell",
        high=1,
    )  # fmt: skip
    recent_days: float = number(
        7, "days", "judgement", "a group silent for longer no longer counts in that share", high=365
    )
    fixed_window_s: float = number(
        2700, "s", "published", "window the fixed bands are given for", low=1
    )
    fixed_price: float = number(0.01, "fraction", "published", "fixed band of price at 45m", high=1)
    fixed_oi: float = number(0.015, "fraction", "published", "fixed band of OI at 45m", high=1)
    k_in: float = number(
        3, "× median", "measured", "adaptive band; BTC at 45m is outside it 6 % of the time",
        low=0.1, high=100,
    )  # fmt: skip
    k_out: float = number(
        2, "× median", "judgement", "band at which an episode is left", low=0.1, high=100
    )
    activity_most: float = number(
        4,
        "×",
        "judgement",
        "volume widens or narrows the adaptive OI band by at most this",
        low=1,
    )
    activity_window_s: float = number(
        3600, "s", "judgement", "... and only of windows up to this", high=86_400
    )
    floor: float = number(0.0005, "fraction", "judgement", "no adaptive band is finer", high=1)
    baseline_hours: float = number(
        720, "h", "judgement", "how far back the baseline looks", low=1, high=2160
    )
    baseline_step_h: float = number(
        1, "h", "judgement", "distance between its samples", low=1, high=1
    )
    hour_reach: float = number(
        1, "h", "judgement", "sample's UTC hour at most this far from T's", high=12
    )
    min_samples: float = number(
        20, "samples", "judgement", "fewer: the fixed band, and says so", low=1, high=720
    )
    watch: float = number(1.0, "× band", "judgement", "strength from which severity is watch")
    elevated: float = number(1.5, "× band", "judgement", "... elevated")
    extreme: float = number(2.5, "× band", "judgement", "... extreme")
    dwell: float = number(1 / 3, "of w", "judgement", "an episode is not left earlier", high=10)
    spent_forced: float = number(
        0.25, "of peak", "judgement", "forced flow at or under this share of the episode's peak",
        high=1,
    )  # fmt: skip
    fuel_days: float = number(
        7, "days", "judgement", "peak: within so many days of T; base: so many before the peak",
        low=1, high=7,
    )  # fmt: skip
