"""Legs that take in rows as they become known, without being sorted anew.

Each leg owns a stretch of the arrays with room at its end. Rows that come in order, as live ones
do, are written there; a leg that is told something about its past is worked out again by itself;
when a stretch is full, or a leg is new, everything is laid out again with more room. The answers
are those of :func:`tideline.features.legs.make_legs` on all rows together.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tideline.domain.time import SECOND
from tideline.features.arrays import ENTRY, FAR, I64, VERSION, Legs
from tideline.features.legs import (
    TWIN,
    TWINNED,
    LegKey,
    LegSet,
    assemble,
    columns_of,
    kept_rows,
    make_legs,
    name_legs,
)

ROOM = 64
SHARE = 4
"""Room at the end of a stretch: so many places, and one for every so many taken."""


class _Stretch(NamedTuple):
    """Where a leg's entries, versions and buckets begin, and how many there is room for."""

    entry: int
    entries: int
    version: int
    versions: int
    bucket: int
    buckets: int


class GrowingLegs:
    """A leg set that grows. ``generation`` changes when the arrays were laid out anew: whatever
    holds their addresses has to be made again."""

    def __init__(self, rows: pa.Table, before: Mapping[LegKey, int] | None = None) -> None:
        """``before`` as in :func:`make_legs`."""
        self.generation = 0
        self.rows = 0
        self._lay_out(make_legs(rows, before=before))

    @property
    def legs(self) -> LegSet:
        """What the engine is asked with; valid until the next ``append``."""
        return self._legs

    def append(self, rows: pa.Table) -> None:
        """Take in the rows of one commit, in its order, none known before any row taken in."""
        if not rows.num_rows:
            return
        keys, number = name_legs(rows)
        keep = kept_rows(rows, strict=False)
        if keep is not None:
            number = np.where(keep, number, np.int32(-1))
        columns = columns_of(rows)
        fresh: dict[LegKey, NDArray[np.int64]] = {}
        for n, key in enumerate(keys):
            mine = np.flatnonzero(number == n)
            if mine.size or key not in self._legs.index:
                for name in self._names(key):
                    fresh[name] = mine
        news = {key: self._picked(columns, mine) for key, mine in fresh.items()}
        if any(key not in self._legs.index for key in news):
            self._grow(news)
            return
        for key, part in news.items():
            if not self._extend(self._legs.index[key], part) and not self._rework(key, part):
                self._grow({key: part})

    def _names(self, key: LegKey) -> Iterable[LegKey]:
        yield key
        twin = (key[0], key[1], key[2] + TWIN)
        if key[2] in TWINNED and twin in self._legs.index:
            yield twin

    @staticmethod
    def _picked(columns: dict[str, Any], mine: NDArray[np.int64]) -> dict[str, Any]:
        cadence, assumed = columns["cadence"], columns["assumed"]
        return {
            "event": columns["event"][mine],
            "known": columns["known"][mine],
            "value": columns["value"][mine],
            "cadence": cadence[mine] if cadence.size else np.zeros(mine.size),
            "assumed": assumed[mine] if assumed.size else np.zeros(mine.size, np.uint8),
        }

    def _extend(self, l: int, new: dict[str, Any]) -> bool:
        """Write rows at the end of a leg; False where they do not simply follow."""
        arrays, where = self._legs.arrays, self._where[l]
        leg, event, known = arrays.leg[l], new["event"], new["known"]
        low, high, size = int(leg["low"]), int(leg["high"]), event.size
        moment = int(known[0])
        if high == low or (known != moment).any() or moment < self._newest[l]:
            return False
        if event[0] <= arrays.entry["event"][high - 1] or (event[1:] <= event[:-1]).any():
            return False
        last_bucket = (int(event[-1]) - int(leg["origin"])) >> int(leg["shift"])
        if high - low + size >= where.entries or last_bucket + 2 > where.buckets:
            return False
        at_version = int(arrays.entry["versions"][high])
        if at_version + size > where.version + where.versions:
            return False
        self._write(l, high, at_version, new, moment)
        self._bucket(l, high, event, last_bucket)
        leg["high"] = high + size
        self._newest[l] = moment
        self.rows += size
        return True

    def _write(self, l: int, high: int, at_version: int, new: dict[str, Any], moment: int) -> None:
        arrays = self._legs.arrays
        leg, size = arrays.leg[l], new["event"].size
        cadence = _microseconds(new["cadence"])
        expiry = new["event"] + np.maximum(int(leg["max_age"]), 3 * cadence)
        leg["coarsest"] = max(int(leg["coarsest"]), int(cadence.max()))
        versions = arrays.version[at_version : at_version + size]
        versions["known"], versions["value"], versions["expiry"] = moment, new["value"], expiry
        versions["cadence"], versions["assumed"] = cadence, new["assumed"]
        entries = arrays.entry
        lower = high - 1
        while lower >= leg["low"] and entries["first"][lower] >= moment:
            lower = int(entries["lower"][lower])
        part = entries[high : high + size]
        odd, assumed = int(entries["odd"][high]), int(entries["assumed"][high])
        part["event"], part["value"], part["expiry"] = new["event"], new["value"], expiry
        part["last"], part["first"], part["suffix"] = moment, moment, moment
        part["prefix"] = min(int(entries["prefix"][high - 1]), moment)
        part["lower"] = lower
        part["versions"] = np.arange(at_version, at_version + size)
        entries["odd"][high : high + size + 1] = odd
        running = assumed + np.concatenate(([0], np.cumsum(new["assumed"], dtype=np.int64)))
        entries["assumed"][high : high + size + 1] = running
        entries["versions"][high + size] = at_version + size

    def _bucket(self, l: int, high: int, event: I64, last_bucket: int) -> None:
        """From the last edge beyond the old end on: the first entry not before each edge."""
        arrays = self._legs.arrays
        leg = arrays.leg[l]
        start, shift = int(leg["bucket"]), int(leg["shift"])
        origin, end = int(leg["origin"]), int(leg["bucket_end"])
        first = end - start - 1
        edges = origin + (np.arange(first, last_bucket + 2, dtype=np.int64) << shift)
        arrays.bucket[start + first : start + last_bucket + 2] = high + np.searchsorted(
            event, edges
        )
        leg["bucket_end"] = max(end, start + last_bucket + 2)

    def _rework(self, key: LegKey, new: dict[str, Any]) -> bool:
        """Work one leg out again in its stretch; False if it does not fit."""
        l = self._legs.index[key]
        arrays, where = self._legs.arrays, self._where[l]
        columns = _joined([self._taken(l), new])
        size = columns["event"].size
        before = {(key[0], key[1], key[2].removesuffix(TWIN)): int(arrays.leg[l]["before"])}
        made = assemble([key], np.zeros(size, np.int32), columns, before)
        entries, buckets = made.entry.size - 1, made.bucket.size
        if entries + 1 > where.entries or size > where.versions or buckets > where.buckets:
            return False
        _place(made, 0, arrays, l, where, entries, size)
        self._newest[l] = max(self._newest[l], int(new["known"].max()))
        self.rows += new["event"].size
        return True

    def _grow(self, news: Mapping[LegKey, dict[str, Any]]) -> None:
        """Everything again, with what is new and more room."""
        old = self._legs
        keys = list(old.index)
        parts = {key: [self._taken(l)] for key, l in old.index.items()}
        for key, part in news.items():
            if key not in parts:
                keys.append(key)
            parts.setdefault(key, []).append(part)
        settled = {(v, i) for v, i, f in keys if f == "funding_rate_settled"}
        for venue, instrument, field in list(keys):
            twin = (venue, instrument, field + TWIN)
            if field in TWINNED and (venue, instrument) in settled and twin not in parts:
                keys.append(twin)
                parts[twin] = list(parts[venue, instrument, field])
        columns = [_joined(parts[key]) for key in keys]
        sizes = [column["event"].size for column in columns]
        legs = np.repeat(np.arange(len(keys), dtype=np.int32), sizes)
        before = {key: int(old.arrays.leg[l]["before"]) for key, l in old.index.items()}
        made = assemble(keys, legs, _joined(columns), before)
        self._lay_out(LegSet({key: l for l, key in enumerate(keys)}, made))

    def _taken(self, l: int) -> dict[str, Any]:
        """The rows of a leg, in (event, known, log) order."""
        arrays = self._legs.arrays
        low, high = int(arrays.leg[l]["low"]), int(arrays.leg[l]["high"])
        first, last = int(arrays.entry["versions"][low]), int(arrays.entry["versions"][high])
        counts = np.diff(arrays.entry["versions"][low : high + 1])
        version = arrays.version[first:last]
        return {
            "event": np.repeat(arrays.entry["event"][low:high], counts),
            "known": version["known"].copy(),
            "value": version["value"].copy(),
            "cadence": version["cadence"] / SECOND,
            "assumed": version["assumed"].astype(np.uint8),
        }

    def _lay_out(self, made: LegSet) -> None:
        """Give every leg a stretch with room and copy it there."""
        source = made.arrays
        count = source.leg.size
        low, high = source.leg["low"], source.leg["high"]
        bounds = [source.entry["versions"][edge].astype(np.int64) for edge in (low, high)]
        taken = (high - low, bounds[1] - bounds[0], source.leg["bucket_end"] - source.leg["bucket"])
        room = [t + t // SHARE + ROOM for t in taken]
        starts = [np.concatenate(([0], np.cumsum(r)))[:-1].astype(np.int64) for r in room]
        arrays = Legs(
            source.leg.copy(),
            np.zeros(int(room[0].sum()) + 1, ENTRY),
            np.zeros(int(room[1].sum()) + 1, VERSION),
            np.zeros(int(room[2].sum()) + 1, np.int32),
        )
        self._where: list[_Stretch] = []
        self._newest: list[int] = []
        for l in range(count):
            numbers = [(int(s[l]), int(r[l])) for s, r in zip(starts, room, strict=True)]
            where = _Stretch(*(number for pair in numbers for number in pair))
            self._where.append(where)
            _place(source, l, arrays, l, where, int(taken[0][l]), int(taken[1][l]))
            known = source.version["known"][int(bounds[0][l]) : int(bounds[1][l])]
            self._newest.append(int(known.max()) if known.size else -FAR)
        self._legs = LegSet(dict(made.index), arrays)
        self.rows = int(taken[1].sum())
        self.generation += 1


def _place(
    source: Legs, s: int, target: Legs, l: int, where: _Stretch, entries: int, versions: int
) -> None:
    """Copy leg ``s`` of one set to the stretch of leg ``l`` of another."""
    leg, out = source.leg[s], target.leg[l]
    low, start = int(leg["low"]), int(leg["bucket"])
    buckets = int(leg["bucket_end"]) - start
    first = int(source.entry["versions"][low])
    part = target.entry[where.entry : where.entry + entries + 1]
    part[:] = source.entry[low : low + entries + 1]
    part["lower"] += np.int32(where.entry - low)
    part["versions"] += np.int32(where.version - first)
    part["odd"] -= part["odd"][0]
    part["assumed"] -= part["assumed"][0]
    target.version[where.version : where.version + versions] = source.version[
        first : first + versions
    ]
    moved = source.bucket[start : start + buckets] + np.int32(where.entry - low)
    target.bucket[where.bucket : where.bucket + buckets] = moved
    for name in ("origin", "shift", "coarsest", "before", "max_age"):
        out[name] = leg[name]
    out["low"], out["high"] = where.entry, where.entry + entries
    out["bucket"], out["bucket_end"] = where.bucket, where.bucket + buckets


def _joined(parts: list[dict[str, Any]]) -> dict[str, Any]:
    """Columns one after the other; without ``log`` rows stand in the order they came."""
    names = ("event", "known", "value", "cadence", "assumed")
    whole = {
        name: np.ascontiguousarray(np.concatenate([part[name] for part in parts]))
        if parts
        else np.empty(0, np.int64)
        for name in names
    }
    return {**whole, "log": np.empty(0, np.int64)}


def _microseconds(seconds: NDArray[np.float64]) -> I64:
    return np.rint(np.nan_to_num(seconds, nan=0.0) * SECOND).astype(np.int64)
