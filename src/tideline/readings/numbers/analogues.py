"""Numbers of R8."""

from __future__ import annotations

from dataclasses import dataclass

from tideline.readings.numbers.number import number


@dataclass(frozen=True)
class AnalogueNumbers:
    """How many moments of the past are looked at, and how far apart they stand."""

    analogue_count: float = number(
        50, "moments", "judgement", "so many nearest moments are chosen", low=1, high=1000
    )
    analogue_least: float = number(
        20, "moments", "judgement", "fewer independent ones: no numbers", low=1, high=1000
    )
    analogue_gap_h: float = number(
        24, "h", "judgement", "moments stand so far (or w) from each other and from T", low=1,
        high=720,
    )  # fmt: skip
    analogue_coverage: float = number(
        0.5, "of moments", "judgement", "a dimension known at fewer of them is dropped", high=1
    )
