"""The one table of numbers that readings use, each with its unit and where it comes from."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, Literal, NamedTuple

Provenance = Literal["published", "measured", "judgement"]


def _number(default: float, unit: str, provenance: Provenance, meaning: str) -> Any:
    return field(
        default=default, metadata={"unit": unit, "provenance": provenance, "meaning": meaning}
    )


@dataclass(frozen=True, slots=True)
class Parameters:
    """Every number of every reading. Replace one with ``dataclasses.replace``."""

    cadence_share: float = _number(
        1 / 3, "of w", "judgement", "a group speaks if its cadence and its age are at most this"
    )
    oi_left: float = _number(
        0.60, "of OI", "judgement", "open interest the groups used must hold, else cannot_tell"
    )
    recent_days: float = _number(
        7, "days", "judgement", "a group silent for longer no longer counts in that share"
    )
    fixed_window_s: float = _number(2700, "s", "published", "window the fixed bands are given for")
    fixed_price: float = _number(0.01, "fraction", "published", "fixed band of price at 45m")
    fixed_oi: float = _number(0.015, "fraction", "published", "fixed band of OI at 45m")
    k_in: float = _number(
        3, "× median", "measured", "adaptive band; BTC at 45m is outside it 6 % of the time"
    )
    k_out: float = _number(2, "× median", "judgement", "band at which an episode is left")
    floor: float = _number(0.0005, "fraction", "judgement", "no adaptive band is finer")
    baseline_hours: float = _number(720, "h", "judgement", "how far back the baseline looks")
    baseline_step_h: float = _number(1, "h", "judgement", "distance between its samples")
    hour_reach: float = _number(1, "h", "judgement", "sample's UTC hour at most this far from T's")
    min_samples: float = _number(20, "samples", "judgement", "fewer: the fixed band, and says so")
    watch: float = _number(1.0, "× band", "judgement", "strength from which severity is watch")
    elevated: float = _number(1.5, "× band", "judgement", "... elevated")
    extreme: float = _number(2.5, "× band", "judgement", "... extreme")
    dwell: float = _number(1 / 3, "of w", "judgement", "an episode is not left earlier")
    spent_forced: float = _number(
        0.25, "of peak", "judgement", "forced flow at or under this share of the episode's peak"
    )
    fuel_days: float = _number(
        7, "days", "judgement", "peak: within so many days of T; base: so many before the peak"
    )


DEFAULTS = Parameters()


class Row(NamedTuple):
    """One line of the printed table."""

    name: str
    value: float
    unit: str
    provenance: str
    meaning: str


def table(parameters: Parameters = DEFAULTS) -> tuple[Row, ...]:
    """The parameters as rows, in the order in which they are declared."""
    return tuple(
        Row(
            item.name,
            getattr(parameters, item.name),
            item.metadata["unit"],
            item.metadata["provenance"],
            item.metadata["meaning"],
        )
        for item in fields(parameters)
    )
