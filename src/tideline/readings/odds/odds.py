"""Counted odds of a state: a probability, from how many cases, beside what is usual."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Source = Literal["recordings", "simulated"]


@dataclass(frozen=True, slots=True)
class Odds:
    """What followed a state, or lay behind it, in how many counted cases.

    Attributes:
        p: the probability, 0 to 1.
        n: the cases it was counted from.
        base_rate: how often the same happens where no state is named, 0 to 1; ``p`` says something
            only in as far as it differs.
        horizon: how far after the moment was looked, such as ``4h``; empty where nothing after it
            was (``label_p``).
        version: of the table.
        source: ``recordings`` of real markets, or ``simulated`` markets whose truth is known.
    """

    p: float
    n: int
    base_rate: float
    horizon: str
    version: str
    source: Source
