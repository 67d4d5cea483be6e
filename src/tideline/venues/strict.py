"""Strict JSON and strict numbers: the door every frame of a venue comes through.

Refused: anything but valid JSON text, NaN and Infinity, numbers out of the range of a double,
integers of more than 64 bits, duplicate keys, lone surrogates, more than 64 levels, more than
8 MiB, and, in number strings, everything but ASCII digits ("1_000", " 1", "0x1", "١").
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any

import msgspec

from tideline.domain.errors import BadWire, NotStrict
from tideline.domain.time import EARLIEST, LATEST

MOST_BYTES = 8 * 1024 * 1024
MOST_DEPTH = 64
MOST_DIGITS = 60

_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d{1,3})?", re.ASCII)
_decode = msgspec.json.Decoder().decode


def decode(raw: bytes) -> Any:
    """The JSON value of ``raw``.

    Raises:
        NotStrict: it is no strict JSON; says where.
    """
    if len(raw) > MOST_BYTES:
        raise NotStrict("frame", f"{len(raw)} bytes", f"are more than {MOST_BYTES}")
    try:
        value = _decode(raw)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise NotStrict("frame", raw[:60], f"is not strict JSON: {error}") from None
    # As many key marks as keys: no key came twice. White space before a colon hides a mark, so
    # that, like text that holds one, is looked at closely.
    if _keys(value, 0) != raw.count(b'":') or any(gap in raw for gap in _HIDDEN):
        _refuse_duplicates(raw)
    return value


_HIDDEN = (b" :", b"\n:", b"\r:", b"\t:")


def _keys(value: Any, depth: int) -> int:
    """How many object keys there are, all levels together; integers must fit 64 bits."""
    if depth > MOST_DEPTH:
        raise NotStrict("frame", f"{depth} levels", f"are more than {MOST_DEPTH}")
    kind = type(value)
    if kind is dict:
        found = len(value)
        for item in value.values():
            kind = type(item)
            if kind is dict or kind is list or kind is int:
                found += _keys(item, depth + 1)
        return found
    if kind is list:
        found = 0
        for item in value:
            kind = type(item)
            if kind is dict or kind is list or kind is int:
                found += _keys(item, depth + 1)
        return found
    if kind is int and not -(2**63) <= value < 2**64:
        raise NotStrict("frame", value if abs(value) < 2**99 else "an integer", "exceeds 64 bits")
    return 0


def _refuse_duplicates(raw: bytes) -> None:
    """Raise NotStrict if an object has a key twice; slow and sure."""

    def once(pairs: list[tuple[str, Any]]) -> None:
        names = [name for name, _ in pairs]
        if len(set(names)) != len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise NotStrict("frame", twice, "is a key that comes twice")

    try:
        json.loads(raw, object_pairs_hook=once, parse_int=str, parse_float=str)
    except (ValueError, RecursionError) as error:
        raise NotStrict("frame", raw[:60], f"is not strict JSON: {error}") from None


def number(value: object, where: str) -> Decimal:
    """The exact decimal of a number string (or of a JSON number).

    Raises:
        BadWire: not a plain finite number; names ``where``.
    """
    if type(value) is str:
        if len(value) > MOST_DIGITS or not _NUMBER.fullmatch(value):
            raise BadWire(where, value, "is not a plain decimal number")
        found = Decimal(value)
        if abs(found) > _LARGEST:
            raise BadWire(where, value, "is out of range")
        return found
    if type(value) is int or type(value) is float:
        found = Decimal(repr(value))
        if not found.is_finite():
            raise BadWire(where, value, "is not finite")
        return found
    raise BadWire(where, value, "is not a number")


_LARGEST = Decimal("1e300")


def millis(value: object, where: str) -> int:
    """Microseconds of a time in milliseconds, written as a number or as digits.

    Raises:
        BadWire: not milliseconds between 2009 and 2100 (seconds, µs and ns are told apart so).
    """
    if type(value) is str and len(value) <= 15 and value.isascii() and value.isdigit():
        us = int(value) * 1000
    elif type(value) is int:
        us = value * 1000
    else:
        raise BadWire(where, value, "is not a time in milliseconds")
    if not EARLIEST <= us < LATEST:
        raise BadWire(where, value, "is not a time in milliseconds between 2009 and 2100")
    return us


def record(value: object, where: str) -> dict[str, Any]:
    """``value`` as an object.

    Raises:
        BadWire: it is none.
    """
    if type(value) is not dict:
        raise BadWire(where, value, "is not an object")
    return value


def rows(value: object, where: str) -> list[Any]:
    """``value`` as a list.

    Raises:
        BadWire: it is none.
    """
    if type(value) is not list:
        raise BadWire(where, value, "is not a list")
    return value


def text(value: object, where: str) -> str:
    """``value`` as text.

    Raises:
        BadWire: it is none.
    """
    if type(value) is not str:
        raise BadWire(where, value, "is not text")
    return value


def need(entry: dict[str, Any], name: str) -> Any:
    """The member ``name``.

    Raises:
        BadWire: it is missing.
    """
    try:
        return entry[name]
    except KeyError:
        raise BadWire(name, ", ".join(list(entry)[:8]), "lacks this field") from None


def word(value: object, where: str, choices: dict[str, Any]) -> Any:
    """What the venue's word stands for.

    Raises:
        BadWire: a word that is not in the table; names it.
    """
    if type(value) is str and value in choices:
        return choices[value]
    known = ", ".join(choices)
    raise BadWire(where, value, f"is a word we do not know (known: {known})")
