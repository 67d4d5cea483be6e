"""The tables of odds: their form, their thresholds, and that they stand beside states alone."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from importlib import resources

import pytest

from tideline.domain.errors import BadInput
from tideline.readings.catalogue import NAMES, RULES
from tideline.readings.odds.odds import Odds
from tideline.readings.odds.table import KINDS, SOURCES, Kind, OddsTable, odds_table, parse
from tideline.readings.price_oi_rule import price_oi_rule
from tideline.readings.reading import Reading
from tideline.readings.rule import with_odds

HEAD = """
kind = "follow"
version = "1"
source = "recordings"
data = "sha256:0"
first = "2026-01-01"
last = "2026-05-29"
min_cases = 30
min_weeks = 8
"""
LINE = """
[[odds]]
rule = "R1.state"
name = "new_longs"
window = "4h"
horizon = "4h"
n = 30
weeks = 8
followed = 12
p = 0.4
base_rate = 0.3
"""
KEY = ("R1.state", "new_longs", "4h")


def test_a_state_with_enough_cases_is_told() -> None:
    table = parse(HEAD + LINE, "follow")
    assert table.of(*KEY) == Odds(0.4, 30, 0.3, "4h", "1", "recordings")
    assert table.of("R1.state", "new_longs", "45m") is None


@pytest.mark.parametrize(("was", "fewer"), [("n = 30", "n = 29"), ("weeks = 8", "weeks = 7")])
def test_too_few_cases_or_weeks_are_null(was: str, fewer: str) -> None:
    assert parse(HEAD + LINE.replace(was, fewer, 1), "follow").of(*KEY) is None


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("kind = ", "TOML"),
        (HEAD.replace('"follow"', '"label"'), "kind"),
        (HEAD.replace('"recordings"', '"simulated"'), "source"),
        (HEAD.replace('version = "1"', ""), "version"),
        (HEAD + LINE + LINE, "twice"),
        (HEAD + LINE.replace("p = 0.4", "p = 1.4"), "probability"),
        (HEAD + LINE.replace("base_rate = 0.3", "base_rate = -0.1"), "probability"),
        (HEAD + LINE.replace('window = "4h"', ""), "window"),
    ],
)
def test_what_is_wrong_is_named(text: str, named: str) -> None:
    with pytest.raises(BadInput, match=named):
        parse(text, "follow")


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_an_empty_table(kind: Kind) -> None:
    assert parse("", kind) == OddsTable(kind)
    assert OddsTable(kind).of(*KEY) is None


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_shipped_speaks_of_states_there_are(kind: Kind) -> None:
    table = odds_table(kind)
    rules = {rule.key: rule for rule in RULES}
    for (rule, name, _), odds in table.rows.items():
        assert name in rules[rule].names
        assert name in NAMES
        assert odds.source == SOURCES[kind]
        assert odds.n >= table.min_cases
        assert odds.version == table.version


def test_the_shipped_table_of_follow_p_adds_up() -> None:
    file = resources.files("tideline.readings.odds").joinpath("follow.toml")
    body = tomllib.loads(file.read_text("utf-8"))
    assert body["data"].startswith("sha256:")
    assert (body["min_cases"], body["min_weeks"]) == (30, 8)
    for line in body["odds"]:
        p = (line["followed"] + 10 * line["base_rate"]) / (line["n"] + 10)
        assert line["p"] == pytest.approx(p, abs=2e-4)
        assert line["followed"] <= line["n"]
        assert line["held_followed"] <= line["held_n"]
    assert odds_table("follow").rows


def said(name: str, rule: str = "R1.state", window: str = "4h") -> Reading:
    return Reading(name, "BTC", window, 0, "watch", "up", 1.0, (), "", "", entry=rule)


def test_a_state_bears_them_and_quiet_does_not() -> None:
    (key, odds) = next(iter(odds_table("follow").rows.items()))
    told = with_odds(said(key[1], key[0], key[2]))
    assert told.follow_p == odds
    assert told.label_p == odds_table("label").of(*key)
    for name in ("quiet", "balanced", "cannot_tell"):
        assert with_odds(replace(said(name), entry=key[0])).follow_p is None


def test_other_numbers_have_no_odds() -> None:
    assert price_oi_rule("adaptive").counted
    assert not price_oi_rule("fixed").counted
