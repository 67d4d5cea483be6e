"""Rows gathered leg by leg as arrays, and made into one Arrow table at the end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from tideline.domain.observation import BASES
from tideline.market.tape import Tape

UTC = pa.timestamp("us", "UTC")


class Legs:
    """Rows of one tape. Times are int64 µs, values float64; one call adds one leg's rows.

    ``only``: rows of other fields are left out; None: none are.
    """

    def __init__(self, tape: Tape, basis: str, only: Sequence[str] | None = None) -> None:
        self._tape, self._basis, self._only = tape, basis, only
        self._fields: dict[str, int] = {}
        self._parts: list[tuple[int, int, Any, Any, Any, float]] = []

    def add(
        self, book: int, field: str, event: Any, known: Any, value: Any, cadence_s: float
    ) -> None:
        """Rows of ``field`` of book number ``book``."""
        if len(event) and (self._only is None or field in self._only):
            code = self._fields.setdefault(field, len(self._fields))
            self._parts.append((book, code, event, known, value, cadence_s))

    def table(self) -> pa.Table:
        """Everything, in the columns that are offered to the log (less source_id and text)."""
        parts = self._parts
        sizes = np.array([len(part[2]) for part in parts], np.int64)
        books = np.repeat(np.array([part[0] for part in parts], np.int32), sizes)
        fields = np.repeat(np.array([part[1] for part in parts], np.int32), sizes)
        total = int(sizes.sum())
        names = self._tape.books
        venues = list(dict.fromkeys(book.venue for book in names))
        symbols = list(dict.fromkeys(book.symbol for book in names))
        venue_of = np.array([venues.index(book.venue) for book in names], np.int32)
        symbol_of = np.array([symbols.index(book.symbol) for book in names], np.int32)
        zeros = np.zeros(total, np.int32)
        return pa.table(
            {
                "asset": _words(zeros, [self._tape.asset]),
                "venue": _words(venue_of[books], venues),
                "instrument": _words(symbol_of[books], symbols),
                "field": _words(fields, list(self._fields)),
                "event_time": _times([part[2] for part in parts]),
                "known_time": _times([part[3] for part in parts]),
                "value": pa.array(_joined([part[4] for part in parts], np.float64)),
                "basis": _words(np.full(total, BASES.index(self._basis), np.int32), list(BASES)),
                "status": _words(zeros, ["ok"]),
                "cadence_s": pa.array(np.repeat(np.array([p[5] for p in parts], float), sizes)),
            }
        )


def _joined(arrays: list[Any], kind: Any) -> Any:
    return (
        np.concatenate([np.asarray(one, kind) for one in arrays]) if arrays else np.zeros(0, kind)
    )


def _times(arrays: list[Any]) -> Any:
    return pa.array(_joined(arrays, np.int64)).view(UTC)


def _words(codes: Any, words: list[str]) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(codes), pa.array(words, pa.string()))
