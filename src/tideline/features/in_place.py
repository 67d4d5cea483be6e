"""Legs that grow in place: what comes newest is appended, everything else asks for a new sorting.

Legs are sorted once for a batch. An evaluator that asks every few seconds cannot sort 90 days anew
for a handful of rows, so here every leg has room behind it:

    row later than all of its leg      a new entry
    another version of the last entry  a new version
    anything else                      refused: sort the leg again and put it back, or read the log

The arrays stay where they are, so what was planned on them (:mod:`.prepared`) stays valid, until
they are laid out anew. The answers are those of legs sorted from the same rows.
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
    LEG,
    M_I64,
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
END = np.array([[1], [0], [0]])
"""Behind the entries of a leg stands one more: where they end."""
R_F64 = array_of(np.float64)


class InPlaceLegs:
    """A set of legs with room behind each.

    ``legs`` may be used as any other; it is replaced by ``relaid`` and ``put`` alone.
    """

    def __init__(self, legs: LegSet) -> None:
        self.legs, self.room = _laid_out(legs, sizes(legs.arrays))

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
        self.legs, self.room = _laid_out(self.legs, sizes(self.legs.arrays))

    def put(self, made: LegSet) -> bool:
        """Put whole legs in the place of those of their names, or behind all others.

        True if everything was laid out anew for it: what was planned on the arrays before is void.
        """
        old = self.legs
        index = {key: l for l, key in enumerate(old.index | made.index)}
        which = np.array([index[key] for key in made.index], np.int64)
        new, needed = len(index) - len(old.index), sizes(made.arrays)
        moved = bool(new) or not self._fits(which, needed)
        if moved:
            leg = np.concatenate([old.arrays.leg, np.zeros(new, LEG)])
            leg["high"][which] = leg["low"][which]  # what is replaced need not be copied
            leg["bucket_end"][which] = leg["bucket"][which]
            kept = old.arrays._replace(leg=leg)
            taken = sizes(kept)
            taken[:, which] = needed
            self.legs, self.room = _laid_out(LegSet(index, kept), taken)
        _copy(*made.arrays, *self.legs.arrays, self.room, which)
        return moved

    def _fits(self, which: I64, needed: I64) -> bool:
        return bool((self.room[:, which] + needed + END <= self.room[:, which + 1]).all())


def sizes(legs: Legs) -> I64:
    """How many entries, versions and buckets (rows) each leg (column) has."""
    leg, edges = legs.leg, legs.entry["versions"]
    versions = edges[leg["high"]] - edges[leg["low"]]
    return np.stack([leg["high"] - leg["low"], versions, leg["bucket_end"] - leg["bucket"]])


def _laid_out(legs: LegSet, taken: I64) -> tuple[LegSet, I64]:
    """The same legs with room behind each for what is ``taken`` and more; where each leg's
    entries, versions and buckets begin, which is where those of the leg before end."""
    old = legs.arrays
    more = np.maximum(taken[0] // 4, LEAST_ROOM)
    room = np.zeros((3, old.leg.size + 1), np.int64)
    room[:, 1:] = np.cumsum(taken + END + [more, 2 * more, BUCKET_ROOM * more], axis=1)
    arrays = Legs(
        np.zeros(old.leg.size, LEG),
        np.zeros(int(room[0, -1]) + 1, ENTRY),
        np.zeros(int(room[1, -1]), VERSION),
        np.zeros(int(room[2, -1]), np.int32),
    )
    _copy(*old, *arrays, room, np.arange(old.leg.size))
    return LegSet(dict(legs.index), arrays), room


@compiled((T_LEG, T_ENTRY, T_VERSION, A_I32, T_LEG, T_ENTRY, T_VERSION, A_I32, M_I64, A_I64))
def _copy(
    leg: Table,
    entries: Table,
    version: Table,
    bucket: I32,
    new_leg: Table,
    new_entries: Table,
    new_version: Table,
    new_bucket: I32,
    room: I64,
    which: I64,
) -> None:
    """Copy every leg to the place of ``which``; indices move along. One entry behind is its end."""
    for l in range(leg.size):
        w = which[l]
        low, high = leg[l].low, leg[l].high
        first, end = entries[low].versions, entries[high].versions
        away, later, moved = room[0, w] - low, room[1, w] - first, room[2, w] - leg[l].bucket
        for i in range(low, high + 1):
            j = i + away
            new_entries[j] = entries[i]
            new_entries[j].lower = entries[i].lower + away
            new_entries[j].versions = entries[i].versions + later
        for v in range(first, end):
            new_version[v + later] = version[v]
        for b in range(leg[l].bucket, leg[l].bucket_end):
            new_bucket[b + moved] = bucket[b] + away
        new_leg[w] = leg[l]
        new_leg[w].low, new_leg[w].high = low + away, high + away
        new_leg[w].bucket = leg[l].bucket + moved
        new_leg[w].bucket_end = leg[l].bucket_end + moved


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
        *(T_LEG, T_ENTRY, T_VERSION, A_I32, M_I64),
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
    """Append rows; returns how many fitted. ``room`` as in ``_laid_out``."""
    for row in range(which.size):
        l = which[row]
        low, high = leg[l].low, leg[l].high
        if high == low:
            return row
        last = high - 1
        end = entries[high].versions
        if event[row] < entries[last].event or end >= room[1, l + 1]:
            return row
        expiry = event[row] + max(leg[l].max_age, 3 * cadence[row])
        if event[row] == entries[last].event:
            if known[row] < entries[last].last:
                return row
            _another(entries, last, known[row], value[row], expiry, assumed[row])
        else:
            if known[row] < entries[last].first or high + 1 >= room[0, l + 1]:
                return row
            if not _reaches(leg, bucket, l, event[row], room[2, l + 1]):
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
