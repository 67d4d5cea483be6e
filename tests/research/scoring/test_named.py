"""All readings beside R1: what they said, what was true, and how the two are held together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.research.scoring.toy import ToyWorlds
from tideline.readings.catalogue import RULES
from tideline.readings.parameters import DEFAULTS
from tideline.readings.price_oi_rule import price_oi_rule
from tideline.research.scoring.claim_card import claim_facts, rules_asked
from tideline.research.scoring.claims import Claimed
from tideline.research.scoring.controls import shuffled
from tideline.research.scoring.families import FLOWS
from tideline.research.scoring.named import NAMED, QUADRANT, SILENT, Named
from tideline.research.scoring.observed import KINDS, Scored
from tideline.research.scoring.observing import scored_of
from tideline.research.scoring.parameters import ScoreParameters
from tideline.research.scoring.sweeping import rate_of
from tideline.research.scoring.tally import scores

SCORER = ScoreParameters(
    worlds=2, days=2, burn_in_days=14, random_draws=4, levels=9, resamples=200, shuffles=20
)
SEEDS = {"days": 1, "worlds": 2, "shuffle": 3, "chance": 4}
R1 = Named(price_oi_rule(), FLOWS, {name: name for name in KINDS}, QUADRANT)


@pytest.fixture(scope="module")
def scored() -> list[Scored]:
    readings = replace(DEFAULTS, baseline_hours=336)
    return [
        scored_of(ToyWorlds().make(seed, 2, 14)[0], readings, SCORER, False,
                  (*rules_asked(), price_oi_rule()))
        for seed in (3, 4)
    ]  # fmt: skip


def test_every_rule_is_scored_or_said_why_not() -> None:
    silent = {name for rules, _ in SILENT for name in rules.split(", ")}
    asked = {rule.key for rule in rules_asked()}
    for rule in RULES:
        inside = rule.key in asked or rule.key == "R1.state"
        apart = rule.key in silent or rule.reading in silent
        assert inside != apart, rule.key


def test_an_entry_claims_names_its_rule_can_give_and_classes_there_are() -> None:
    for entry in (*NAMED, R1):
        for name, claimed in entry.classes.items():
            assert name.split("/")[0] in entry.rule.names
            assert claimed in entry.family.classes
        assert len(entry.family.classes) <= len(KINDS)


def test_what_a_rule_said_is_what_r1s_own_bands_make_of_it(scored: list[Scored]) -> None:
    """At each moment R1, asked as any rule, claims the corner its moves and bands make."""
    for one in scored:
        said = one.said["R1.state", "45m"]
        seen = one.seen
        corner = [k for k, name in enumerate(said.names) if name.split("/")[0] in KINDS]
        outside = (np.abs(seen.move) > seen.price_in) & (np.abs(seen.rate) > seen.oi_in)
        assert np.array_equal(np.isin(said.state, corner), outside)
        assert np.array_equal(one.moves["45m"].rate, seen.rate, equal_nan=True)
        assert one.moves["45m"].move == pytest.approx(seen.move, rel=1e-12, nan_ok=True)


def test_the_family_of_flows_is_the_true_state(scored: list[Scored]) -> None:
    for one in scored:
        assert np.array_equal(FLOWS.kinds(one.flows["45m"]), one.truth)


def test_r1_judged_as_a_claim_finds_what_was_planted(scored: list[Scored]) -> None:
    claimed = Claimed(R1, tuple(scored), SCORER)
    assert scores(claimed.own.by_day.sum(axis=0)).f1 > 0.6
    chance = claimed.chance(1)
    assert scores(chance.by_day.sum(axis=0)).f1 < 0.4
    assert rate_of(chance) == pytest.approx(rate_of(claimed.own), rel=0.2)
    assert rate_of(claimed.simple()) == pytest.approx(rate_of(claimed.own), rel=0.1)
    weights = np.ones((1, 4))
    assert claimed.skill(weights, 0.95).interval.value > 0.4
    shuffled_skill = claimed.shuffled_skill(1, 40)
    assert abs(shuffled_skill.mean()) < 4 * shuffled_skill.std() / 40**0.5
    assert shuffled_skill.max() < 0.4


def test_names_outside_a_map_claim_nothing_and_nobody_is_asked_to_find_them(
    scored: list[Scored],
) -> None:
    covering = replace(R1, classes={"short_covering": "short_covering"})
    whole, part = (Claimed(entry, tuple(scored), SCORER) for entry in (R1, covering))
    kind = KINDS.index("short_covering")
    for all_said, said in zip(whole.said, part.said, strict=True):
        assert np.array_equal(said, np.where(all_said == kind, kind, -1))
    for all_true, true in zip(whole.true, part.true, strict=True):
        assert np.array_equal(true, np.where(all_true == kind, kind, -1))


def test_shuffling_keeps_every_asset_day_once(scored: list[Scored]) -> None:
    truths = [one.truth for one in scored]
    dealt = shuffled(scored, truths, 5)
    assert [each.size for each in dealt] == [each.size for each in truths]
    before, after = np.concatenate(truths), np.concatenate(dealt)
    assert np.array_equal(np.sort(before), np.sort(after))
    assert not np.array_equal(before, after)


def test_the_facts_hold_every_entry_and_repeat(scored: list[Scored]) -> None:
    facts = claim_facts(scored, SCORER, SEEDS, (*NAMED, R1))
    assert [row["rule"] for row in facts["rows"]] == [e.rule.key for e in (*NAMED, R1)]
    row = facts["rows"][-1]
    assert row["precision"] > 0.6
    assert row["chance"]["ours_minus"]["low"] > 0
    assert repr(claim_facts(scored, SCORER, SEEDS, (*NAMED, R1))) == repr(facts)
