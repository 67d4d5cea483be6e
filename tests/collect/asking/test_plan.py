"""The plan fits the limits, stretching what can wait first."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.collect.scripted import ACME, ALL, EACH, ROWS, instrument
from tideline.collect.asking.plan import Plan, plan_of
from tideline.domain.time import SECOND
from tideline.market.synthetic import Synthetic
from tideline.venues.catalogue import VENUES
from tideline.venues.declaration import Bucket, Venue

MANY = [instrument(f"A{number}USDT") for number in range(300)]


def fits(plan: Plan) -> bool:
    return all(load.used <= load.allowed * 1.000001 for load in plan.loads)


def with_units(units: float) -> Venue:
    return replace(
        ACME, buckets=(Bucket("calls", units, 60.0),), polls=(ALL, EACH), histories=(ROWS,)
    )


def test_what_fits_is_left_as_declared() -> None:
    plan = plan_of(with_units(12_000), MANY)
    assert fits(plan)
    assert all(sweep.cadence_s == sweep.declared_s for sweep in plan.sweeps)


@pytest.mark.parametrize("units", [2000, 1200, 600, 300, 60, 10])
def test_it_fits_whatever_the_limit(units: float) -> None:
    plan = plan_of(with_units(units), MANY)
    assert fits(plan)
    assert all(sweep.cadence_s >= sweep.declared_s for sweep in plan.sweeps)


def test_history_is_stretched_before_the_tail_and_the_tail_before_the_top() -> None:
    stretched = {}
    for units in range(700, 5, -5):
        for sweep in plan_of(with_units(units), MANY).sweeps:
            if sweep.cadence_s > sweep.declared_s * 1.001:
                stretched.setdefault((sweep.feed, sweep.group), units)
    rows, tail = stretched["acme.history", "rows"], stretched["acme.oi", "tail"]
    assert rows > tail > stretched["acme.oi", "top"]


def test_history_pages_still_overlap_when_stretched() -> None:
    plan = plan_of(with_units(450), MANY)
    rows = plan.sweep("acme.history", "rows")
    assert rows is not None
    assert rows.cadence_s > rows.declared_s
    assert rows.cadence_s <= ROWS.rows * ROWS.period_us / 1e6 / 2


def test_nothing_to_follow_is_nothing_to_ask() -> None:
    plan = plan_of(with_units(600), [])
    assert [sweep.group for sweep in plan.sweeps] == ["listings"]


def test_backfill_is_counted() -> None:
    plan = plan_of(with_units(12_000), MANY[:2])
    rows = plan.sweep("acme.history", "rows")
    assert rows is not None
    assert rows.backfill_requests == 2 * -(-30 * 288 // 50)


@pytest.mark.parametrize("assets", [50, 400])
@pytest.mark.parametrize("venue", VENUES, ids=lambda venue: venue.name)
def test_every_declared_venue_fits(venue: Venue, assets: int) -> None:
    start = 1_790_000_000 * SECOND
    listed = Synthetic(assets, 7, start).listed(venue.name, start)
    plan = plan_of(venue, [one.instrument for one in listed])
    assert fits(plan)
    declared = {bucket.name: 60 * bucket.units / bucket.per_s for bucket in venue.buckets}
    assert all(load.allowed < declared[load.bucket] for load in plan.loads)
    asked = {sweep.feed for sweep in plan.sweeps}
    selecting = {
        feed.name
        for feed in (*venue.polls, *venue.histories)
        if any(feed.selects(one.instrument) for one in listed)
    }
    assert asked >= selecting
    if assets == 50:
        # Fifty assets need no stretching anywhere.
        assert all(sweep.cadence_s == sweep.declared_s for sweep in plan.sweeps)
