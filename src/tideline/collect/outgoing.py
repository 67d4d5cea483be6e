"""The rows of one commit, gathered leg by leg and turned into the log's table at the end."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from tideline.collect.availability import AT_COMMIT
from tideline.collect.legrows import Bools, Floats, Ints, LegKey, LegRows
from tideline.log import Source

DICTIONARY = pa.dictionary(pa.int32(), pa.string())
TIMESTAMP = pa.timestamp("us", "UTC")


@dataclass(slots=True)
class Outgoing:
    """Pieces in the order in which the log will hold them."""

    keys: list[LegKey] = field(default_factory=list)
    event: list[Ints] = field(default_factory=list)
    known: list[Ints] = field(default_factory=list)
    value: list[Floats] = field(default_factory=list)
    ok: list[Bools] = field(default_factory=list)
    cadence_s: list[Floats] = field(default_factory=list)
    source: list[Ints] = field(default_factory=list)

    def add(self, rows: LegRows, known: Ints, ok: Bools) -> None:
        """Rows of one leg; sources are places in the import's list."""
        if len(rows):
            self._add(rows.key, rows.event, known, rows.value, ok, rows.cadence_s, rows.source)

    def add_one(
        self, key: LegKey, event: int, known: int, value: float, cadence_s: float, source: int
    ) -> None:
        """One row with status ok; a ``source`` below zero is the log's own id, negated."""
        self._add(
            key,
            np.array([event], np.int64),
            np.array([known], np.int64),
            np.array([value]),
            np.array([True]),
            np.array([cadence_s]),
            np.array([source], np.int64),
        )

    def _add(
        self,
        key: LegKey,
        event: Ints,
        known: Ints,
        value: Floats,
        ok: Bools,
        cadence_s: Floats,
        source: Ints,
    ) -> None:
        self.keys.append(key)
        self.event.append(event)
        self.known.append(known)
        self.value.append(value)
        self.ok.append(ok)
        self.cadence_s.append(cadence_s)
        self.source.append(source)

    def __len__(self) -> int:
        return sum(len(piece) for piece in self.event)

    def table(self, first_source: int, now: int) -> tuple[Any, Ints]:
        """The log's table, and per row the place of its source (below zero: none of ours).

        A modelled known_time later than ``now`` becomes the commit's own.
        """
        lengths = [len(piece) for piece in self.event]
        event, known = np.concatenate(self.event), np.concatenate(self.known)
        source = np.concatenate(self.source)
        ids = np.where(source >= 0, source + first_source, -source)
        columns = {
            name: _words([key[place] for key in self.keys], lengths)
            for place, name in enumerate(("asset", "venue", "instrument", "field"))
        }
        columns["event_time"] = _times(event, None)
        columns["known_time"] = _times(known, (known == AT_COMMIT) | (known > now))
        columns["value"] = pa.array(np.concatenate(self.value))
        columns["basis"] = _words(["assumed"], [len(event)])
        columns["status"] = _status(np.concatenate(self.ok))
        columns["cadence_s"] = pa.array(np.concatenate(self.cadence_s))
        columns["source_id"] = pa.array(ids)
        return pa.table(columns), source


def _words(words: list[str], lengths: list[int]) -> Any:
    place: dict[str, int] = {}
    codes = np.array([place.setdefault(word, len(place)) for word in words], np.int32)
    return pa.DictionaryArray.from_arrays(
        np.repeat(codes, lengths), pa.array(list(place), pa.string())
    )


def _status(ok: Bools) -> Any:
    codes = (~ok).astype(np.int32)
    return pa.DictionaryArray.from_arrays(codes, pa.array(["ok", "suspect"], pa.string()))


def _times(values: Ints, null: Bools | None) -> Any:
    return pa.array(values, pa.int64(), mask=null).view(TIMESTAMP)


def numbered(sources: list[Source], used: Ints, first: int) -> list[Source]:
    """The used sources with the ids they get in the log (all up to the last used one)."""
    from dataclasses import replace

    last = int(used.max(initial=-1))
    return [replace(source, source_id=first + i) for i, source in enumerate(sources[: last + 1])]
