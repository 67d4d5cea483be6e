"""Peirce skill: 1 for who knows, 0 for who does not, whatever the base rates."""

from __future__ import annotations

import numpy as np
import pytest

from tests.research.scoring.spans import spans
from tideline.research.scoring.bootstrap import day_weights
from tideline.research.scoring.skill import (
    class_counts,
    opened_counts,
    painted,
    peirce,
    skill_of,
)

NL, NS, LL, SC = range(4)


def one_day(said: list[int], truth: list[int]) -> tuple[np.ndarray, np.ndarray]:
    arrays = np.array(said), np.array(truth)
    day = np.zeros(len(said), np.int64)
    return class_counts(*arrays, day, 1), opened_counts(*arrays, day, 1)


def test_worked_by_hand() -> None:
    """new_longs: true 4 times, said in 3 of them and once elsewhere of 6; new_shorts: 2 of 2 and 1
    of 8; the others are never true."""
    truth = [NL, NL, NL, NL, NS, NS, -1, -1, -1, -1]
    said = [NL, NL, NL, NS, NS, NS, NL, -1, SC, -1]
    classes, _ = one_day(said, truth)
    assert classes[0, NL].tolist() == [3, 4, 1, 6]
    assert classes[0, NS].tolist() == [2, 2, 1, 8]
    expected = ((3 / 4 - 1 / 6) + (1 - 1 / 8)) / 2
    assert peirce(classes)[0] == pytest.approx(expected)


def test_opened_against_closed_worked_by_hand() -> None:
    """Directions agree at six moments: opened 3 of them, said so 2; closed 3, said opened 1."""
    truth = [NL, NL, NS, SC, LL, SC, NL, -1]
    said = [NL, SC, NS, NL, LL, SC, NS, NL]
    _, opened = one_day(said, truth)
    assert opened[0, 0].tolist() == [2, 3, 1, 3]
    assert peirce(opened)[0] == pytest.approx(2 / 3 - 1 / 3)


def test_knowing_all_is_one_and_always_the_same_is_zero() -> None:
    truth = np.random.default_rng(1).integers(-1, 4, 500)
    day = np.zeros(500, np.int64)
    assert peirce(class_counts(truth, truth, day, 1))[0] == 1.0
    assert peirce(class_counts(np.full(500, NL), truth, day, 1))[0] == pytest.approx(0.0)
    assert np.isnan(peirce(class_counts(truth, np.full(500, -1), day, 1))[0])


def test_bunched_and_unrelated_is_zero_within_its_interval() -> None:
    """Long runs on both sides, unrelated: the interval by day holds zero in 19 of 20 cases."""
    draw = np.random.default_rng(2)
    days, size = 40, 288
    day = np.repeat(np.arange(days), size)
    weights = day_weights(days, 400, 1)
    held = 0
    for _ in range(60):
        said, truth = (np.repeat(draw.integers(-1, 4, days * size // 24), 24) for _ in range(2))
        held += skill_of([class_counts(said, truth, day, days)], weights, 0.95).interval.holds(0.0)
    assert 51 <= held <= 60


def test_days_with_a_claim_are_counted() -> None:
    said = np.array([NL, -1, -1, NL])
    truth = np.array([NL, NL, -1, -1])
    counts = class_counts(said, truth, np.arange(4), 4)
    assert skill_of([counts[:2], counts[2:]], day_weights(4, 10, 1), 0.9).days == 2


def test_painting() -> None:
    found = painted(spans(("new_longs", 1, 3), ("short_covering", 4, 5)), 6)
    assert found.tolist() == [-1, NL, NL, -1, SC, -1]
