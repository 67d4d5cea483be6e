"""How often a leg spoke, as known at each of many moments."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tideline.features.arrays import I64
from tideline.features.legs import LegKey, LegSet

NONE_YET = -1


def cadences(legs: LegSet, key: LegKey, as_of: NDArray[np.int64]) -> I64:
    """Cadence in µs of the newest row known at each moment; −1 where none is, 0 where it has none.

    Of a row that was restated, the cadence of its first version.
    """
    number = legs.index.get(key, -1)
    if number < 0:
        return np.full(as_of.size, NONE_YET, np.int64)
    leg = legs.arrays.leg[number]
    entries = legs.arrays.entry[int(leg["low"]) : int(leg["high"])]
    place = np.searchsorted(entries["suffix"], as_of, side="right") - 1
    found = np.full(as_of.size, NONE_YET, np.int64)
    known = place >= 0
    versions = entries["versions"][place[known]]
    found[known] = legs.arrays.version["cadence"][versions]
    return found
