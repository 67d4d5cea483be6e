"""Reading frames as far as a fault has to: which are data, whom they speak of."""

from __future__ import annotations

import json
from typing import Any

GONE = object()


def is_data(frame: str) -> bool:
    """Does the frame carry market data (and not an acknowledgement, pong or notice)?"""
    return '"data"' in frame and "subscriptionResponse" not in frame


def without_symbols(text: str, symbols: tuple[str, ...]) -> str | None:
    """The JSON text without what is said of these symbols; None when nothing else is said.

    In lists the records of a symbol are left out; a text that as a whole speaks of one is gone.
    """
    if not any(symbol in text for symbol in symbols):
        return text
    try:
        value = json.loads(text)
    except ValueError:
        return text
    left = _without(value, frozenset(symbols))
    return None if left is GONE else json.dumps(left, separators=(",", ":"))


def names(record: dict[str, Any], symbols: frozenset[str]) -> bool:
    """Is the record one of these symbols?"""
    return not symbols.isdisjoint([value for value in record.values() if type(value) is str])


def _without(value: Any, symbols: frozenset[str]) -> Any:
    if type(value) is dict:
        if names(value, symbols):
            return GONE
        left = {name: _without(item, symbols) for name, item in value.items()}
        # an envelope whose content is gone says nothing
        return GONE if GONE in left.values() else left
    if type(value) is list:
        kept = [item for item in (_without(item, symbols) for item in value) if item is not GONE]
        return kept if kept or not value else GONE
    return value
