"""From what the quality of observation of a world is drawn.

Ranges are meant to be wide: what venues say of themselves, and what collectors report of them, lies
within (open interest in steps of 3 to 60 s; feeds lost a few times a week, for minutes, seldom for
hours; history that reads differently later is seldom, and the difference small).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Range(NamedTuple):
    """Drawn evenly in the logarithm between the two."""

    least: float
    most: float

    def draw(self, rng: np.random.Generator) -> float:
        return float(np.exp(rng.uniform(np.log(self.least), np.log(self.most))))


class ObservationPrior(NamedTuple):
    """The prior of everything between a market and a log.

    Attributes:
        refresh_s: seconds between two looks of a venue at its own open interest, per book.
        delay_s: seconds from an event to its row in the log, median of a venue.
        delay_spread: one standard deviation of that delay, in the logarithm.
        outages_a_week: feeds lost, per venue.
        outage_minutes: median length of a venue's outages; one standard deviation is a factor e.
        outage_kinds: share of outages of everything, of pushes alone, of polls alone.
        restated_a_week: stretches of open interest history that are restated, per book.
        restated_minutes: length of such a stretch.
        restated_by: fraction of open interest by which it then differs.
        restated_after_h: hours from its end until the new values are there.
    """

    refresh_s: Range = Range(3.0, 60.0)
    delay_s: Range = Range(0.15, 1.5)
    delay_spread: float = 0.5
    outages_a_week: Range = Range(0.1, 3.0)
    outage_minutes: Range = Range(2.0, 25.0)
    outage_kinds: tuple[float, float, float] = (0.4, 0.35, 0.25)
    restated_a_week: Range = Range(0.02, 0.5)
    restated_minutes: Range = Range(15.0, 240.0)
    restated_by: Range = Range(1e-4, 5e-3)
    restated_after_h: Range = Range(0.5, 24.0)


PRIOR = ObservationPrior()
PERFECT = ObservationPrior(
    refresh_s=Range(1e-3, 1e-3),
    delay_s=Range(1e-3, 1e-3),
    delay_spread=0.0,
    outages_a_week=Range(1e-9, 1e-9),
    restated_a_week=Range(1e-9, 1e-9),
)
"""Nothing stale, late, lost or restated: to see what the quality itself costs."""
