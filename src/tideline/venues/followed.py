"""Is an instrument that a frame speaks of followed? If not, that is counted."""

from __future__ import annotations

from typing import Any

from tideline.domain.instrument import Instrument
from tideline.venues.parsed import Note, Parsed
from tideline.venues.strict import need, text


def followed(symbol: str, note: Note, parsed: Parsed) -> Instrument | None:
    """The followed instrument of that symbol; else None, counted."""
    found = note.instruments.get(symbol)
    if found is None:
        parsed.ignore("unknown instrument")
    return found


def of_row(row: dict[str, Any], name: str, note: Note, parsed: Parsed) -> Instrument | None:
    """The followed instrument whose symbol is in the field ``name``; else None, counted.

    Raises:
        BadWire: there is no such field, or no text in it.
    """
    return followed(text(need(row, name), name), note, parsed)
