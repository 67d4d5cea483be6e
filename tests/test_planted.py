"""The simulated set: the same for the same seed, and true to what it says it planted."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from tests.planted import DELAY_US, END, PLANTED, START, Planted, tables


@pytest.fixture(scope="module")
def rows() -> pa.Table:
    return pa.concat_tables(tables()).unify_dictionaries()


def test_the_same_seed_gives_the_same_rows(rows: pa.Table) -> None:
    assert pa.concat_tables(tables()).unify_dictionaries().equals(rows)
    other = pa.concat_tables(tables(seed=1)).unify_dictionaries()
    assert not other.column("value").equals(rows.column("value"))


def test_known_after_it_was_true_and_inside_the_stretch(rows: pa.Table) -> None:
    event = rows.column("event_time").cast("int64").to_numpy()
    known = rows.column("known_time").cast("int64").to_numpy()
    assert (known - event == DELAY_US).all()
    assert event.min() == START
    assert event.max() == END
    assert np.isfinite(rows.column("value").to_numpy()).all()


@pytest.mark.parametrize("push", PLANTED, ids=lambda push: f"{push.asset} {push.state}")
def test_what_was_planted_is_there(rows: pa.Table, push: Planted) -> None:
    """Open interest of each venue moved by what was planted, up to its own random walk."""
    for venue in ("binance", "bybit", "okx"):
        mask = pc.and_(
            pc.and_(pc.equal(rows["asset"], push.asset), pc.equal(rows["venue"], venue)),
            pc.equal(rows["field"], "open_interest"),
        )
        leg = rows.filter(mask)
        event = leg["event_time"].cast("int64").to_numpy()
        value = leg["value"].to_numpy()
        before, after = (value[np.searchsorted(event, at)] for at in (push.start, push.end))
        assert after / before - 1 == pytest.approx(push.oi, abs=0.004)
