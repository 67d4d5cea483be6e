"""Numbers of R2."""

from __future__ import annotations

from dataclasses import dataclass

from tideline.readings.numbers.number import number


@dataclass(frozen=True)
class DivergenceNumbers:
    """A new extreme of price that open interest does not follow."""

    divergence_extreme_h: float = number(
        24, "h", "judgement", "price must stand at its extreme of so long", low=24, high=24
    )
    divergence_watch: float = number(1, "sd", "judgement", "z of both from which it is watch")
    divergence_elevated: float = number(2, "sd", "judgement", "... elevated")
    divergence_extreme: float = number(3, "sd", "judgement", "... extreme")
