"""What importers derived behind a number, e.g. the close of a trade for a mark that was not given.

Of each leg the newest row known at T names a source, and the source says what it derived.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tideline.features.legs import LegKey, name_legs
from tideline.log import Log

Ints: TypeAlias = NDArray[np.int64]
COLUMNS = ("venue", "instrument", "field", "event_time", "known_time", "source_id")


class Origins:
    """The sources of an asset's rows; costs nothing where no source derived anything."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._derived: dict[int, str] = {0: ""}
        self._tables: list[pa.Table] = []
        self._legs: dict[LegKey, tuple[Ints, Ints, Ints]] = {}
        self._any = False

    def add(self, table: pa.Table) -> None:
        """Rows as the log gives them."""
        if not table.num_rows:
            return
        for source in np.unique(table["source_id"].to_numpy()).tolist():
            if source not in self._derived:
                self._derived[source] = self._log.source(source).derived
            self._any = self._any or bool(self._derived[source])
        self._tables.append(table.select(COLUMNS))

    def derived(
        self,
        groups: Iterable[tuple[str, str]],
        fields: Sequence[str],
        as_of: int,
        since: int,
    ) -> list[str]:
        """What was derived among the newest rows of the groups, of event_times from ``since``."""
        if not self._any:
            return []
        for table in self._tables:
            self._sort_in(table)
        self._tables.clear()
        found = set()
        for venue, instrument in groups:
            for field in fields:
                leg = self._legs.get((venue, instrument, field))
                source = _newest(leg, as_of, since) if leg is not None else 0
                found.add(self._derived[source])
        return sorted(found - {""})

    def _sort_in(self, table: pa.Table) -> None:
        """Put the rows of a table to their legs: event times, known times and sources, sorted."""
        keys, number = name_legs(table)
        columns = [table["event_time"], table["known_time"], table["source_id"]]
        event, known, source = (column.cast(pa.int64()).to_numpy() for column in columns)
        order = np.lexsort((known, event, number))
        edges = np.searchsorted(number[order], np.arange(len(keys) + 1))
        for n, key in enumerate(keys):
            at = order[edges[n] : edges[n + 1]]
            mine = (event[at], known[at], source[at])
            old = self._legs.get(key)
            if old is not None:
                both = [np.concatenate(pair) for pair in zip(old, mine, strict=True)]
                turned = np.lexsort((both[1], both[0]))
                mine = (both[0][turned], both[1][turned], both[2][turned])
            self._legs[key] = mine


def _newest(leg: tuple[Ints, Ints, Ints], as_of: int, since: int) -> int:
    event, known, source = leg
    i = int(np.searchsorted(event, as_of, side="right")) - 1
    while i >= 0 and known[i] > as_of:
        i -= 1
    return int(source[i]) if i >= 0 and event[i] >= since else 0
