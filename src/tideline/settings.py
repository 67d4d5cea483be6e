"""Settings: one frozen table, each with its unit in the name, its default and a line of help."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple

from tideline.domain.errors import BadInput


def _setting(default: Any, env: str, text: str) -> Any:
    return field(default=default, metadata={"env": env, "help": text})


@dataclass(frozen=True, slots=True)
class Settings:
    """What can be set from outside. Read once, handed down, never changed at run time."""

    store: str = _setting("./tideline-store", "TIDELINE_STORE", "directory of the store")
    window: str = _setting("45m", "TIDELINE_WINDOW", "window of readings")
    threads: int = _setting(
        1, "TIDELINE_THREADS", "threads of a batch; answers do not depend on it"
    )


class Line(NamedTuple):
    """One printed line of the table."""

    name: str
    env: str
    default: str
    help: str


def lines() -> tuple[Line, ...]:
    """The table as printed by the docs."""
    return tuple(
        Line(item.name, item.metadata["env"], str(item.default), item.metadata["help"])
        for item in fields(Settings)
    )


def from_environment(environment: Mapping[str, str]) -> Settings:
    """Settings with what the environment gives.

    Raises:
        BadInput: a number is expected and something else was given.
    """
    given: dict[str, Any] = {}
    for item in fields(Settings):
        text = environment.get(item.metadata["env"])
        if not text:
            continue
        given[item.name] = _number(item.metadata["env"], text) if item.name == "threads" else text
    return Settings(**given)


def _number(name: str, text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 1024:
        raise BadInput(name, text, "is not a number of threads from 1 to 1024", "1")
    return int(text)
