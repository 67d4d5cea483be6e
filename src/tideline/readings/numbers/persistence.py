"""Numbers of R6."""

from __future__ import annotations

from dataclasses import dataclass

from tideline.readings.numbers.number import number


@dataclass(frozen=True)
class PersistenceNumbers:
    """How long an anomaly has to last."""

    anomaly_z: float = number(
        2, "sd", "published", "a day's change of OI is an anomaly from this z on, either way"
    )
    structural_days: float = number(
        2, "days", "published", "the same anomaly for so many days is structural", low=2, high=14
    )
    structural_firm_days: float = number(
        3, "days", "published", "... and elevated from so many on", low=2, high=14
    )
    anomaly_reach_days: float = number(
        14, "days", "judgement", "a run is counted no further back", low=2, high=60
    )
