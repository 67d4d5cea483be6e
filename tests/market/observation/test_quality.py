"""The draw of a world's quality: within its prior, the same for all its assets, repeatable."""

from __future__ import annotations

from dataclasses import replace

from tests.market.tapes import tape
from tideline.domain.time import MINUTE, SECOND
from tideline.market.observation.prior import PRIOR
from tideline.market.observation.quality import LONGEST, OUTAGE_VENUES, draw_quality


def test_every_draw_lies_within_the_prior() -> None:
    ages = []
    made = tape(seed=0, hours=2.0, step_s=30)
    for seed in range(40):
        world = replace(made, seed=seed)
        found = draw_quality(world)
        assert found == draw_quality(world)
        for refresh in found.refresh:
            ages.append(refresh.every_us / SECOND)
            assert PRIOR.refresh_s.least <= ages[-1] <= PRIOR.refresh_s.most
            assert 0 <= refresh.phase_us < refresh.every_us
        for delay in found.delay_s.values():
            assert PRIOR.delay_s.least <= delay <= PRIOR.delay_s.most
    assert min(ages) < 5.0
    assert max(ages) > 40.0


def test_books_are_not_synchronised_and_venues_are_lost_for_all_assets_alike() -> None:
    one = draw_quality(tape("BTC", seed=3, hours=24 * 21, step_s=600))
    other = draw_quality(tape("ETH", seed=3, hours=24 * 21, step_s=600))
    assert one.outages == other.outages
    assert one.outages
    assert one.delay_s == other.delay_s
    assert len({*one.refresh, *other.refresh}) > 6
    assert all(0 < lost.end - lost.start <= LONGEST for lost in one.outages)


def test_the_outage_world_loses_a_large_venue_once_a_day() -> None:
    world = tape(seed=3, hours=24 * 5, step_s=600, world="venue_outage")
    long = [one for one in draw_quality(world).outages if one.end - one.start >= 30 * MINUTE]
    days = {(one.start - world.start) // (24 * 60 * MINUTE) for one in long if one.kind == "all"}
    assert days == {0, 1, 2, 3, 4}
    assert {one.venue for one in long if one.kind == "all"} & set(OUTAGE_VENUES)


def test_restated_stretches_are_known_after_them_and_change_something() -> None:
    found = []
    made = tape(seed=0, hours=24 * 14, step_s=600)
    for seed in range(30):
        world = replace(made, seed=seed)
        found += draw_quality(world).restated
        for one in draw_quality(world).restated:
            assert world.start <= one.start < one.end < one.seen < world.end
            assert one.lots != 0
    assert found
    assert {one.lots > 0 for one in found} == {True, False}
