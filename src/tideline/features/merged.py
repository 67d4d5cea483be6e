"""The sum over all groups as one step function.

Where every group of a signal is alive, S(t) = Σ v(t) needs one look-up instead of one per group.
The function is the *settled* one: built from last versions, so a step may be used at T only if
``settled`` <= T, the latest known_time of anything that made it. Elsewhere (the newest moments,
entries restated after T, a group that died) the groups are asked one by one; both give the same
bits, since both add the same values in the same order.

Steps begin where an entry begins and where one expires; a null sum is NaN. Blocks of 64 steps
carry their extremes, so that min and max of a long window need not visit every step.
"""

from __future__ import annotations

import numpy as np

from tideline.features.arrays import (
    A_I32,
    A_I64,
    FAR,
    I32,
    I64,
    LEGS,
    T_BLOCK,
    T_STEP,
    Legs,
    Table,
)
from tideline.features.jit import entry, kernel
from tideline.features.lookup import CROWDED
from tideline.features.plan import Query, bucket_at, query_at, step_at

STEPS_PER_BLOCK = 64


@entry((LEGS, A_I64, T_STEP))
def merge_sum(legs: Legs, which: I64, steps: Table) -> int:
    """Write the steps of Σ over legs ``which`` (room: twice the entries); returns their number."""
    count = which.size
    at = np.empty(count, np.int64)  # the entry in force
    following = np.empty(count, np.int64)  # event of the next entry
    expiring = np.empty(count, np.int64)  # when the entry in force expires
    known = np.empty(count, np.int64)
    part = np.empty(count, np.float64)
    for g in range(count):
        expiring[g], known[g], part[g] = FAR, -FAR, np.nan
        leg = legs.leg[which[g]]
        at[g] = leg.low - 1
        following[g] = legs.entry[leg.low].event if leg.low < leg.high else FAR
    made = 0
    while True:
        now = FAR
        for g in range(count):
            now = min(now, following[g], expiring[g])
        if now == FAR:
            return made
        total = 0.0
        latest = -FAR
        for g in range(count):
            if following[g] == now:
                i = at[g] + 1
                at[g] = i
                following[g] = legs.entry[i + 1].event if i + 1 < legs.leg[which[g]].high else FAR
                known[g] = legs.entry[i].last
                part[g] = legs.entry[i].value
                expiry = legs.entry[i].expiry + 1
                expiring[g] = expiry if expiry < following[g] else FAR
            elif expiring[g] == now:
                part[g] = np.nan
                expiring[g] = FAR
            total += part[g]
            latest = max(latest, known[g])
        steps[made].event = now
        steps[made].settled = latest
        steps[made].value = total
        made += 1


@entry((T_STEP, A_I32))
def merged_buckets(steps: Table, bucket: I32) -> int:
    """Fill the table from time to step; returns the shift. See :func:`bucket_room`."""
    origin = steps[0].event
    span = steps[steps.size - 1].event - origin
    shift = 0
    while (span >> shift) > 2 * steps.size:
        shift += 1
    i = 0
    for b in range((span >> shift) + 2):
        edge = origin + (b << shift)
        while i < steps.size and steps[i].event < edge:
            i += 1
        bucket[b] = i
    return shift


def bucket_room(steps: int) -> int:
    """How many buckets ``merged_buckets`` may write."""
    return 2 * steps + 3


@entry((T_STEP, T_BLOCK))
def merged_blocks(steps: Table, block: Table) -> None:
    """Per block of steps: latest ``settled``, smallest and largest value (inf, -inf: all null)."""
    for b in range(block.size):
        settled, low, high = -FAR, np.inf, -np.inf
        for i in range(b * STEPS_PER_BLOCK, min((b + 1) * STEPS_PER_BLOCK, steps.size)):
            settled = max(settled, steps[i].settled)
            if not np.isnan(steps[i].value):
                low = min(low, steps[i].value)
                high = max(high, steps[i].value)
        block[b].settled = settled
        block[b].low = low
        block[b].high = high


@kernel
def merged_find(q: Query, t: int) -> int:
    """The step in force at t; -1 before the first."""
    origin = step_at(query_at(q, 0).step, 0).event
    if t < origin:
        return -1
    if t >= step_at(query_at(q, 0).step, query_at(q, 0).steps - 1).event:
        return query_at(q, 0).steps - 1
    b = (t - origin) >> query_at(q, 0).step_shift
    low, high = (
        bucket_at(query_at(q, 0).step_bucket, b),
        bucket_at(query_at(q, 0).step_bucket, b + 1),
    )
    while high - low > CROWDED:
        middle = (low + high) // 2
        if step_at(query_at(q, 0).step, middle).event <= t:
            low = middle + 1
        else:
            high = middle
    while low < high and step_at(query_at(q, 0).step, low).event <= t:
        low += 1
    return low - 1
