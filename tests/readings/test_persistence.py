"""R6 as a table: the days of a run, at, just under and just over each number."""

from __future__ import annotations

import numpy as np
import pytest

from tests.readings.handed import above, below, given, missing
from tideline.readings.parameters import DEFAULTS
from tideline.readings.persistence import BASELINE, PERSISTENCE, Z, daily_z, path_of, run_length
from tideline.readings.rule import read

PATH = path_of(DEFAULTS)
CALM = [1.0, -1.0] * 40


def changes(*zs: float) -> np.ndarray:
    """Daily changes, newest first, whose z-scores against the 30 days before are ``zs``."""
    made = [0.01 * x for x in CALM[: PATH.count]]
    for z in reversed(zs):
        base = np.array(made[:BASELINE])
        made.insert(0, float(base.mean() + z * base.std(ddof=1)))
    return np.array(made[: PATH.count])


def at(today: float | None, path: np.ndarray):
    return read(PERSISTENCE, given("24h", {Z: today}, {PATH: path}))


@pytest.mark.parametrize(
    ("z", "name"),
    [(below(2.0), "quiet"), (2.0, "noise"), (above(2.0), "noise"), (0.0, "quiet"),
     (-2.0, "noise"), (above(-2.0), "quiet"), (below(-2.0), "noise")],
)  # fmt: skip
def test_an_anomaly_begins_at_two_sd_either_way(z: float, name: str) -> None:
    assert at(z, changes(z, 0.5)).name == name


@pytest.mark.parametrize(
    ("days", "name", "severity"),
    [(1, "noise", "none"), (2, "structural", "watch"), (3, "structural", "elevated"),
     (4, "structural", "elevated")],
)  # fmt: skip
@pytest.mark.parametrize("side", [1.0, -1.0])
def test_days_in_a_row(days: int, name: str, severity: str, side: float) -> None:
    path = changes(*[side * 2.5] * days, 0.3)
    reading = at(side * 2.5, path)
    assert (reading.name, reading.severity) == (name, severity)
    assert reading.direction == ("up" if side > 0 else "down")
    assert reading.strength == days / 2
    assert f"{days} day" in reading.because


@pytest.mark.parametrize(
    ("yesterday", "days"), [(1.99, 1), (2.01, 2), (-2.5, 1), (float("nan"), 1)]
)
def test_the_run_needs_the_same_side(yesterday: float, days: int) -> None:
    path = changes(2.5, 0.0, 0.0)
    path[1] = changes(yesterday, 0.0)[0] if np.isfinite(yesterday) else np.nan
    assert run_length(2.5, path, DEFAULTS) == days


def test_a_run_is_counted_no_further_than_its_reach() -> None:
    assert run_length(9.0, changes(*[3.0] * 20), DEFAULTS) == DEFAULTS.anomaly_reach_days
    assert run_length(9.0, changes(*[3.0] * 5)[:3], DEFAULTS) == 1


def test_the_z_of_a_day_is_the_transform() -> None:
    """Baseline of 30 without the day itself, sd with n − 1, null under ten samples or all equal."""
    path = np.random.default_rng(5).normal(size=PATH.count)
    base = path[3 : 3 + BASELINE]
    assert daily_z(path, 2) == pytest.approx((path[2] - base.mean()) / base.std(ddof=1))
    assert np.isnan(daily_z(np.full(40, 0.5), 0))
    few = np.full(40, np.nan)
    few[:10] = path[:10]
    assert np.isnan(daily_z(few, 0))
    few[10] = path[10]
    assert np.isfinite(daily_z(few, 0))


def test_what_is_missing_is_named() -> None:
    assert missing(at(None, changes(0.0)), Z)
