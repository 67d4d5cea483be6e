"""From rows to legs: compiled passes, each over the rows once.

1. ``scatter``   rows to their legs, in the order they came (counting sort)
2. ``arrange``   each leg into (event, known, log) order; a leg that is nearly in order costs
                 one pass and a sort of what is out of place
3. ``fill``      versions, distinct event times, settled values
4. ``visibility``  suffix, lower, prefix and the running counts
5. ``fill_buckets``  the table from time to entry
"""

from __future__ import annotations

import numpy as np
from numba import types

from tideline.domain.time import SECOND
from tideline.features.arrays import (
    A_I32,
    A_I64,
    A_U8,
    F64,
    FAR,
    I32,
    I64,
    R_F64,
    R_I32,
    R_I64,
    R_U8,
    T_ENTRY,
    T_LEG,
    T_VERSION,
    U8,
    Table,
)
from tideline.features.jit import entry, kernel


@entry((R_I32, R_I32, R_I32, types.int64, types.int64, A_I32, A_U8))
def mix(
    venue: I32, instrument: I32, field: I32, instruments: int, fields: int, mixed: I32, seen: U8
) -> None:
    """One number for each row's three words, and which numbers there are."""
    for row in range(mixed.size):
        number = (venue[row] * instruments + instrument[row]) * fields + field[row]
        mixed[row] = number
        seen[number] = 1


@entry((A_I32, A_I64))
def count_rows(leg: I32, off: I64) -> None:
    """off[l] = number of rows of the legs before l; rows with a negative leg do not count."""
    for row in range(leg.size):
        if leg[row] >= 0:
            off[leg[row] + 1] += 1
    for l in range(1, off.size):
        off[l] += off[l - 1]


@entry((A_I32, A_I64, A_I64))
def scatter(leg: I32, off: I64, order: I64) -> None:
    """Fill ``order`` with row numbers grouped by leg; rows with a negative leg are left out."""
    cursor = off.copy()
    for row in range(leg.size):
        l = leg[row]
        if l >= 0:
            order[cursor[l]] = row
            cursor[l] += 1


@kernel
def _after(event: I64, known: I64, log: I64, a: int, b: int) -> bool:
    """Does row a come after row b in (event, known, log) order? Without log: in row order."""
    if event[a] != event[b]:
        return bool(event[a] > event[b])
    if known[a] != known[b]:
        return bool(known[a] > known[b])
    return bool(log[a] > log[b]) if log.size > 0 else a > b


@kernel
def _sift(event: I64, known: I64, log: I64, heap: I64, start: int, end: int) -> None:
    root = start
    while 2 * root + 1 < end:
        child = 2 * root + 1
        if child + 1 < end and _after(event, known, log, heap[child + 1], heap[child]):
            child += 1
        if not _after(event, known, log, heap[child], heap[root]):
            return
        heap[root], heap[child] = heap[child], heap[root]
        root = child


@kernel
def _heap_sort(event: I64, known: I64, log: I64, rows: I64) -> None:
    size = rows.size
    for start in range(size // 2 - 1, -1, -1):
        _sift(event, known, log, rows, start, size)
    for end in range(size - 1, 0, -1):
        rows[0], rows[end] = rows[end], rows[0]
        _sift(event, known, log, rows, 0, end)


@entry((R_I64, R_I64, R_I64, A_I64, A_I64))
def arrange(event: I64, known: I64, log: I64, off: I64, order: I64) -> None:
    """Sort each leg's slice of ``order`` by (event, known, log)."""
    for l in range(off.size - 1):
        low, high = off[l], off[l + 1]
        displaced = np.empty(high - low, np.int64)
        count = 0
        write = low
        for i in range(low, high):
            row = order[i]
            if write > low and _after(event, known, log, order[write - 1], row):
                displaced[count] = row
                count += 1
            else:
                order[write] = row
                write += 1
        if count == 0:
            continue
        late = displaced[:count].copy()
        _heap_sort(event, known, log, late)
        i, j, k = write - 1, count - 1, high - 1
        while j >= 0:
            if i >= low and _after(event, known, log, order[i], late[j]):
                order[k] = order[i]
                i -= 1
            else:
                order[k] = late[j]
                j -= 1
            k -= 1


@entry((R_I64, A_I64, A_I64, T_LEG))
def bounds(event: I64, order: I64, off: I64, leg: Table) -> int:
    """Where each leg's distinct event times will stand; returns how many there are."""
    total = 0
    for l in range(leg.size):
        leg[l].low = total
        for i in range(off[l], off[l + 1]):
            if i == off[l] or event[order[i]] != event[order[i - 1]]:
                total += 1
        leg[l].high = total
    return total


@entry((R_I64, R_I64, R_F64, R_F64, R_U8, A_I64, A_I64, T_LEG, T_VERSION, T_ENTRY))
def fill(
    event: I64,
    known: I64,
    value: F64,
    cadence_s: F64,
    assumed: U8,
    order: I64,
    off: I64,
    leg: Table,
    version: Table,
    entries: Table,
) -> None:
    """Versions and entries; ``odd`` marks, one entry on, those with several versions.

    No cadence given: 0. No ``assumed`` given: all recorded.
    """
    at = -1
    for l in range(leg.size):
        for i in range(off[l], off[l + 1]):
            row = order[i]
            cadence = 0
            if cadence_s.size > 0 and not np.isnan(cadence_s[row]):
                cadence = int(np.rint(cadence_s[row] * SECOND))
            was_assumed = 1 if assumed.size > 0 and assumed[row] else 0
            expiry = event[row] + max(leg[l].max_age, 3 * cadence)
            version[i].known = known[row]
            version[i].value = value[row]
            version[i].cadence = cadence
            version[i].assumed = was_assumed
            version[i].expiry = expiry
            leg[l].coarsest = max(leg[l].coarsest, cadence)
            if i == off[l] or event[row] != entries[at].event:
                at += 1
                entries[at].event = event[row]
                entries[at].first = known[row]
                entries[at].versions = i
            else:
                entries[at + 1].odd = 1
            entries[at].last = known[row]
            entries[at].value = value[row]
            entries[at].expiry = expiry
            entries[at + 1].assumed = was_assumed
    entries[at + 1].versions = version.size


@entry((T_LEG, T_ENTRY))
def visibility(leg: Table, entries: Table) -> None:
    """suffix, lower, prefix; then ``odd`` and ``assumed`` from marks to running counts."""
    for l in range(leg.size):
        smallest = FAR
        low, high = leg[l].low, leg[l].high
        for i in range(high - 1, low - 1, -1):
            first = entries[i].first
            if first > smallest:
                entries[i + 1].odd = 1
            smallest = min(smallest, first)
            entries[i].suffix = smallest
        smallest = FAR
        for i in range(low, high):
            first = entries[i].first
            smallest = min(smallest, first)
            entries[i].prefix = smallest
            j = i - 1
            while j >= low and entries[j].first >= first:
                j = entries[j].lower
            entries[i].lower = j
    for i in range(entries.size - 1):
        entries[i + 1].odd += entries[i].odd
        entries[i + 1].assumed += entries[i].assumed


@entry((T_LEG, T_ENTRY))
def plan_buckets(leg: Table, entries: Table) -> int:
    """Choose a power-of-two width per leg, one to two buckets an entry; returns their number."""
    total = 0
    for l in range(leg.size):
        low, high = leg[l].low, leg[l].high
        leg[l].bucket = total
        if high > low:
            leg[l].origin = entries[low].event
            span = entries[high - 1].event - entries[low].event
            shift = 0
            while (span >> shift) > 2 * (high - low):
                shift += 1
            leg[l].shift = shift
            total += (span >> shift) + 2
        leg[l].bucket_end = total
    return total


@entry((T_LEG, T_ENTRY, A_I32))
def fill_buckets(leg: Table, entries: Table, bucket: I32) -> None:
    """bucket[b] = first entry whose event time is not before the bucket's start."""
    for l in range(leg.size):
        i = leg[l].low
        for b in range(leg[l].bucket_end - leg[l].bucket):
            edge = leg[l].origin + (b << leg[l].shift)
            while i < leg[l].high and entries[i].event < edge:
                i += 1
            bucket[leg[l].bucket + b] = i
