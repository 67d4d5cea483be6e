"""Numbers of R3."""

from __future__ import annotations

from dataclasses import dataclass

from tideline.readings.numbers.number import number


@dataclass(frozen=True)
class CoveringNumbers:
    """Covering, squeeze, cascade, what is left of them."""

    building_up_share: float = number(
        2 / 3, "of sub-windows", "judgement", "price must have risen in so many", high=1
    )
    building_days: float = number(
        90, "days", "judgement", "how far back an asset's own quantiles look", low=7, high=90
    )
    building_min_samples: float = number(
        1000, "samples", "judgement", "hourly samples an own quantile needs", low=1, high=2160
    )
    building_q_watch: float = number(
        0.02, "quantile", "judgement", "own quantile of ΔQ: watch", high=1
    )
    building_q_elevated: float = number(0.005, "quantile", "judgement", "... elevated", high=1)
    building_q_extreme: float = number(0.001, "quantile", "judgement", "... extreme", high=1)
    building_window_s: float = number(
        1800, "s", "published", "window the published falls are given for", low=1
    )
    building_watch: float = number(-0.015, "fraction", "published", "ΔQ: watch", low=-1, high=0)
    building_elevated: float = number(
        -0.05, "fraction", "published", "... elevated", low=-1, high=0
    )
    building_extreme: float = number(-0.10, "fraction", "published", "... extreme", low=-1, high=0)
    building_nearest: float = number(
        -0.005, "fraction", "judgement", "no fall nearer zero counts", low=-1, high=0
    )
    squeeze_rank: float = number(
        0.98, "percentile", "judgement", "forced flow from which a flow is forced", high=1
    )
    squeeze_windows: float = number(
        672, "windows", "judgement", "how many windows it is ranked among", low=2, high=1000
    )
    squeeze_share_rank: float = number(
        0.95, "percentile", "judgement", "share of OI liquidated from which a flow is forced",
        high=1,
    )  # fmt: skip
    squeeze_share_least: float = number(
        0.0001, "of OI", "judgement", "and at least this share", high=1
    )
    saturated_share: float = number(
        0.5, "of seconds", "judgement", "a sampled feed with events in so many is saturated", high=1
    )
    fast_move: float = number(
        1, "|ret|/rv", "judgement", "without a complete feed: a move this straight is fast",
        high=8,
    )  # fmt: skip
    sharp_fall: float = number(
        -0.05, "fraction", "judgement", "1 h ΔQ of a sharp deleveraging", low=-1, high=0
    )
    sharp_quantile: float = number(
        0.001, "quantile", "judgement", "or the asset's own quantile, if nearer zero", high=1
    )
    sharp_explained: float = number(
        0.5, "of |ΔQ|", "judgement", "liquidated coin from which it is a cascade, else an exit",
        high=1,
    )  # fmt: skip
    covering_funding: float = number(
        -0.0001, "per 8 h", "published", "funding at or under it: shorts still pay", low=-1, high=1
    )
    covering_funding_rank: float = number(
        0.05, "percentile", "judgement", "or funding at or under this percentile", high=1
    )
    flush_imbalance: float = number(
        0.5, "[−1, 1]", "judgement", "15 m imbalance of a flush of longs", low=-1, high=1
    )
    flush_rank: float = number(
        0.98, "percentile", "judgement", "15 m liquidated longs of a reversal set-up", high=1
    )
    flush_published_z: float = number(
        2, "sd", "published", "imbalance z of the published set-up, in our sign"
    )
