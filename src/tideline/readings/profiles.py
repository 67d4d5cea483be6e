"""Profiles: a user's own numbers, by name, over the defaults.

    name = "desk"            # optional
    [parameters]
    k_in = 4
    squeeze_rank = 0.99

Strict: an unknown name, a wrong type or a number out of its range is an error that names the
nearest valid choice. Every reading says which profile was in force and where it differs.
"""

from __future__ import annotations

import dataclasses
import math
import tomllib
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

from tideline.domain.errors import BadInput, UnknownName
from tideline.readings.parameters import DEFAULTS, Parameters

_BY_NAME = {item.name: item for item in fields(Parameters)}
_TOP = ("name", "parameters")


@dataclass(frozen=True)
class Profile:
    """A name and the numbers in force under it."""

    name: str = "default"
    parameters: Parameters = DEFAULTS

    @cached_property
    def differs(self) -> tuple[str, ...]:
        """``k_in 4 (default 3)`` for every number that is not the default's."""
        found = []
        for name in _BY_NAME:
            mine, usual = getattr(self.parameters, name), getattr(DEFAULTS, name)
            if mine != usual:
                found.append(f"{name} {mine:g} (default {usual:g})")
        return tuple(found)


DEFAULT = Profile()


def parse_profile(text: str, name: str = "profile") -> Profile:
    """Read a profile from TOML text; ``name`` is used where the text gives none.

    Raises:
        BadInput, UnknownName: not TOML, or names, types or ranges that do not hold.
    """
    try:
        given = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadInput("profile", name, f"is not TOML: {error}") from None
    for key in given:
        if key not in _TOP:
            raise UnknownName("profile", key, _TOP)
    title = given.get("name", name)
    if not isinstance(title, str) or not title.strip() or not title.isprintable():
        raise BadInput("profile.name", title, "is not a printable name", name)
    numbers = given.get("parameters", {})
    if not isinstance(numbers, dict):
        raise BadInput("profile.parameters", numbers, "is not a table", "[parameters]")
    changed = {key: _checked(key, value) for key, value in numbers.items()}
    return Profile(title, dataclasses.replace(DEFAULTS, **changed))


def _checked(name: str, value: Any) -> float:
    if name not in _BY_NAME:
        raise UnknownName("profile.parameters", name, _BY_NAME)
    facts = _BY_NAME[name].metadata
    field = f"profile.parameters.{name}"
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise BadInput(field, value, "is not a number", f"{getattr(DEFAULTS, name):g}")
    low, high = facts["low"], facts["high"]
    if not low <= value <= high:
        near = min(max(value, low), high)
        raise BadInput(field, value, f"is not between {low:g} and {high:g}", f"{near:g}")
    return float(value)
