"""The cadence of a leg as known at many moments, against looking at every row."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from tideline.features.cadences import NONE_YET, cadences
from tideline.features.legs import make_legs

KEY = ("binance", "BTCUSDT", "open_interest")
SECOND = 1_000_000


def obvious(rows: list[tuple[int, int, float]], as_of: int) -> int:
    """Of the newest event of which any row is known, the cadence of its first one."""
    known = [row for row in rows if row[0] <= as_of and row[1] <= as_of]
    if not known:
        return NONE_YET
    newest = max(row[0] for row in known)
    first = min((row for row in rows if row[0] == newest), key=lambda row: row[1])
    return int(first[2] * SECOND)


one = st.tuples(st.integers(0, 20), st.integers(0, 6), st.sampled_from([0.0, 5.0, 60.0, 3600.0]))


@given(st.lists(one, min_size=1, max_size=25), st.lists(st.integers(0, 30), max_size=8))
def test_it_is_what_the_rows_say(made, moments) -> None:
    rows = [(event, event + late, cadence) for event, late, cadence in made]
    rows = [row for k, row in enumerate(rows) if row[:2] not in [r[:2] for r in rows[:k]]]
    table = pa.table(
        {
            "venue": [KEY[0]] * len(rows),
            "instrument": [KEY[1]] * len(rows),
            "field": [KEY[2]] * len(rows),
            "event_time": [row[0] for row in rows],
            "known_time": [row[1] for row in rows],
            "value": [float(k) for k in range(len(rows))],
            "cadence_s": [row[2] for row in rows],
        }
    )
    found = cadences(make_legs(table), KEY, np.array(moments, np.int64))
    assert found.tolist() == [obvious(rows, moment) for moment in moments]


def test_a_leg_that_is_not_there_has_none() -> None:
    words = {name: pa.array([], pa.string()) for name in ("venue", "instrument", "field")}
    times = {name: pa.array([], pa.int64()) for name in ("event_time", "known_time")}
    empty = pa.table({**words, **times, "value": pa.array([], pa.float64())})
    assert cadences(make_legs(empty), KEY, np.array([5], np.int64)).tolist() == [NONE_YET]
