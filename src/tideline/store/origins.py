"""What importers derived behind a number, e.g. the close of a trade for a mark that was not given.

Of each leg the newest row known at T names a source, and the source says what it derived.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tideline.features.legs import LegKey
from tideline.log import Log

Ints: TypeAlias = NDArray[np.int64]


class Origins:
    """The sources of an asset's rows; costs nothing where no source derived anything."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._derived: dict[int, str] = {0: ""}
        self._tables: list[pa.Table] = []
        self._legs: dict[LegKey, tuple[Ints, Ints, Ints]] | None = None
        self._any = False

    def add(self, table: pa.Table) -> None:
        """Rows as the log gives them."""
        if not table.num_rows:
            return
        for source in np.unique(table["source_id"].to_numpy()).tolist():
            if source not in self._derived:
                self._derived[source] = self._log.source(source).derived
            self._any = self._any or bool(self._derived[source])
        self._tables.append(table.select(("venue", "instrument", "field", "event_time",
                                          "known_time", "source_id")))  # fmt: skip
        self._legs = None

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
        if self._legs is None:
            self._legs = self._sorted()
        found = set()
        for venue, instrument in groups:
            for field in fields:
                leg = self._legs.get((venue, instrument, field))
                source = _newest(leg, as_of, since) if leg is not None else 0
                found.add(self._derived[source])
        return sorted(found - {""})

    def _sorted(self) -> dict[LegKey, tuple[Ints, Ints, Ints]]:
        """Per leg event times, known times and sources, in the log's order."""
        rows = pa.concat_tables(self._tables)
        rows = rows.set_column(3, "event_time", rows["event_time"].cast(pa.int64()))
        rows = rows.set_column(4, "known_time", rows["known_time"].cast(pa.int64()))
        names = [rows[name].cast(pa.string()).to_pylist() for name in rows.column_names[:3]]
        event, known, source = (rows[name].to_numpy() for name in rows.column_names[3:])
        places: dict[LegKey, list[int]] = {}
        for row, key in enumerate(zip(*names, strict=True)):
            places.setdefault(key, []).append(row)
        made = {}
        for key, listed in places.items():
            at = np.array(listed, np.int64)
            at = at[np.lexsort((known[at], event[at]))]
            made[key] = (event[at], known[at], source[at])
        return made


def _newest(leg: tuple[Ints, Ints, Ints], as_of: int, since: int) -> int:
    event, known, source = leg
    i = int(np.searchsorted(event, as_of, side="right")) - 1
    while i >= 0 and known[i] > as_of:
        i -= 1
    return int(source[i]) if i >= 0 and event[i] >= since else 0
