"""Legs that grow in place: what comes newest is appended, everything else asks for a new sorting.

Legs are sorted once for a batch. An evaluator that asks every few seconds cannot sort 90 days anew
for a handful of rows, so here every leg has room behind it:

    row later than all of its leg      a new entry
    another version of the last entry  a new version
    anything else                      refused: sort again from the log

The arrays stay where they are, so what was planned on them (:mod:`.prepared`) stays valid. The
answers are those of legs sorted from the same rows.
"""

from __future__ import annotations

import numpy as np

from tideline.features.arrays import (
    A_I32,
    A_I64,
    ENTRY,
    F64,
    I32,
    I64,
    T_ENTRY,
    T_LEG,
    T_VERSION,
    VERSION,
    Legs,
    Table,
    array_of,
)
from tideline.features.jit import entry as compiled
from tideline.features.jit import kernel
from tideline.features.legs import LegSet

BUCKET_ROOM = 4
"""Buckets of room for every entry of room: rows that come slower need more."""
LEAST_ROOM = 64
"""Entries of room behind a leg, or a quarter of its length if that is more."""
R_F64 = array_of(np.float64)


class InPlaceLegs:
    """A set of legs with room behind each.

    ``legs`` may be used as any other; it is replaced by ``relaid`` alone.
    """

    def __init__(self, legs: LegSet) -> None:
        self.legs, self.room = _laid_out(legs)

    def append(
        self, leg: I64, event: I64, known: I64, value: F64, cadence_us: I64, assumed: I64
    ) -> int:
        """Take rows in the order of the log; how many were taken before one that does not fit."""
        arrays = self.legs.arrays
        return int(
            _append(
                arrays.leg, arrays.entry, arrays.version, arrays.bucket, self.room,
                leg, event, known, value, cadence_us, assumed,
            )
        )  # fmt: skip

    def relaid(self) -> None:
        """Make room again. What was planned on the arrays before is void."""
        self.legs, self.room = _laid_out(self.legs)


def _laid_out(legs: LegSet) -> tuple[LegSet, I64]:
    """The same legs with room behind each; the ends of each leg's entries, versions, buckets."""
    old = legs.arrays
    size = old.leg.size
    length = (old.leg["high"] - old.leg["low"]).astype(np.int64)
    first, end = old.leg["low"], old.leg["high"]
    versions = (old.entry["versions"][end] - old.entry["versions"][first]).astype(np.int64)
    versions[length == 0] = 0
    buckets = (old.leg["bucket_end"] - old.leg["bucket"]).astype(np.int64)
    more = np.maximum(length // 4, LEAST_ROOM)
    room = np.empty((3, size), np.int64)
    room[0] = np.cumsum(length + more + 1)
    room[1] = np.cumsum(versions + 2 * more)
    room[2] = np.cumsum(buckets + BUCKET_ROOM * more)
    leg = old.leg.copy()
    entries = np.zeros(int(room[0, -1]) + 1 if size else 1, ENTRY)
    version = np.zeros(int(room[1, -1]) if size else 0, VERSION)
    bucket = np.zeros(int(room[2, -1]) if size else 0, np.int32)
    starts = np.zeros((3, size), np.int64)
    starts[:, 1:] = room[:, :-1]
    _copy(
        old.leg, old.entry, old.version, old.bucket, leg, entries, version, bucket,
        starts[0].copy(), starts[1].copy(), starts[2].copy(), versions,
    )  # fmt: skip
    return LegSet(dict(legs.index), Legs(leg, entries, version, bucket)), room.ravel().copy()


@compiled(
    (
        *(T_LEG, T_ENTRY, T_VERSION, A_I32),
        *(T_LEG, T_ENTRY, T_VERSION, A_I32),
        *(A_I64, A_I64, A_I64, A_I64),
    )
)
def _copy(
    leg: Table,
    entries: Table,
    version: Table,
    bucket: I32,
    new_leg: Table,
    new_entries: Table,
    new_version: Table,
    new_bucket: I32,
    at_entry: I64,
    at_version: I64,
    at_bucket: I64,
    versions: I64,
) -> None:
    """Move every leg to its new place; indices move along. One entry behind each is its end."""
    for l in range(leg.size):
        low, high = leg[l].low, leg[l].high
        away = at_entry[l] - low
        first = entries[low].versions if high > low else 0
        later = at_version[l] - first
        for i in range(low, high + 1):
            j = i + away
            new_entries[j] = entries[i]
            new_entries[j].lower = entries[i].lower + away
            new_entries[j].versions = entries[i].versions + later
        if high == low:
            new_entries[at_entry[l]].versions = at_version[l]
        for v in range(versions[l]):
            new_version[at_version[l] + v] = version[first + v]
        moved = at_bucket[l] - leg[l].bucket
        for b in range(leg[l].bucket, leg[l].bucket_end):
            new_bucket[b + moved] = bucket[b] + away
        new_leg[l].low, new_leg[l].high = low + away, high + away
        new_leg[l].bucket = at_bucket[l]
        new_leg[l].bucket_end = leg[l].bucket_end + moved


@kernel
def _another(entries: Table, last: int, known: int, value: float, expiry: int, new: int) -> None:
    """Another version of the last entry: its settled value, and that it has several."""
    high = last + 1
    if entries[high].odd == entries[last].odd:
        entries[high].odd += 1
    entries[last].last = known
    entries[last].value = value
    entries[last].expiry = expiry
    entries[high].assumed = entries[last].assumed + new
    entries[high].versions += 1


@kernel
def _entry(
    entries: Table, low: int, high: int, event: int, known: int, value: float, expiry: int, new: int
) -> None:
    """A new last entry at ``high``, and the end of its leg behind it."""
    last = high - 1
    entries[high].event = event
    entries[high].first = known
    entries[high].last = known
    entries[high].value = value
    entries[high].expiry = expiry
    entries[high].suffix = known
    entries[high].prefix = min(entries[last].prefix, known)
    j = last
    while j >= low and entries[j].first >= known:
        j = entries[j].lower
    entries[high].lower = j
    entries[high + 1].odd = entries[high].odd
    entries[high + 1].assumed = entries[high].assumed + new
    entries[high + 1].versions = entries[high].versions + 1


@kernel
def _reaches(leg: Table, bucket: I32, l: int, event: int, end: int) -> bool:
    """Let the table from time to entry reach to a new last entry; False without room for it."""
    b = (event - leg[l].origin) >> leg[l].shift
    known_end = leg[l].bucket_end - leg[l].bucket
    if leg[l].bucket + b + 2 > end:
        return False
    for each in range(known_end, b + 1):
        bucket[leg[l].bucket + each] = leg[l].high
    bucket[leg[l].bucket + b + 1] = leg[l].high + 1
    leg[l].bucket_end = leg[l].bucket + max(known_end, b + 2)
    return True


@compiled(
    (
        *(T_LEG, T_ENTRY, T_VERSION, A_I32, A_I64),
        *(A_I64, A_I64, A_I64, R_F64, A_I64, A_I64),
    )
)
def _append(
    leg: Table,
    entries: Table,
    version: Table,
    bucket: I32,
    room: I64,
    which: I64,
    event: I64,
    known: I64,
    value: F64,
    cadence: I64,
    assumed: I64,
) -> int:
    """Append rows; returns how many fitted. ``room``: ends of entries, versions, buckets."""
    size = leg.size
    for row in range(which.size):
        l = which[row]
        low, high = leg[l].low, leg[l].high
        if high == low:
            return row
        last = high - 1
        end = entries[high].versions
        if event[row] < entries[last].event or end >= room[size + l]:
            return row
        expiry = event[row] + max(leg[l].max_age, 3 * cadence[row])
        if event[row] == entries[last].event:
            if known[row] < entries[last].last:
                return row
            _another(entries, last, known[row], value[row], expiry, assumed[row])
        else:
            if known[row] < entries[last].first or high + 1 >= room[l]:
                return row
            if not _reaches(leg, bucket, l, event[row], room[2 * size + l]):
                return row
            _entry(entries, low, high, event[row], known[row], value[row], expiry, assumed[row])
            leg[l].high = high + 1
        version[end].known = known[row]
        version[end].value = value[row]
        version[end].expiry = expiry
        version[end].cadence = cadence[row]
        version[end].assumed = assumed[row]
        leg[l].coarsest = max(leg[l].coarsest, cadence[row])
    return which.size
