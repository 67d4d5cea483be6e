"""R10 as a table: who moved further, with whom the takers went."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.readings.handed import above, below, given, missing
from tideline.readings.cohorts import (
    COHORTS,
    CROWD,
    TOP,
    addresses,
    name_of,
    own_band,
    paths_of,
)
from tideline.readings.parameters import DEFAULTS
from tideline.readings.rule import read

W = "1h"
TOP_RATE, CROWD_RATE, TAKERS = addresses(W)


def like(median: float, size: int = 40) -> tuple[np.ndarray, np.ndarray]:
    """Ratios at the like hours whose |Δln| all are ``median``."""
    then = np.full(size, 1.5)
    return then * np.exp(median * np.where(np.arange(size) % 2, 1, -1)), then


def at(top: float | None, crowd: float | None, takers: float | None, usual=(0.01, 0.02)):
    paths = {}
    for signal, median in zip((TOP, CROWD), usual, strict=True):
        paths.update(zip(paths_of(signal, W), like(median), strict=True))
    numbers = {
        TOP_RATE: None if top is None else math.expm1(top),
        CROWD_RATE: None if crowd is None else math.expm1(crowd),
        TAKERS: takers,
    }
    return read(COHORTS, given(W, numbers, paths))


@pytest.mark.parametrize(
    ("top", "crowd", "takers", "name"),
    [
        (0.04, 0.0, 0.1, "top_leads"),
        (0.0301, 0.0, 0.1, "top_leads"),
        (0.0299, 0.0, 0.1, "quiet"),
        (-0.04, 0.0, -0.1, "top_leads"),
        (0.04, 0.0, -0.1, "quiet"),  # against the takers
        (0.04, 0.0, 0.0, "quiet"),
        (0.0, 0.0601, 0.1, "crowd_leads"),
        (0.0, 0.0599, 0.1, "quiet"),
        (0.04, 0.07, 0.1, "top_leads"),  # 1.33 of its bands against 1.17
        (0.04, 0.09, 0.1, "crowd_leads"),
        (0.04, -0.07, 0.1, "opposed"),
        (0.04, -0.07, 0.0, "opposed"),
        (0.04, -0.0599, 0.1, "top_leads"),
        (0.0299, -0.07, -0.1, "crowd_leads"),
        (-0.04, 0.07, 0.1, "opposed"),
    ],
)
def test_who_leads(top, crowd, takers, name) -> None:
    assert at(top, crowd, takers).name == name


@pytest.mark.parametrize(
    ("bands", "severity"), [(1.01, "watch"), (1.99, "watch"), (2.01, "elevated")]
)
def test_severity_follows_the_leaders_bands(bands: float, severity: str) -> None:
    reading = at(0.03 * bands, 0.0, 0.2)
    assert reading.severity == severity
    assert reading.strength == pytest.approx(bands)
    both = at(0.03 * bands, -0.06 * bands, 0.2)
    assert (both.name, both.severity) == ("opposed", severity)


def test_a_move_equal_to_the_band_is_inside() -> None:
    now, then = like(0.01)
    band = own_band(now, then, W, DEFAULTS)
    limit = band.enter
    assert name_of(limit, 0.0, 1.0, band, band) == ""
    assert name_of(above(limit), 0.0, 1.0, band, band) == "top_leads"
    assert name_of(above(limit), -limit, 1.0, band, band) == "top_leads"
    assert name_of(above(limit), -above(limit), 1.0, band, band) == "opposed"
    assert name_of(below(limit), 0.0, 1.0, band, band) == ""


@pytest.mark.parametrize(("samples", "mode"), [(19, "fixed"), (20, "adaptive"), (21, "adaptive")])
def test_too_few_samples_leave_the_fixed_band(samples: int, mode: str) -> None:
    now, then = like(0.01, samples)
    band = own_band(now, then, "4h", DEFAULTS)
    assert band.mode == mode
    assert band.enter == pytest.approx(0.03 if mode == "adaptive" else 0.06)


def test_a_ratio_that_never_moves_has_the_floor() -> None:
    now, then = like(0.0)
    assert own_band(now, then, W, DEFAULTS).enter == DEFAULTS.floor


def test_the_words_say_with_whom_takers_go() -> None:
    assert "takers go with the top" in at(0.04, -0.07, 0.1).because
    assert "takers go with the crowd" in at(0.04, -0.07, -0.1).because
    assert at(0.04, 0.0, 0.1).direction == "up"
    assert at(0.0, -0.07, -0.1).direction == "down"
    assert at(0.04, 0.0, 0.1).notes == ("Ratios are not position sizes.",)


@pytest.mark.parametrize(
    ("lost", "words"), [(0, "lsr_top"), (1, "lsr_global"), (2, "taker_imbalance")]
)
def test_what_is_missing_is_named(lost: int, words: str) -> None:
    numbers = [0.04, 0.0, 0.1]
    told = [None if k == lost else x for k, x in enumerate(numbers)]
    assert missing(at(*told), words)
