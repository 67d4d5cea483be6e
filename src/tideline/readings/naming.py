"""How a reading is named wherever one may be asked for: alert rules, streams, tools.

    R3.kind      one rule
    R3           a reading with all its rules; covering, its page, is the same
    R2           a reading of one rule: the same as R2.divergence, and as divergence

Made from the catalogue alone: a reading that is added there can be named everywhere.
"""

from __future__ import annotations

from tideline.domain.errors import BadInput, UnknownName
from tideline.readings.asking import Track
from tideline.readings.cadence import SUB_WINDOWS
from tideline.readings.catalogue import READINGS, RULES, Entry
from tideline.readings.rule import Rule

ALL = "all"
"""Every reading there is."""

RULE_BY_NAME: dict[str, Rule] = {rule.key: rule for rule in RULES} | {
    name: entry.rules[0]
    for entry in READINGS
    if len(entry.rules) == 1
    for name in (entry.key, entry.page)
}
"""What names one rule."""

SEVERAL: dict[str, Entry] = {
    name: entry for entry in READINGS if len(entry.rules) > 1 for name in (entry.key, entry.page)
}
"""What names a reading of several rules."""


def rules_called(name: str, field: str = "readings") -> tuple[Rule, ...]:
    """The rules that ``name`` stands for; ``all``: every one.

    Raises:
        UnknownName: no reading or rule of that name.
    """
    if name == ALL:
        return RULES
    if name in RULE_BY_NAME:
        return (RULE_BY_NAME[name],)
    if name in SEVERAL:
        return SEVERAL[name].rules
    raise UnknownName(field, name[:40], (*RULE_BY_NAME, *SEVERAL, ALL))


def tracks_called(text: str, field: str = "readings") -> tuple[Track, ...]:
    """The tracks of ``R3@45m``: rule and window of each.

    A rule with windows of its own has to be asked on one of them by its own name; among the rules
    of a whole reading it stands on its own windows, whatever is asked.

    Raises:
        UnknownName: no such reading, no such window.
        BadInput: no window is named.
    """
    name, at, window = text.partition("@")
    rules = rules_called(name, field)
    if not at:
        raise BadInput(field, text[:40], "names no window", f"{name}@{windows_of(rules[0])[0]}")
    windows = windows_of(rules[0]) if name in RULE_BY_NAME else tuple(SUB_WINDOWS)
    if window not in windows:
        raise UnknownName(field, text[:40], [f"{name}@{known}" for known in windows])
    if name in RULE_BY_NAME:
        return ((rules[0].key, window),)
    return tuple((rule.key, each) for rule in rules for each in rule.windows_for(window))


def windows_of(rule: Rule) -> tuple[str, ...]:
    """The windows a rule may be asked on, the usual one first."""
    return rule.windows or ("45m", *(name for name in SUB_WINDOWS if name != "45m"))


def states_of(rule: Rule) -> tuple[str, ...]:
    """Everything a rule says when it can tell."""
    return (*rule.names, rule.rest)
