"""Every number the scorecard rests on. Hashed, with the readings' own, before a seed is drawn."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import Any

from tideline.domain.errors import BadInput, UnknownName
from tideline.domain.time import DAY, MINUTE
from tideline.features.window import WINDOWS
from tideline.readings.cadence import SUB_WINDOWS


def _said(default: Any, meaning: str) -> Any:
    return field(default=default, metadata={"meaning": meaning})


@dataclass(frozen=True, slots=True)
class ScoreParameters:
    """See the meaning beside each; :func:`described` prints them.

    ``control_days``: with nothing to find, 99 % intervals left zero out in 4.3 % of 400 draws of 10
    such days, 3.5 % of 15, 1.5 % of 30, 0.8 % of 60.
    """

    window: str = _said("45m", "trailing window of the readings and of the truth")
    worlds: int = _said(23, "worlds, each drawn from its own seed")
    days: int = _said(15, "scored days of each world")
    burn_in_days: int = _said(21, "days before them, for the baselines of adaptive bands")
    step_min: int = _said(5, "distance between moments of the evaluation grid, minutes")
    tolerance: float = _said(1 / 3, "of w: episodes this far apart still meet")
    resamples: int = _said(4000, "bootstrap resamples")
    level: float = _said(0.95, "of the intervals of scores and of differences")
    control_level: float = _said(0.99, "of the intervals that have to contain zero")
    control_days: int = _said(30, "asset-days with a claim, below which no control is decided")
    shuffles: int = _said(100, "shufflings of truth for the control of each other reading")
    random_draws: int = _said(40, "draws of the random detector whose counts are averaged")
    loosest: float = _said(0.02, "smallest strictness of the sweep, × each detector's default")
    strictest: float = _said(8.0, "largest")
    levels: int = _said(33, "strictness levels of the precision-recall curve, spaced evenly in log")
    ablation_worlds: int = _said(2, "worlds made with all and without each mechanism; 0: none")
    ablation_days: int = _said(7, "scored days of each of those")
    ablation_burn_in_days: int = _said(14, "days before them")

    def __post_init__(self) -> None:
        if self.window not in SUB_WINDOWS:
            raise UnknownName("window", self.window, SUB_WINDOWS)
        counts = (
            "worlds",
            "days",
            "burn_in_days",
            "step_min",
            "levels",
            "random_draws",
            "shuffles",
        )
        for name in (*counts, "ablation_days", "ablation_burn_in_days"):
            if getattr(self, name) < 1:
                raise BadInput(name, getattr(self, name), "is below 1", "1")
        if self.worlds < 2:
            raise BadInput("worlds", self.worlds, "leaves nothing to shuffle truth with", "2")
        if WINDOWS[self.window] % (self.step_min * MINUTE) or DAY % (self.step_min * MINUTE):
            raise BadInput("step_min", self.step_min, "divides neither window nor day", "5")

    @property
    def step_us(self) -> int:
        """Distance between moments, µs."""
        return self.step_min * MINUTE

    @property
    def window_us(self) -> int:
        """The window, µs."""
        return WINDOWS[self.window]

    @property
    def tolerance_us(self) -> float:
        """How far apart episodes may lie and still meet, µs."""
        return self.window_us * self.tolerance

    @property
    def ablated(self) -> ScoreParameters:
        """The same for the shorter worlds of the ablation."""
        return replace(self, days=self.ablation_days, burn_in_days=self.ablation_burn_in_days)

    @property
    def asset_days(self) -> int:
        """At one asset a world."""
        return self.worlds * self.days


QUICK = {
    "worlds": 4,
    "days": 2,
    "resamples": 500,
    "random_draws": 8,
    "levels": 13,
    "shuffles": 10,
    "ablation_worlds": 0,
}
"""What ``--quick`` changes: the machinery in a minute, no numbers to cite."""


def described(parameters: ScoreParameters) -> list[tuple[str, Any, str]]:
    """Name, value and meaning of each."""
    return [
        (item.name, getattr(parameters, item.name), item.metadata["meaning"])
        for item in fields(parameters)
    ]
