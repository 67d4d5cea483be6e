"""R8 against its slow reference; nothing past T; too few; what is dropped is named."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tideline.domain.errors import BadInput
from tideline.domain.time import DAY, HOUR
from tideline.readings.analogue import HORIZONS, QUANTILES, AnalogueInputs, Outcome, dimensions
from tideline.readings.analogues import find_analogues
from tideline.readings.numbers.analogues import AnalogueNumbers

T = 20_000 * DAY
NAMES = dimensions("4h")
FEW = AnalogueNumbers(analogue_count=8, analogue_least=3)
AHEAD = {"1h": 1, "4h": 4, "24h": 24}


def inputs(days: int = 120, seed: int = 0, **changes) -> AnalogueInputs:
    """Hourly moments up to T with random vectors, one dimension in ten null."""
    rng = np.random.default_rng(seed)
    at = T - np.arange(days * 24, 0, -1, dtype=np.int64) * HOUR
    vectors = rng.normal(size=(at.size, len(NAMES))) * [0.01, 0.02, 1e-4, 0.5, 0.1]
    vectors[rng.random(vectors.shape) < 0.1] = np.nan
    outcomes = []
    for quantity in ("price", "oi"):
        for horizon in HORIZONS:
            values = rng.normal(size=at.size) * 0.02
            values[at.size - AHEAD[horizon] :] = np.nan
            outcomes.append(Outcome(quantity, horizon, values))
    made = AnalogueInputs("BTC", "4h", T, NAMES, rng.normal(size=5) * 0.01, at, vectors,
                          tuple(outcomes))  # fmt: skip
    return dataclasses.replace(made, **changes)


def reference(given: AnalogueInputs, numbers: AnalogueNumbers) -> tuple[list[int], int]:
    """Chosen moments and the count of candidates, straight from the page, in plain loops."""
    price = [o.values for o in given.outcomes if o.quantity == "price"]
    eligible = [
        k for k, u in enumerate(given.at.tolist())
        if u % HOUR == 0 and u + DAY + given.known_after_us <= given.as_of
        and all(math.isfinite(p[k]) for p in price)
    ]  # fmt: skip
    kept = []
    for column in range(len(given.dimensions)):
        known = [k for k in eligible if math.isfinite(given.vectors[k, column])]
        if math.isfinite(given.now[column]) and len(known) >= 0.5 * len(eligible):
            kept.append(column)
    candidates = [k for k in eligible if all(math.isfinite(given.vectors[k, c]) for c in kept)]
    scales = {}
    for column in kept:
        values = [float(given.vectors[k, column]) for k in candidates]
        mean = math.fsum(values) / len(values)
        sd = math.sqrt(math.fsum((v - mean) ** 2 for v in values) / (len(values) - 1))
        if sd > 0:
            scales[column] = (mean, sd)

    def apart(k: int) -> float:
        return math.fsum(
            ((given.vectors[k, c] - mean) / sd - (given.now[c] - mean) / sd) ** 2
            for c, (mean, sd) in scales.items()
        )

    chosen: list[int] = []
    gap = max(4 * HOUR, numbers.analogue_gap_h * HOUR)
    for k in sorted(candidates, key=lambda k: (apart(k), given.at[k])):
        if len(chosen) < numbers.analogue_count and all(
            abs(given.at[k] - given.at[c]) >= gap for c in chosen
        ):
            chosen.append(k)
    return [int(given.at[k]) for k in chosen], len(candidates)


@pytest.mark.parametrize("seed", range(6))
def test_it_is_what_the_slow_reference_finds(seed: int) -> None:
    given_ = inputs(seed=seed)
    found = find_analogues(given_)
    moments, candidates = reference(given_, AnalogueNumbers())
    assert [one.at for one in found.chosen] == moments
    assert found.candidates == candidates
    distances = [one.distance for one in found.chosen]
    assert distances == sorted(distances)
    day = found.followed("24h")
    assert day is not None
    values = next(o.values for o in given_.outcomes if (o.quantity, o.horizon) == ("price", "24h"))
    mine = values[np.isin(given_.at, moments)]
    assert day.like is not None
    assert day.like.count == len(moments)
    assert day.like.quantiles == pytest.approx(tuple(np.quantile(mine, QUANTILES)))
    assert day.like.rose == int((mine > 0).sum())
    assert day.usual is not None
    assert day.usual.count == candidates


@settings(max_examples=40)
@given(st.integers(0, 2**32 - 1), st.integers(0, 48))
def test_nothing_past_t_changes_anything(seed: int, hours: int) -> None:
    """A table that goes on past T, or tells outcomes early, gives the answer of one that ends."""
    whole = inputs(days=60, seed=seed % 1000)
    early = T - hours * HOUR
    kept = whole.at < early
    cut = dataclasses.replace(
        whole,
        as_of=early,
        at=whole.at[kept],
        vectors=whole.vectors[kept],
        outcomes=tuple(
            dataclasses.replace(o, values=np.where(
                whole.at[kept] + AHEAD[o.horizon] * HOUR <= early, o.values[kept], np.nan))
            for o in whole.outcomes
        ),
    )  # fmt: skip
    rng = np.random.default_rng(seed)
    late = whole.at + DAY > early
    told = dataclasses.replace(
        whole,
        as_of=early,
        vectors=np.where((whole.at >= early)[:, None], rng.normal(size=whole.vectors.shape) * 9,
                         whole.vectors),
        outcomes=tuple(
            dataclasses.replace(o, values=np.where(late, rng.normal(size=o.values.size), o.values))
            for o in whole.outcomes
        ),
    )  # fmt: skip
    assert find_analogues(told, FEW) == find_analogues(cut, FEW)


def test_an_outcome_known_late_keeps_its_moment_out() -> None:
    late = dataclasses.replace(inputs(), known_after_us=HOUR)
    last = find_analogues(inputs()).last
    assert last is not None
    assert last <= T - DAY
    behind = find_analogues(late).last
    assert behind is not None
    assert behind <= T - DAY - HOUR


def test_dimensions_that_cannot_be_used_are_named() -> None:
    made = inputs()
    vectors = made.vectors.copy()
    vectors[:, 1] = 0.25  # never moves
    vectors[: int(0.6 * len(vectors)), 3] = np.nan  # known at four in ten
    now = made.now.copy()
    now[4] = np.nan
    found = find_analogues(dataclasses.replace(made, vectors=vectors, now=now))
    why = {drop.address: drop.why for drop in found.dropped}
    assert why[NAMES[4]] == "null at this moment"
    assert why[NAMES[1]] == "the same at every past moment"
    assert "past moments only" in why[NAMES[3]]
    assert [one.address for one in found.dimensions] == [NAMES[0], NAMES[2]]


@pytest.mark.parametrize(("share", "dropped"), [(0.49, True), (0.5, False), (0.51, False)])
def test_half_of_the_moments_is_enough_of_a_dimension(share: float, dropped: bool) -> None:
    made = inputs(days=101)  # 2,400 moments whose outcome is over at T
    vectors = np.nan_to_num(made.vectors, nan=0.003)
    outcomes = tuple(
        dataclasses.replace(o, values=np.nan_to_num(o.values, nan=0.01)) for o in made.outcomes
    )
    eligible = made.at + DAY <= T
    assert eligible.sum() == 2401
    known = math.ceil(share * 2401)
    vectors[np.flatnonzero(eligible)[known:], 2] = np.nan
    found = find_analogues(dataclasses.replace(made, vectors=vectors, outcomes=outcomes))
    assert (NAMES[2] in [drop.address for drop in found.dropped]) is dropped


@pytest.mark.parametrize(("days", "told"), [(18, False), (19, False), (20, True), (21, True)])
def test_fewer_than_twenty_says_so_and_gives_no_numbers(days: int, told: bool) -> None:
    """Identical moments: one a day is chosen, the last a day before T."""
    made = inputs(days=days)
    flat = np.tile(np.linspace(0, 1, made.at.size)[:, None], 5) * 1e-9
    outcomes = tuple(
        dataclasses.replace(o, values=np.full(made.at.size, 0.01)) for o in made.outcomes
    )
    found = find_analogues(
        dataclasses.replace(made, vectors=flat, now=np.zeros(5), outcomes=outcomes)
    )
    assert found.told is told
    assert bool(found.chosen) is told
    if not told:
        assert "20 are needed" in found.because
        assert f"{days} independent" in found.because


def test_nothing_at_all() -> None:
    made = inputs(now=np.full(5, np.nan))
    found = find_analogues(made)
    assert not found.told
    assert found.because.startswith("Cannot tell: no dimension is left")
    empty = inputs(days=0)
    assert not find_analogues(empty).told


def test_tables_that_do_not_fit_are_refused() -> None:
    made = inputs(days=3)
    with pytest.raises(BadInput, match="do not fit"):
        find_analogues(dataclasses.replace(made, now=made.now[:3]))
    with pytest.raises(BadInput, match="do not fit"):
        short = (Outcome("price", "1h", np.zeros(2)),)
        find_analogues(dataclasses.replace(made, outcomes=short))
    with pytest.raises(BadInput, match="ascending"):
        find_analogues(dataclasses.replace(made, at=made.at[::-1].copy()))
    with pytest.raises(BadInput, match="no window"):
        find_analogues(dataclasses.replace(made, window="3h"))


def test_the_sentence_has_its_counts() -> None:
    found = find_analogues(inputs())
    day = found.followed("24h")
    assert day is not None
    assert day.like is not None
    assert f"price rose in {day.like.rose} of {day.like.count}" in found.because
    assert f"{found.candidates:,}" in found.because
