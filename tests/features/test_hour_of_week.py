"""Hours of the week, their baselines as known at T, and the rank within them."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tideline.domain.errors import BadInput
from tideline.domain.time import DAY, HOUR, parse_time, to_datetime
from tideline.features.engine import evaluate
from tideline.features.hour_of_week import HOURS, WEEK, hour_of_week, of_class, rank, same_hours
from tideline.features.legs import make_legs
from tideline.signals import BY_ADDRESS
from tideline.venues.symbols import parse_symbol

T = int(parse_time("2026-02-05T16:00:00Z"))
GROUP = ("binance", "BTCUSDT")
INSTRUMENTS = {GROUP: parse_symbol(*GROUP)}
VOLUME = BY_ADDRESS["flow.volume_usdtm"]


@given(st.integers(0, 4_000_000_000))
def test_it_is_the_hour_of_the_calendar(seconds: int) -> None:
    at = to_datetime(seconds * 1_000_000)
    assert hour_of_week(seconds * 1_000_000) == at.weekday() * 24 + at.hour


def test_known_hours() -> None:
    monday = int(datetime(2026, 2, 2, tzinfo=UTC).timestamp()) * 1_000_000
    assert hour_of_week(monday) == 0
    assert hour_of_week(monday - 1) == HOURS - 1
    assert hour_of_week(T) == 3 * 24 + 16


@given(st.integers(1, 20), st.integers(0, 3))
def test_the_samples_are_of_the_class(weeks: int, reach: int) -> None:
    back = same_hours(weeks, reach)
    assert back.size == weeks * (2 * reach + 1)
    assert (np.diff(back) > 0).all()
    assert back[0] > 0
    apart = {min(abs(hour_of_week(T - int(b)) - hour_of_week(T)), 168) for b in back}
    assert apart == set(range(reach + 1))


@pytest.mark.parametrize(("weeks", "reach"), [(0, 0), (3, -1), (3, 84)])
def test_what_is_no_class_is_refused(weeks: int, reach: int) -> None:
    with pytest.raises(BadInput):
        same_hours(weeks, reach)


def rows(late: bool = False) -> pa.Table:
    """Hourly bars of ten weeks; their volume is the hour of the week. ``late``: one restated."""
    ends = [T - k * HOUR for k in range(70 * 24)]
    made = [(end, end, float(hour_of_week(end))) for end in ends]
    if late:
        made.append((T - WEEK, T + 1, 1e9))
    return pa.table(
        {
            "venue": ["binance"] * len(made),
            "instrument": ["BTCUSDT"] * len(made),
            "field": ["volume_coin"] * len(made),
            "event_time": [m[0] for m in made],
            "known_time": [m[1] for m in made],
            "value": [m[2] for m in made],
            "cadence_s": [3600.0] * len(made),
        }
    )


def test_the_baseline_is_what_the_engine_says_week_by_week() -> None:
    moments = np.array([T - DAY, T], np.int64)
    found = of_class(make_legs(rows()), VOLUME, HOUR, INSTRUMENTS, moments, weeks=6)
    assert found.tolist() == [[float(hour_of_week(m))] * 6 for m in moments.tolist()]
    one_by_one = [
        evaluate(rows(), BY_ADDRESS, INSTRUMENTS, np.array([T - k * WEEK]),
                 ["flow.volume_usdtm@1h"]).values[0, 0]
        for k in range(1, 7)
    ]  # fmt: skip
    assert found[1].tolist() == one_by_one


def test_what_became_known_later_is_not_in_it() -> None:
    moments = np.array([T], np.int64)
    before = of_class(make_legs(rows()), VOLUME, HOUR, INSTRUMENTS, moments)
    after = of_class(make_legs(rows(late=True)), VOLUME, HOUR, INSTRUMENTS, moments)
    assert np.array_equal(before, after, equal_nan=True)
    assert np.isnan(before[0, -1])  # twelve weeks are more than there are


@pytest.mark.parametrize(
    ("value", "baseline", "expected"),
    [
        (3.0, [1.0, 2.0, 3.0, 4.0], 0.625),
        (0.0, [1.0, 2.0, 3.0, 4.0], 0.0),
        (9.0, [1.0, 2.0, 3.0, 4.0, math.nan], 1.0),
        (3.0, [1.0, 2.0, 3.0], math.nan),
        (math.nan, [1.0, 2.0, 3.0, 4.0], math.nan),
    ],
)
def test_the_rank_counts_as_pctrank_does(value, baseline, expected) -> None:
    assert rank(value, np.array(baseline)) == pytest.approx(expected, nan_ok=True)
