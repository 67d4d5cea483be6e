"""Bars of two lengths never stand in one leg for the same time: their sum would count it twice."""

from __future__ import annotations

import numpy as np

from tideline.collect.legrows import Bools, Floats, Ints, LegRows
from tideline.collect.stored import StoredLeg
from tideline.domain.time import SECOND

BAR_FIELDS = frozenset({"volume_coin", "spot_volume_usd", "taker_buy_coin", "taker_sell_coin"})


def overlapping_bars(offered: LegRows, stored: StoredLeg) -> Bools:
    """Which offered bars reach into time that bars of another length cover already.

    What is stored stays; among the offered the finer bars go first.
    """
    lengths = np.unique(offered.cadence_s)
    drop = np.zeros(len(offered), np.bool_)
    if len(lengths) < 2 and bool((stored.cadence_s == lengths[:1]).all()):
        return drop
    for length in lengths.tolist():
        mine = offered.cadence_s == length
        finer = (offered.cadence_s < length) & ~drop
        other = stored.cadence_s != length
        ends = np.concatenate([stored.event[other], offered.event[finer]])
        spans = np.concatenate([stored.cadence_s[other], offered.cadence_s[finer]])
        drop[mine] = _overlaps(offered.event[mine], length, ends, spans)
    return drop


def _overlaps(event: Ints, length_s: float, ends: Ints, spans_s: Floats) -> Bools:
    """Does (event - length, event] share time with any (end - span, end]?"""
    if not len(ends):
        return np.zeros(len(event), np.bool_)
    order = np.argsort(ends, kind="stable")
    ends = ends[order]
    starts = ends - (spans_s[order] * SECOND).astype(np.int64)
    earliest = np.append(np.minimum.accumulate(starts[::-1])[::-1], np.iinfo(np.int64).max)
    after = np.searchsorted(ends, event - round(length_s * SECOND), side="right")
    found: Bools = earliest[after] < event
    return found
