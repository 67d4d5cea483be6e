"""From toy worlds to the card: determinism, controls, and each part of it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.research.scoring.toy import ToyWorlds
from tideline.domain.errors import BadInput
from tideline.domain.time import DAY
from tideline.readings.parameters import DEFAULTS
from tideline.research.scoring import card as cards
from tideline.research.scoring.card import make_card
from tideline.research.scoring.claim_sections import claim_sections
from tideline.research.scoring.fingerprint import take
from tideline.research.scoring.ledger import append, line_of
from tideline.research.scoring.markdown import page
from tideline.research.scoring.named import NAMED
from tideline.research.scoring.observed import Scored
from tideline.research.scoring.observing import scored_of
from tideline.research.scoring.parameters import ScoreParameters
from tideline.research.scoring.running import score
from tideline.research.scoring.sections import sections

SMALL = ScoreParameters(
    worlds=5,
    days=3,
    burn_in_days=14,
    resamples=300,
    random_draws=6,
    levels=9,
    ablation_worlds=0,
    control_days=8,
)
TINY = replace(SMALL, worlds=2, days=1, ablation_worlds=1, ablation_days=1)
READINGS = replace(DEFAULTS, baseline_hours=336)
AT = 1_800_000_000_000_000


SEEDS = (221382797, 1105084777, 304766886, 728319377, 660053105)
"""Of worlds with enough claims to decide both controls; drawn once, kept whatever is hashed."""
MARK = replace(take(READINGS, ToyWorlds().described(), SMALL, "toy"), seeds=SEEDS)


@pytest.fixture(scope="module")
def scored() -> list[Scored]:
    """R1 alone: the other readings are in ``tiny`` and in test_named."""
    return [
        scored_of(each, READINGS, SMALL, control=True)
        for seed in MARK.seeds
        for each in ToyWorlds().make(seed, SMALL.days, SMALL.burn_in_days)
    ]


@pytest.fixture(scope="module")
def card(scored: list[Scored]) -> Any:
    return make_card(scored, READINGS, SMALL, MARK, "toy worlds")


@pytest.fixture(scope="module")
def tiny() -> Any:
    return score(ToyWorlds(), TINY, readings=READINGS, nonce="a")[0]


def detector(card: Any, key: str, number: int = 0) -> Any:
    return next(row for row in card["rounds"][number]["detectors"] if row["key"] == key)


def test_the_same_nonce_gives_the_same_card(tiny: Any) -> None:
    assert score(ToyWorlds(), TINY, readings=READINGS, nonce="a")[0] == tiny
    other = score(ToyWorlds(), TINY, readings=READINGS, nonce="b")[0]
    assert tiny["rounds"] != other["rounds"]
    assert tiny["fingerprint"]["seeds"] != other["fingerprint"]["seeds"]


@pytest.mark.slow
def test_processes_do_not_change_the_card(tiny: Any) -> None:
    assert score(ToyWorlds(), TINY, readings=READINGS, nonce="a", processes=2)[0] == tiny


def test_what_was_planted_is_found_and_chance_does_not_find_it(card: Any) -> None:
    ours, chance = detector(card, "adaptive"), detector(card, "random")
    assert ours["f1"]["value"] > 0.8
    assert chance["f1"]["value"] < 0.4
    assert chance["ours_minus"]["low"] > 0.3
    assert ours["strictness"] == 1.0
    assert card["sample"]["adaptive"] == 1.0
    assert card["sample"]["asset_days"] == 15


def test_alerts_are_equal_where_they_can_be(card: Any) -> None:
    for number, each in enumerate(card["rounds"]):
        for key in ("adaptive", "fixed", "signs", "taker", "scanner_full", "scanner_best"):
            rate = detector(card, key, number)["alerts_per_day"]
            assert rate == pytest.approx(each["rate"], rel=0.1), (number, key)
        lacking = detector(card, "scanner", number)
        assert lacking["recall"] < detector(card, "scanner_full", number)["recall"]


def test_controls_find_nothing(card: Any) -> None:
    assert [each["name"] for each in card["controls"]] == ["directionless OI", "shuffled truth"]
    assert [each["holds"] for each in card["controls"]] == [True, True]
    assert card["failed"] == []
    skill = next(row for row in card["skill"] if row["key"] == "adaptive")
    assert skill["class"]["low"] > 0.5
    assert skill["opened"]["low"] > 0.5


def test_a_failed_control_stands_in_the_first_line(
    card: Any, scored: list[Scored], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A control whose truth was not shuffled at all has to be caught."""
    monkeypatch.setattr(cards, "shuffled_truth", lambda given, _: [one.truth for one in given])
    failed = make_card(scored, READINGS, SMALL, MARK, "toy worlds")
    assert failed["failed"] == ["shuffled truth"]
    assert page(failed, AT, "tideline score").splitlines()[0].startswith("**FAILED")
    assert not page(card, AT, "tideline score").startswith("**")


def test_each_mechanism_is_switched_off_on_the_same_worlds(tiny: Any) -> None:
    rows = {row["mechanism"]: row for row in tiny["ablation"]}
    assert set(rows) == set(ToyWorlds().mechanisms)
    for row in rows.values():
        assert row["f1_change"]["low"] <= row["f1_change"]["value"] <= row["f1_change"]["high"]
        assert row["true_per_day"] == rows["news_repricing"]["true_per_day"]


def test_all_readings_are_on_the_card_and_in_its_ledger(tiny: Any) -> None:
    claims = tiny["claims"]
    assert [row["rule"] for row in claims["rows"]] == [entry.rule.key for entry in NAMED]
    assert all(
        row["control"] is None or row["control"]["holds"] is not False for row in claims["rows"]
    )
    text = page(tiny, AT, "tideline score")
    for each in claim_sections(tiny):
        assert f"## {each.title}" in text
        assert all(len(row) == len(each.columns) for row in each.rows)
    told = json.loads(line_of(tiny, AT))["claims"]
    assert told[0]["rule"] == "R2.divergence"
    assert {"window", "precision", "recall", "f1"} < set(told[0])


def test_the_card_is_json_and_the_page_has_every_section(card: Any) -> None:
    assert json.loads(json.dumps(card, allow_nan=False)) == card
    text = page(card, AT, "tideline score --quick")
    for each in sections(card):
        assert f"## {each.title}" in text
        for row in each.rows:
            assert len(row) == len(each.columns)
    assert card["fingerprint"]["sha256"] in text
    assert "this is a repetition" in text
    assert "SIMULATED" in text


def test_the_ledger_takes_a_line_a_version(card: Any, tmp_path) -> None:
    ledger = tmp_path / "scorecard.log"
    for at in (AT, AT + DAY):
        append(ledger, card, at)
    first, second = ledger.read_text().splitlines()
    assert first == line_of(card, AT)
    told = json.loads(second)
    assert told["sha256"] == card["fingerprint"]["sha256"]
    assert told["nonce"] == "toy"
    assert told["rounds"][0]["detectors"][0]["key"] == "adaptive"
    with pytest.raises(BadInput, match="does not exist"):
        append(tmp_path / "nowhere" / "log", card, AT)


def test_days_are_whole() -> None:
    (made,) = ToyWorlds().make(seed=1, days=1, burn_in_days=2)
    with pytest.raises(BadInput, match="whole days"):
        scored_of(replace(made, end=made.end - 1), DEFAULTS, SMALL, control=False)


def test_what_is_later_than_the_moment_changes_nothing() -> None:
    """The features of the first day are the same when the second day never comes."""
    (made,) = ToyWorlds().make(seed=2, days=2, burn_in_days=2)
    cut = made.start + DAY
    event = made.rows["event_time"].cast("int64").to_numpy()
    short = replace(made, end=cut, rows=made.rows.filter(event <= cut))
    whole, half = (scored_of(each, DEFAULTS, SMALL, control=False) for each in (made, short))
    assert isinstance(whole, Scored)
    for name in ("move", "rate", "price_in", "oi_in", "scan_move", "scan_rate", "taker"):
        first = getattr(whole.seen, name)[: half.seen.size]
        assert np.array_equal(first, getattr(half.seen, name), equal_nan=True), name
    assert np.array_equal(whole.truth[: half.truth.size], half.truth)


def test_processes_below_one_are_refused() -> None:
    with pytest.raises(BadInput, match="processes"):
        score(ToyWorlds(), SMALL, processes=0)
