"""Numbers of R5."""

from __future__ import annotations

from dataclasses import dataclass

from tideline.readings.numbers.number import number


@dataclass(frozen=True)
class BreadthNumbers:
    """On how many venues a flow has to be seen."""

    breadth_broad: float = number(
        3, "venues", "published", "a flow on so many venues is broad", low=2, high=6
    )
    breadth_partial: float = number(
        2, "venues", "judgement", "... partial; on one alone it is local", low=2, high=6
    )
