"""The hash stands before anything is drawn, and everything follows from hash and nonce."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import Any

import pytest

from tideline.domain.errors import BadInput, UnknownName
from tideline.readings.parameters import DEFAULTS
from tideline.research.scoring.fingerprint import canonical, seed_of, sources, take
from tideline.research.scoring.parameters import ScoreParameters, described

MARKET = {"name": "toy", "priors": {"signal": [1.0, 2.0]}}
SCORER = ScoreParameters(worlds=3)


def test_the_hash_is_that_of_the_text_and_the_text_holds_every_number() -> None:
    mark = take(DEFAULTS, MARKET, SCORER, "n")
    assert mark.sha256 == hashlib.sha256(mark.text.encode()).hexdigest()
    facts = json.loads(mark.text)
    assert facts["readings"]["k_in"] == DEFAULTS.k_in
    assert facts["market"] == MARKET
    assert facts["scorer"]["worlds"] == 3


def test_nothing_is_drawn_when_the_numbers_cannot_be_hashed() -> None:
    drawn = []

    def draw() -> str:
        drawn.append(1)
        return "x"

    with pytest.raises(ValueError, match="not JSON compliant"):
        take(DEFAULTS, {"prior": float("nan")}, SCORER, draw=draw)
    assert not drawn
    assert take(DEFAULTS, MARKET, SCORER, draw=draw).nonce == "x"
    assert drawn == [1]


def test_a_given_nonce_is_said_and_nothing_is_drawn() -> None:
    def never() -> str:
        raise AssertionError("drawn")

    mark = take(DEFAULTS, MARKET, SCORER, "given", draw=never)
    assert mark.given
    assert not take(DEFAULTS, MARKET, SCORER, draw=lambda: "x").given


@pytest.mark.parametrize(
    "changed",
    [
        {"readings": replace(DEFAULTS, k_in=3.0000001)},
        {"market": {**MARKET, "name": "other"}},
        {"scorer": replace(SCORER, tolerance=0.3)},
        {"nonce": "m"},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_any_number_and_the_nonce_change_every_seed(changed: dict[str, Any]) -> None:
    asked = {"readings": DEFAULTS, "market": MARKET, "scorer": SCORER, "nonce": "n"}
    one, other = take(**asked), take(**{**asked, **changed})
    assert not set(one.seeds) & set(other.seeds)
    assert take(**asked) == one


def test_seeds_are_those_of_the_definition() -> None:
    mark = take(DEFAULTS, MARKET, SCORER, "n")
    for k, seed in enumerate(mark.seeds):
        digest = hashlib.sha256(f"{mark.sha256}:n:{k}".encode()).hexdigest()
        assert seed == int(digest[:8], 16) >> 1 == seed_of(mark.sha256, "n", k)
        assert 0 <= seed < 2**31


def test_two_nonces_drawn_are_not_the_same() -> None:
    assert take(DEFAULTS, MARKET, SCORER).nonce != take(DEFAULTS, MARKET, SCORER).nonce


def test_canonical_text_does_not_depend_on_the_order() -> None:
    assert canonical({"b": 1, "a": [0.1, 2]}) == canonical({"a": [0.1, 2], "b": 1})
    assert canonical({"b": 1, "a": [0.1, 2]}) == '{"a":[0.1,2],"b":1}'


def test_sources_are_pinned() -> None:
    assert sources() == sources()
    assert len(sources()) == 16


@pytest.mark.parametrize(
    "bad", [{"worlds": 1}, {"days": 0}, {"step_min": 7}, {"levels": 0}, {"random_draws": 0}]
)
def test_numbers_that_cannot_be_used_are_refused(bad: dict[str, int]) -> None:
    with pytest.raises(BadInput) as caught:
        ScoreParameters(**bad)
    assert caught.value.field == next(iter(bad))


def test_a_window_without_parts_is_refused() -> None:
    with pytest.raises(UnknownName) as caught:
        ScoreParameters(window="44m")
    assert caught.value.nearest == "45m"


def test_every_number_is_explained() -> None:
    assert all(meaning for _, _, meaning in described(ScoreParameters()))
