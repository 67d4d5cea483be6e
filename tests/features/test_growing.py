"""Legs that grew commit by commit answer as legs made from all rows at once, to the last bit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, note
from hypothesis import strategies as st

from tests.properties.addresses import every_transform
from tests.properties.campaigns import campaign
from tests.properties.engine import INSTRUMENTS, ask, bits, table_of
from tests.properties.histories import history
from tests.reference.model import MINUTE, WINDOWS, Row
from tests.reference.signals import SPECS
from tideline.features.engine import evaluate_legs
from tideline.features.growing import GrowingLegs
from tideline.features.legs import TWIN, LegKey, LegSet, make_legs
from tideline.features.planned import Planned
from tideline.signals import BY_ADDRESS


def answered(growing: GrowingLegs, moments, addresses):
    as_of = np.array(moments, np.int64)
    return evaluate_legs(growing.legs, BY_ADDRESS, INSTRUMENTS, as_of, addresses, evidence=True)


def grown(rows, moments, addresses, sizes) -> None:
    """Take ``rows`` in by parts of those sizes; compare after each."""
    at = sizes[0]
    growing = GrowingLegs(table_of(rows).slice(0, at))
    planned, made_of = None, None
    for size in [*sizes[1:], len(rows)]:
        growing.append(table_of(rows).slice(at, size))
        at = min(at + size, len(rows))
        whole = ask(table_of(rows).slice(0, at), moments, addresses)
        found = answered(growing, moments, addresses)
        assert bits(found) == bits(whole)
        if planned is None or made_of != growing.generation:  # else the plan of fewer rows serves
            planned = Planned(growing.legs, BY_ADDRESS, INSTRUMENTS, addresses)
            made_of = growing.generation
        alone = planned.at(moments[0])
        assert np.array_equal(alone.values[0], found.values[0], equal_nan=True)
        assert np.array_equal(alone.reason[0], found.reason[0])


@campaign(15)
@given(
    seed=st.integers(0, 2**32 - 1),
    signal=st.sampled_from(sorted(SPECS)),
    window=st.sampled_from(sorted(WINDOWS)),
)
def test_rows_taken_in_one_commit_after_another(seed, signal, window):
    note(f"history seed {seed}")
    rng = np.random.default_rng(seed)
    told = history(seed, signal, window, 8)
    addresses = every_transform(signal, window, rng)
    parts = [int(x) for x in rng.integers(0, max(2, len(told.rows) // 4), 6)]
    grown(told.rows, [*told.moments, told.moments[0]], addresses, parts)


@pytest.mark.slow
@campaign(3000)
@given(
    seed=st.integers(0, 2**32 - 1),
    signal=st.sampled_from(sorted(SPECS)),
    window=st.sampled_from(sorted(WINDOWS)),
)
def test_rows_taken_in_one_commit_after_another_long(seed, signal, window):
    rng = np.random.default_rng(seed)
    told = history(seed, signal, window, 8)
    addresses = every_transform(signal, window, rng)
    parts = [int(x) for x in rng.integers(0, max(2, len(told.rows) // 4), 9)]
    grown(told.rows, [*told.moments, told.moments[0]], addresses, parts)


def minute(k: int, value: float, known: int | None = None, field: str = "open_interest") -> Row:
    at = 20_000 * 1440 * MINUTE + k * MINUTE
    return Row("binance", "BTCUSDT", field, at, known or at, value, "recorded", "ok", 60.0)


def test_rows_in_order_are_written_where_there_is_room():
    """A thousand commits: laid out anew a few times, not a thousand; then a word about the past."""
    rows = [minute(k, 100.0 + k % 7) for k in range(1400)]
    rows.append(minute(700, 5.0, known=rows[-1].known_time + 1))
    table = table_of(rows)
    growing = GrowingLegs(table.slice(0, 400))
    for at in range(400, 1400):
        growing.append(table.slice(at, 1))
    assert growing.generation <= 8
    generation = growing.generation
    growing.append(table.slice(1400, 1))
    assert growing.generation == generation
    assert growing.rows == 1401
    moments = [rows[k].event_time for k in (699, 700, 701, 1399)] + [rows[-1].known_time]
    addresses = ["positioning.oi_usdtm_coin@1h:max", "positioning.oi_usdtm_coin@5m:delta[100]"]
    assert bits(answered(growing, moments, addresses)) == bits(ask(table, moments, addresses))


def test_a_settled_rate_that_comes_late_gives_its_interval_a_second_life():
    rows = [minute(k, 8.0, field="funding_interval_h") for k in range(3)]
    rows += [minute(3, 0.0001, field="funding_rate_settled")]
    rows += [minute(4, 8.0, field="funding_interval_h"), minute(5, 2e-4, field="open_interest_usd")]
    moments = [minute(200, 0.0).event_time]
    grown(rows, moments, ["funding.funding_usdtm@1h", "funding.funding_avg@1h"], [2, 1, 1, 1])


def leg_of(legs: LegSet, key: LegKey) -> list[object]:
    """All a leg consists of, wherever it stands; its table from time to entry is checked."""
    leg, entry, version, bucket = legs.arrays
    one = leg[legs.index[key]]
    ends = entry[one["low"] : one["high"] + 1]
    entries = ends[:-1]
    table = bucket[one["bucket"] : one["bucket_end"]]
    edges = one["origin"] + (np.arange(table.size) << one["shift"])
    assert np.array_equal(table - one["low"], np.searchsorted(entries["event"], edges))
    plain = ("event", "last", "value", "expiry", "first", "suffix", "prefix")
    counted = ("versions", "odd", "assumed")
    return [
        *(entries[name].tolist() for name in plain),
        *(np.diff(ends[name]).tolist() for name in counted),
        (entries["lower"] - one["low"]).tolist(),
        version[ends["versions"][0] : ends["versions"][-1]].tolist(),
        *(int(one[name]) for name in ("before", "coarsest", "max_age")),
    ]


EARLY = ("open_interest", "funding_interval_h")
FIELDS = (*EARLY, "next_funding_time", "mark_price", "funding_rate_settled")


def messy(rng: np.random.Generator, size: int) -> list[Row]:
    """Two venues' legs, interleaved, some there from the middle on alone; a third of the rows told
    late, again, out of order or suspect."""
    rows, now = [], minute(0, 0.0).known_time
    for place in range(size):
        now += int(rng.integers(0, 3)) * MINUTE
        event = now - int(rng.choice([0, 0, 0, 0, 1, 2, 50])) * MINUTE
        known = max(event, now - int(rng.choice([0, 0, 0, 0, 0, 1, 3])) * MINUTE)
        fields = EARLY if place < size // 2 else FIELDS
        venue, field = str(rng.choice(["binance", "bybit"])), str(rng.choice(fields))
        status = "suspect" if rng.random() < 0.1 else "ok"
        basis = "assumed" if rng.random() < 0.2 else "recorded"
        cadence = float(rng.choice([0.0, 60.0, 300.0, np.nan]))
        value = float(rng.integers(1, 9))
        rows.append(Row(venue, "BTCUSDT", field, event, known, value, basis, status, cadence))
    return rows


@campaign(40)
@given(seed=st.integers(0, 2**32 - 1), size=st.integers(2, 400))
def test_every_leg_is_the_one_made_of_all_rows(seed: int, size: int) -> None:
    rng = np.random.default_rng(seed)
    table = table_of(messy(rng, size))
    at = int(rng.integers(0, size // 2 + 1))
    growing = GrowingLegs(table.slice(0, at))
    while at < size:
        generation, arrays = growing.generation, growing.legs.arrays
        part = int(rng.choice([1, 3, 10, 60]))
        growing.append(table.slice(at, part))
        at = min(at + part, size)
        assert (growing.generation == generation) == (growing.legs.arrays is arrays)
        whole = make_legs(table.slice(0, at))
        assert growing.rows == whole.arrays.version.size
        assert growing.legs.index.keys() == whole.index.keys()
        for key in whole.index:
            assert leg_of(growing.legs, key) == leg_of(whole, key), key


def test_a_settled_rate_known_of_old_gives_its_interval_a_second_life() -> None:
    """Its older rows are not at hand: the leg is there, empty, before its first row comes."""
    rows = [minute(k, 8.0, field="funding_interval_h") for k in range(3)]
    rows.append(minute(3, 0.0001, field="funding_rate_settled"))
    settled = ("binance", "BTCUSDT", "funding_rate_settled")
    growing = GrowingLegs(table_of(rows[:3]), {settled: 7})
    growing.append(table_of(rows[3:]))
    whole = make_legs(table_of(rows), before={settled: 7})
    assert ("binance", "BTCUSDT", "funding_interval_h" + TWIN) in growing.legs.index
    for key in whole.index:
        assert leg_of(growing.legs, key) == leg_of(whole, key)
