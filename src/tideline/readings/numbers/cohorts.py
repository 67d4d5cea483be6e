"""Numbers of R10."""

from __future__ import annotations

from dataclasses import dataclass

from tideline.readings.numbers.number import number


@dataclass(frozen=True)
class CohortNumbers:
    """When a cohort has moved. Its own band is k_in × its usual move, as R1's."""

    cohort_move: float = number(
        0.03, "log ratio", "measured", "fixed band at 1 h, × √(w/1h); BTC is outside 16 % of hours",
        high=10,
    )  # fmt: skip
    cohort_elevated: float = number(
        2, "× its band", "judgement", "the leader's move from which it is elevated", high=1000
    )
