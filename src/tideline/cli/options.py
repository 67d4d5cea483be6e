"""What commands share: their options and the reading of them."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from tideline.domain.errors import BadFile, BadInput, BadTime, UnknownName
from tideline.domain.time import TimeUs, parse_time
from tideline.readings.profiles import DEFAULT, Profile, parse_profile
from tideline.settings import Settings, from_environment

F = TypeVar("F", bound=Callable[..., Any])

NOW = ("now", "head")


def settings() -> Settings:
    """The settings, with what the environment gives."""
    return from_environment(os.environ)


def store_option(command: F) -> F:
    """``--store DIR``, by default what TIDELINE_STORE names, else ./tideline-store."""
    return click.option(
        "--store",
        "-s",
        metavar="DIR",
        default=lambda: settings().store,
        help="The store.  [TIDELINE_STORE; ./tideline-store]",
    )(command)


def json_option(command: F) -> F:
    """``--json``"""
    return click.option("--json", "as_json", is_flag=True, help="JSON for programs.")(command)


as_of_option = click.option(
    "--as-of",
    metavar="TIME",
    default="now",
    help="RFC 3339 with an offset, µs since 1970, or 'now'.",
)


profile_option = click.option(
    "--profile", metavar="FILE", help="Your own numbers (TOML) over the defaults."
)


def read_profile(path: str | None) -> Profile:
    """The profile in a file; the default without one.

    Raises:
        BadFile: not there, or not text.
        BadInput, UnknownName: what it says does not hold.
    """
    if path is None:
        return DEFAULT
    file = Path(path)
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise BadFile(file, "does not exist") from None
    except (OSError, UnicodeDecodeError) as error:
        raise BadFile(file, f"cannot be read: {error}") from None
    return parse_profile(text, file.stem)


def parse_as_of(text: str, field: str = "as_of") -> TimeUs | None:
    """A moment; None for ``now`` and ``head``."""
    if text.strip().lower() in NOW:
        return None
    stripped = text.strip()
    if re.fullmatch(r"-?[0-9]+", stripped):
        if len(stripped) > 18:
            raise BadTime(field, text)
        return parse_time(int(stripped), field=field)
    return parse_time(stripped, field=field)


def parse_moment(text: str, field: str) -> TimeUs:
    """A moment that has to be given as such.

    Raises:
        BadTime: unreadable, or ``now``.
    """
    moment = parse_as_of(text, field)
    if moment is None:
        raise BadTime(field, text, nearest="2026-02-05T12:00:00Z")
    return moment


def parse_names(text: str, field: str) -> list[str]:
    """``a,b,c`` as a list; brackets of ``zscore[30]`` hold no commas, so a plain split does."""
    names = [name.strip() for name in text.split(",")]
    if not all(names):
        raise BadInput(field, text, "has an empty name in it")
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise BadInput(field, twice, "is named twice")
    return names


def choose(field: str, value: str, choices: tuple[str, ...]) -> str:
    """``value`` if it is one of ``choices``.

    Raises:
        UnknownName: it is not; names the nearest.
    """
    if value in choices:
        return value
    raise UnknownName(field, value, choices)
