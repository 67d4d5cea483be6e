"""Every reading has a name, and one name means one thing wherever it is used."""

from __future__ import annotations

import pytest

from tideline.domain.errors import BadInput, UnknownName
from tideline.readings.catalogue import READINGS, RULES
from tideline.readings.naming import rules_called, tracks_called, windows_of


def test_every_reading_and_rule_can_be_named():
    for entry in READINGS:
        assert rules_called(entry.key) == rules_called(entry.page) == entry.rules
        for rule in entry.rules:
            assert rules_called(rule.key) == (rule,)
            for window in windows_of(rule):
                assert tracks_called(f"{rule.key}@{window}") == ((rule.key, window),)
    assert rules_called("all") == RULES


def test_a_whole_reading_stands_on_its_rules_own_windows():
    assert ("R3.sharp", "1h") in tracks_called("R3@45m")
    assert ("R3.kind", "45m") in tracks_called("covering@45m")
    assert {key for key, _ in tracks_called("all@4h")} == {rule.key for rule in RULES}


@pytest.mark.parametrize(
    ("text", "kind", "nearest"),
    [
        ("R33@45m", UnknownName, "R3"),
        ("R3.knd@45m", UnknownName, "R3.kind"),
        ("R3.sharp@45m", UnknownName, "R3.sharp@1h"),
        ("persistence@1h", UnknownName, "persistence@24h"),
        ("R3@5m", UnknownName, "R3@45m"),
        ("R3", BadInput, "R3@15m"),
        ("price_oi", BadInput, "price_oi@45m"),
        ("45m", UnknownName, None),
    ],
)
def test_what_is_no_name_is_told_with_the_nearest(text, kind, nearest):
    with pytest.raises(kind) as caught:
        tracks_called(text)
    if nearest:
        assert caught.value.nearest == nearest
