"""Which derived prices are needed: a mark that was given is never replaced by a derived one.

given            the venue's own mark
notional/coin    open interest in USD over open interest in coins, of one snapshot
trade_close      the last trade of a bar, only where no other mark stands
"""

from __future__ import annotations

import numpy as np

from tideline.collect.legrows import Bools, Ints, LegRows, same_value
from tideline.collect.stored import StoredLeg
from tideline.domain.time import MINUTE

NOTIONAL = "notional/coin"
TRADE_CLOSE = "trade_close"
STANDS_US = 30 * MINUTE

_RANK = {"": 0, NOTIONAL: 1, TRADE_CLOSE: 2}


def unneeded_marks(
    offered: LegRows, derived: list[str], stored: StoredLeg, stored_derived: dict[int, str]
) -> Bools:
    """Which offered prices to leave out because a better one stands at their event_time.

    ``derived`` is how each source of the import came by its prices, ``stored_derived`` the same
    for source ids of the log (absent: given).
    """
    rank = np.array([_RANK.get(word, 0) for word in derived] or [0])[offered.source]
    drop = _worse_here(offered.event, rank)
    kept = stored.event[stored.ok]
    if len(kept):
        at = np.searchsorted(kept, offered.event, side="right") - 1
        here = (at >= 0) & (kept[at] == offered.event)
        differs = ~same_value(offered.value, stored.value[stored.ok][at])
        drop |= here & (rank > 0) & differs
    closes = rank == _RANK[TRADE_CLOSE]
    if closes.any():
        better = offered.event[~closes]
        ids = stored.source_id[stored.ok]
        known = np.array([stored_derived.get(int(i), "") != TRADE_CLOSE for i in ids], np.bool_)
        drop |= closes & _stands(offered.event, np.sort(np.append(better, kept[known])))
    return drop


def _worse_here(event: Ints, rank: Ints) -> Bools:
    """Rows for whose event the import itself offers a better kind."""
    if rank.min(initial=0) == rank.max(initial=0):
        return np.zeros(len(event), np.bool_)
    events, place = np.unique(event, return_inverse=True)
    best = np.full(len(events), rank.max())
    np.minimum.at(best, place, rank)
    worse: Bools = rank > best[place]
    return worse


def _stands(event: Ints, better: Ints) -> Bools:
    """Is a better mark at most 30 minutes old at each event?"""
    if not len(better):
        return np.zeros(len(event), np.bool_)
    at = np.searchsorted(better, event, side="right") - 1
    standing: Bools = (at >= 0) & (event - better[np.maximum(at, 0)] < STANDS_US)
    return standing
