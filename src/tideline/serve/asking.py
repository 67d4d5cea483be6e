"""Reading what was asked: lists in query strings, catalogued addresses, known assets."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from tideline.domain.errors import BadInput, UnknownName
from tideline.features.engine import check_address
from tideline.serve.shapes import MOST_FEATURES
from tideline.signals import BY_ADDRESS

MOST_ASSETS = 1000


def names_in(text: str, field: str, most: int) -> list[str]:
    """``a,b,c`` as a list: none empty, none twice, not too many.

    Raises:
        BadInput: names the field.
    """
    names = [name.strip() for name in text.split(",")]
    if len(names) > most:
        raise BadInput(field, f"{len(names)} names", f"are more than {most}", str(most))
    if not all(names):
        raise BadInput(field, text[:80], "has an empty name in it")
    if len(set(names)) < len(names):
        twice = next(name for at, name in enumerate(names) if name in names[:at])
        raise BadInput(field, twice, "is named twice")
    return names


def features_in(names: Sequence[str]) -> list[str]:
    """Addresses of the catalogue, each once.

    Raises:
        BadAddress, BadInput: names the first that is none.
    """
    if len(names) > MOST_FEATURES:
        raise BadInput("features", f"{len(names)} names", f"are more than {MOST_FEATURES}")
    if not names:
        raise BadInput("features", "[]", "names no feature", "positioning.oi_usdtm@1h")
    for name in names:
        check_address(name, BY_ADDRESS)
    if len(set(names)) < len(names):
        twice = next(name for at, name in enumerate(names) if name in names[:at])
        raise BadInput("features", twice, "is asked for twice")
    return list(names)


@lru_cache(maxsize=4096)
def features_text(text: str) -> tuple[str, ...]:
    """The addresses of a query string; the same string is read once.

    Raises:
        BadAddress, BadInput: names the first that is none.
    """
    return tuple(features_in(names_in(text, "features", MOST_FEATURES)))


@lru_cache(maxsize=4096)
def assets_text(text: str) -> tuple[str, ...]:
    """The names of a query string; whether there are any such is looked up later.

    Raises:
        BadInput: names the field.
    """
    return tuple(names_in(text, "asset", MOST_ASSETS))


def known_assets(names: Sequence[str], held: Sequence[str] | frozenset[str]) -> list[str]:
    """Assets with a row.

    Raises:
        UnknownName: names the nearest.
    """
    for name in names:
        if name not in held:
            raise UnknownName("asset", name[:40], held)
    return list(names)
