"""The controls take away what they say and nothing else, and they can fail."""

from __future__ import annotations

import numpy as np
import pytest

from tests.research.scoring.spans import SIZE, scored
from tests.research.scoring.toy import ToyWorlds
from tideline.domain.errors import BadInput
from tideline.domain.time import DAY
from tideline.research.scoring.bootstrap import day_weights
from tideline.research.scoring.controls import directionless_rows, shuffled_truth
from tideline.research.scoring.skill import class_counts, skill_of

(MADE,) = ToyWorlds().make(seed=8, days=2, burn_in_days=3)


def leg(rows, venue: str, field: str) -> tuple[np.ndarray, np.ndarray]:
    mine = (np.array(rows["venue"].to_pylist()) == venue) & (
        np.array(rows["field"].to_pylist()) == field
    )
    event = rows["event_time"].cast("int64").to_numpy()
    return event[mine], rows["value"].to_numpy()[mine]


def test_open_interest_is_that_of_another_day_and_nothing_else_changes() -> None:
    moved = directionless_rows(MADE.rows, seed=3)
    for name in MADE.rows.column_names:
        if name != "value":
            assert moved[name].equals(MADE.rows[name])
    for venue in ("binance", "bybit", "okx"):
        for field in ("mark_price", "taker_buy_coin", "taker_sell_coin"):
            assert np.array_equal(leg(moved, venue, field)[1], leg(MADE.rows, venue, field)[1])
        event, before = leg(MADE.rows, venue, "open_interest")
        after = leg(moved, venue, "open_interest")[1]
        assert not np.allclose(before, after)
        # steps of 5 min are the same ones, of other moments: as many, as large, on both sides
        steps = [np.sort(np.diff(np.log(x))) for x in (before, after)]
        assert np.quantile(steps[0], [0.1, 0.5, 0.9]) == pytest.approx(
            np.quantile(steps[1], [0.1, 0.5, 0.9]), abs=2e-4
        )
        assert abs(np.corrcoef(np.diff(np.log(before)), np.diff(np.log(after)))[0, 1]) < 0.15
        dollars = leg(moved, venue, "open_interest_usd")[1] / after
        assert dollars == pytest.approx(leg(MADE.rows, venue, "mark_price")[1], rel=1e-9)
        assert event.size == after.size


def test_all_venues_are_moved_alike() -> None:
    """What they have in common they keep: the sum moves as the sum of another day did."""
    moved = directionless_rows(MADE.rows, seed=3)
    changes = [
        np.diff(np.log(leg(moved, venue, "open_interest")[1]))[:1000]
        for venue in ("binance", "bybit")
    ]
    own = [
        np.diff(np.log(leg(MADE.rows, venue, "open_interest")[1]))[:1000]
        for venue in ("binance", "bybit")
    ]
    assert np.corrcoef(*changes)[0, 1] == pytest.approx(np.corrcoef(*own)[0, 1], abs=0.15)


def test_rows_without_enough_open_interest_are_refused() -> None:
    fields = np.array(MADE.rows["field"].to_pylist())
    with pytest.raises(BadInput, match="hold no open interest"):
        directionless_rows(MADE.rows.filter(fields == "mark_price"), 1)
    early = MADE.rows["event_time"].cast("int64").to_numpy() < MADE.start - 2 * DAY
    with pytest.raises(BadInput, match="too few"):
        directionless_rows(MADE.rows.filter(early), 1)


def worlds(count: int, days: int):
    draw = np.random.default_rng(4)
    return [
        scored(seed, np.repeat(draw.integers(-1, 4, days * SIZE // 12), 12))
        for seed in range(count)
    ]


def test_shuffled_truth_deals_every_day_out_once() -> None:
    given = worlds(3, 2)

    def held(truths) -> list[tuple[int, ...]]:
        days = [day for truth in truths for day in np.split(truth, 2)]
        return sorted(tuple(np.bincount(day + 1, minlength=5).tolist()) for day in days)

    made = shuffled_truth(given, seed=6)
    assert [truth.size for truth in made] == [one.truth.size for one in given]
    assert held(made) == held([one.truth for one in given])
    assert any(not np.array_equal(a, one.truth) for a, one in zip(made, given, strict=True))
    with pytest.raises(BadInput, match="nothing to shuffle"):
        shuffled_truth(given[:1], 1)


def test_worlds_that_are_not_alike_give_no_skill_either_way() -> None:
    """Busy worlds speak often and hold much: over many deals, skill without knowledge is zero."""
    draw = np.random.default_rng(4)
    rates = [0.02, 0.3] * 4
    claims = [draw.random(2 * 288) < rate for rate in rates]
    given = worlds(8, 2)
    for one, rate in zip(given, rates, strict=True):
        one.truth[:] = np.where(draw.random(one.truth.size) < rate, 0, -1)
    skills = []
    for seed in range(200):
        truth = np.concatenate(shuffled_truth(given, seed)) == 0
        said = np.concatenate(claims)
        skills.append(said[truth].mean() - said[~truth].mean())
    assert abs(np.mean(skills)) < 3 * np.std(skills) / np.sqrt(len(skills)) + 0.005


def test_who_knows_the_truth_has_no_skill_against_another() -> None:
    """And all of it against its own: the control is a control because it could have failed."""
    given = worlds(8, 6)
    weights = day_weights(48, 800, 2)

    def skill(truth: list[np.ndarray]):
        counts = [
            class_counts(one.truth, each, one.seen.day, 6)
            for one, each in zip(given, truth, strict=True)
        ]
        return skill_of(counts, weights, 0.99).interval

    assert skill(shuffled_truth(given, seed=1)).holds(0.0)
    assert not skill([one.truth for one in given]).holds(0.0)
