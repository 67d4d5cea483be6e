"""Legs that grow in place answer as legs sorted from the same rows, at every prefix."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tideline.domain.time import HOUR, MINUTE, SECOND, parse_time
from tideline.features.in_place import InPlaceLegs
from tideline.features.legs import make_legs
from tideline.features.prepared import Prepared
from tideline.signals import BY_ADDRESS
from tideline.venues.symbols import parse_symbol

START = parse_time("2026-02-01T00:00:00Z")
LEGS = [
    ("binance", "BTCUSDT", "open_interest"),
    ("bybit", "BTCUSDT", "open_interest"),
    ("binance", "BTCUSDT", "mark_price"),
    ("bybit", "BTCUSDT", "mark_price"),
    ("bybit", "BTCUSDT", "liquidation_long_usd"),
]
ADDRESSES = (
    "positioning.oi_usdtm_coin@15m:rate",
    "positioning.oi_usdtm_coin@1h:zscore[4]",
    "positioning.oi_change@15m",
    "price.mark@1h:max",
    "price.ret@15m",
    "liquidations.liq_long_full@1h",
    "liquidations.liq_long_full@15m:pctrank[6]",
)
KNOWN = {(v, i): parse_symbol(v, i) for v, i, _ in LEGS}


@dataclass(frozen=True)
class Row:
    leg: int
    event: int
    known: int
    value: float
    cadence_s: float
    basis: str = "recorded"


def table(rows: list[Row]) -> pa.Table:
    words = [LEGS[row.leg] for row in rows]
    stamp = pa.timestamp("us", "UTC")
    return pa.table(
        {
            "venue": [w[0] for w in words],
            "instrument": [w[1] for w in words],
            "field": [w[2] for w in words],
            "event_time": pa.array([r.event for r in rows], pa.int64()).cast(stamp),
            "known_time": pa.array([r.known for r in rows], pa.int64()).cast(stamp),
            "value": [r.value for r in rows],
            "basis": [r.basis for r in rows],
            "cadence_s": [r.cadence_s for r in rows],
        }
    )


def append(grown: InPlaceLegs, rows: list[Row]) -> int:
    index = [grown.legs.leg(*LEGS[row.leg]) for row in rows]
    return grown.append(
        np.array(index, np.int64),
        np.array([r.event for r in rows], np.int64),
        np.array([r.known for r in rows], np.int64),
        np.array([r.value for r in rows]),
        np.array([round(r.cadence_s * SECOND) for r in rows], np.int64),
        np.array([r.basis == "assumed" for r in rows], np.int64),
    )


def same(one: Prepared, legs, moment: int) -> None:
    other = Prepared(legs, BY_ADDRESS, KNOWN, ADDRESSES)
    for address in ADDRESSES:
        a, b = one.value(address, moment), other.value(address, moment)
        assert a[1] == b[1], address
        assert np.array_equal(a[0], b[0], equal_nan=True), address
        assert repr(one.evidence(address, moment)) == repr(other.evidence(address, moment))
    back = np.arange(8) * 15 * MINUTE
    for signal in ("price.ret", "positioning.oi_usdtm_coin"):
        a = one.samples(signal, 15 * MINUTE, moment, back)
        assert np.array_equal(a, other.samples(signal, 15 * MINUTE, moment, back), equal_nan=True)
    first = one.groups(ADDRESSES[0], moment)
    assert repr(first) == repr(other.groups(ADDRESSES[0], moment))


def made(rng: np.random.Generator, size: int, restated: bool) -> list[Row]:
    """Rows in log order, each leg at a pace of its own, some restated."""
    at = [START] * len(LEGS)
    known, rows = START, []
    for _ in range(size):
        leg = int(rng.integers(len(LEGS)))
        cadence = (60.0, 300.0, 60.0, 5.0, 0.0)[leg]
        known += int(rng.integers(0, 40)) * SECOND
        fresh = not restated or rng.random() > 0.2
        if fresh:
            at[leg] = max(at[leg] + SECOND, known - int(rng.integers(0, 20)) * SECOND)
        basis = "assumed" if rng.random() < 0.1 else "recorded"
        value = float(rng.uniform(50, 150))
        rows.append(Row(leg, at[leg], max(known, at[leg]), value, cadence, basis))
        known = rows[-1].known
    return rows


@given(st.integers(0, 2**32 - 1), st.integers(5, 60), st.booleans())
@settings(max_examples=8)
def test_growth_is_sorting_at_every_step(seed: int, size: int, restated: bool) -> None:
    rng = np.random.default_rng(seed)
    rows = made(rng, 40 + size, restated)
    first = 40
    while len({row.leg for row in rows[:first]}) < len({row.leg for row in rows}):
        first += 1
    grown = InPlaceLegs(make_legs(table(rows[:first])))
    prepared = Prepared(grown.legs, BY_ADDRESS, KNOWN, ADDRESSES)
    for count in range(first, len(rows) + 1):
        moment = rows[count - 1].known
        for ask in (moment, moment - 10 * MINUTE):
            same(prepared, make_legs(table(rows[:count])), ask)
        if count < len(rows) and not append(grown, [rows[count]]):
            # a leg of so few rows may have no room for another: it is sorted again
            assert sum(row.leg == rows[count].leg for row in rows[:count]) <= 3
            grown = InPlaceLegs(make_legs(table(rows[: count + 1])))
            prepared = Prepared(grown.legs, BY_ADDRESS, KNOWN, ADDRESSES)


def test_what_does_not_fit_is_refused_and_nothing_of_it_is_taken() -> None:
    rows = [Row(0, START + k * MINUTE, START + k * MINUTE, 1.0 + k, 60.0) for k in range(10)]
    late = Row(0, START + 3 * MINUTE + SECOND, START + HOUR, 9.0, 60.0)
    fine = Row(0, START + 10 * MINUTE, START + HOUR, 9.0, 60.0)
    grown = InPlaceLegs(make_legs(table(rows)))
    assert append(grown, [fine, late]) == 1
    same(Prepared(grown.legs, BY_ADDRESS, KNOWN), make_legs(table([*rows, fine])), START + HOUR)
    earlier = Row(0, START + 11 * MINUTE, START, 9.0, 60.0)  # known before what is there
    assert append(grown, [earlier]) == 0


def test_a_full_leg_is_refused_and_takes_more_once_laid_out_anew() -> None:
    rows = [Row(0, START + k * MINUTE, START + k * MINUTE, 1.0 + k, 60.0) for k in range(8)]
    more = [Row(0, START + k * MINUTE, START + k * MINUTE, 1.0 + k, 60.0) for k in range(8, 300)]
    grown = InPlaceLegs(make_legs(table(rows)))
    taken = append(grown, more)
    assert 0 < taken < len(more)
    while taken < len(more):
        grown.relaid()
        step = append(grown, more[taken:])
        assert step > 0
        taken += step
    whole = make_legs(table([*rows, *more]))
    same(Prepared(grown.legs, BY_ADDRESS, KNOWN), whole, more[-1].known + MINUTE)


def test_a_leg_that_was_quiet_for_long_asks_for_room() -> None:
    """Its table from time to entry would have to reach over the silence."""
    rows = [Row(0, START + k * SECOND, START + k * SECOND, 1.0, 1.0) for k in range(10)]
    grown = InPlaceLegs(make_legs(table(rows)))
    far = Row(0, START + 10_000 * HOUR, START + 10_000 * HOUR, 2.0, 1.0)
    assert append(grown, [far]) == 0
    assert append(grown, [Row(0, START + 11 * SECOND, START + 11 * SECOND, 2.0, 1.0)]) == 1


@pytest.mark.parametrize("size", [0, 1])
def test_an_empty_set_and_a_single_row(size: int) -> None:
    rows = [Row(0, START, START, 1.0, 60.0)][:size]
    grown = InPlaceLegs(make_legs(table(rows)))
    assert grown.legs.arrays.leg.size == size


def test_a_leg_is_put_back_where_it_was_if_it_fits() -> None:
    rows = [Row(k % 2, START + k * MINUTE, START + k * MINUTE, 1.0 + k, 60.0) for k in range(80)]
    late = Row(0, START + 3 * MINUTE, START + HOUR * 2, 9.0, 60.0)
    much = [Row(0, START - k * MINUTE, START + HOUR * 3, 9.0, 60.0) for k in range(1, 300)]
    new = Row(2, START + HOUR, START + HOUR * 4, 9.0, 60.0)
    grown = InPlaceLegs(make_legs(table(rows)))
    for more, moved in (([late], False), (much, True), ([new], True)):
        rows += more
        arrays = grown.legs.arrays
        alone = make_legs(table([row for row in rows if row.leg == more[0].leg]))
        assert grown.put(alone) == moved
        assert (grown.legs.arrays is arrays) != moved
        moment = more[-1].known + MINUTE
        same(Prepared(grown.legs, BY_ADDRESS, KNOWN), make_legs(table(rows)), moment)
    after = Row(1, START + 200 * MINUTE, START + HOUR * 5, 9.0, 60.0)  # its neighbour is unharmed
    assert append(grown, [after]) == 1
    whole = make_legs(table([*rows, after]))
    same(Prepared(grown.legs, BY_ADDRESS, KNOWN), whole, START + HOUR * 5)
