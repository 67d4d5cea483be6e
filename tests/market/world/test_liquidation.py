"""Forced closing in the kernel: by the book, by the fund, by the winners of the other side."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import pytest

from tests.market.world.small import born, check_sums
from tideline.market.truth import KINDS
from tideline.market.world.liquidation import ADL, INSURANCE, MARKET, liquidate
from tideline.market.world.records import POOL, RETAIL


@numba.njit
def close_out(world: Any, b: int, a: int) -> None:
    liquidate(world, 0, 0, b, a)


def doomed(world: Any, long: bool) -> int:
    """The largest isolated retail long (short) of the first book."""
    first, count = world.groups[0, RETAIL]
    own = world.acc[first : first + count]
    sizes = np.where(own["isolated"] != 0, own["pos"], 0)
    return int(first + (sizes.argmax() if long else sizes.argmin()))


def events(world: Any) -> dict[int, int]:
    found = world.forced[: int(world.books[0]["events"])]
    return {how: int(found["lots"][found["how"] == how].sum()) for how in (MARKET, INSURANCE, ADL)}


@pytest.mark.parametrize("long", [True, False])
@pytest.mark.parametrize("gap", [-0.001, 0.02])
@pytest.mark.parametrize("rich", [True, False])
def test_who_takes_the_other_side(long: bool, gap: float, rich: bool) -> None:
    """The bankruptcy price is set ``gap`` beyond the market: inside it the book takes all."""
    living = born(6)
    world = living.prepared.hands
    living.live(0, 30)
    a = doomed(world, long)
    one, book, way = world.acc[a], world.books[0], 1 if long else -1
    lots = abs(int(one["pos"]))
    book["mark"] = book["last"]
    pool = int(world.groups[0, POOL, 0])
    if not rich:
        world.acc[pool]["deposits"] -= world.acc[pool]["cash"]
        world.acc[pool]["cash"] = 0
    price = int(book["last"] * (1.0 + way * gap * 10))
    one["lock"] = one["cash"] + one["pos"] * price
    if one["lock"] < 0:
        one["deposits"] -= one["lock"]
        one["cash"] -= one["lock"]
        one["lock"] = 0
    before, oi = int(world.books[0]["events"]), int(book["oi"])
    closed = world.truth[0, 0].sum(axis=0)[KINDS.index("adl_short" if long else "adl_long")]
    close_out(world, 0, a)
    check_sums(world)
    told = events(world)
    assert world.acc[a]["pos"] == 0
    assert int(world.books[0]["events"]) > before
    assert sum(told.values()) == lots
    if gap < 0:
        assert told[MARKET] == lots
    elif rich:
        assert told[INSURANCE] > 0
        assert world.acc[pool]["pos"] * way > 0
    else:
        assert told[ADL] == lots
        assert book["oi"] == oi - lots
        names = "adl_short" if long else "adl_long"
        after = world.truth[0, 0].sum(axis=0)[KINDS.index(names)]
        assert after - closed == lots
