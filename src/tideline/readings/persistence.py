"""R6: for how many days the same anomaly has been running.

One unusual day is noise; two or three in the same direction are a build-up that was meant. The
z-score of each day looks at the 30 days before that day, all with paths as known at T.
"""

from __future__ import annotations

import numpy as np

from tideline.domain.time import DAY
from tideline.readings.given import Given, Numbers, Path, Wants
from tideline.readings.parameters import Parameters
from tideline.readings.reading import Direction, Evidence, Severity
from tideline.readings.rule import Judgement, Rule

CHANGE = "positioning.oi_change"
Z = f"{CHANGE}@24h:zscore"
BASELINE = 30
LEAST = BASELINE // 3
"""Non-null samples without which there is no z-score, as for the transform."""


def path_of(parameters: Parameters) -> Path:
    """A day's change of open interest at this hour of as many days as a run may take."""
    days = int(parameters.anomaly_reach_days) + BASELINE
    return Path(CHANGE, "24h", DAY, days)


def daily_z(changes: Numbers, day: int) -> float:
    """z of the change ``day`` days ago against the 30 before it; NaN where it is null."""
    base = changes[day + 1 : day + 1 + BASELINE]
    known = base[np.isfinite(base)]
    if known.size < LEAST or not np.isfinite(changes[day]):
        return float("nan")
    spread = float(known.std(ddof=1))
    return float((changes[day] - known.mean()) / spread) if spread > 0 else float("nan")


def run_length(today: float, changes: Numbers, parameters: Parameters) -> int:
    """Days up to T on which z stood beyond its limit on today's side; 0 where it does not today.

    A day that cannot be told ends the run.
    """
    limit = parameters.anomaly_z
    if abs(today) < limit:
        return 0
    side = np.sign(today)
    for day in range(1, int(parameters.anomaly_reach_days)):
        if day >= changes.size or not side * daily_z(changes, day) >= limit:
            return day
    return int(parameters.anomaly_reach_days)


def _wants(_: str, parameters: Parameters) -> Wants:
    return Wants((Z,), (path_of(parameters),))


def _judge(given: Given, parameters: Parameters) -> Judgement:
    (z,) = given.need(Z)
    days = run_length(z, given.path(path_of(parameters)), parameters)
    marks = ((Z, parameters.anomaly_z if z > 0 else -parameters.anomaly_z),)
    if days == 0:
        return Judgement(because=f"Open interest changed by {z:+.1f} sd in a day: nothing unusual",
                         marks=marks)  # fmt: skip
    what = "built up" if z > 0 else "unwound"
    direction: Direction = "up" if z > 0 else "down"
    severity: Severity = "none"
    if days < parameters.structural_days:
        name, why = "noise", "one unusual day is noise"
    else:
        name, why = "structural", "it lasts, so it was meant"
        severity = "elevated" if days >= parameters.structural_firm_days else "watch"
    count = "1 day" if days == 1 else f"{days} days"
    return Judgement(
        name,
        severity,
        direction,
        days / parameters.structural_days,
        f"Positions are {what} unusually for {count} ({z:+.1f} sd today): {why}",
        marks=marks,
        seen=(Evidence("days of the same anomaly", float(days), parameters.structural_days, "d"),),
    )


PERSISTENCE = Rule(
    key="R6.persistence",
    title="Persistence",
    names=("noise", "structural"),
    says="The days in a row on which open interest changed unusually in the same direction. One is"
    " noise; from two on somebody keeps building or keeps leaving.",
    formula="days in a row with oi_change@24h:zscore >= +2 (or all <= −2): 1 noise, from 2 on"
    " structural (watch), from 3 on elevated",
    wants=_wants,
    judge=_judge,
    windows=("24h",),
)
