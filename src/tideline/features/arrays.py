"""The arrays the kernels run on. Everything about a leg at index i of one flat set.

A *leg* holds its distinct event times in order; leg l owns entries ``leg[l].low .. leg[l].high``.
Per distinct event time (one *entry*):

    event     event_time
    last      known_time of its last version: from then on its value is settled
    value     value of its last version
    expiry    last moment to which that value may be carried
    first     known_time of its first version
    suffix    smallest ``first`` of this and all later entries: the newest entry visible at T is
              the last one with suffix <= T
    prefix    smallest ``first`` of this and all earlier entries
    lower     nearest earlier entry of the leg with a smaller ``first`` (or low-1): where to go
              from an entry that is not known yet
    versions  index of its first version
    odd       running count of entries that are late or have several versions, over all legs
    assumed   running count of entries whose last version is assumed, over all legs

Per version, in (event, known, log) order: known, value, expiry, cadence (µs), assumed.
Per leg: low, high; bucket, bucket_end, origin, shift of its slice of the table from time to entry
(see :mod:`.lookup`); coarsest cadence in µs; ``before``, the earliest known_time of rows older
than those at hand (FAR: there are none).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numba
import numpy as np
from numba import types
from numpy.typing import NDArray

I64 = NDArray[np.int64]
I32 = NDArray[np.int32]
I8 = NDArray[np.int8]
F64 = NDArray[np.float64]
U8 = NDArray[np.uint8]
Table = Any
"""A record array: fields are read by attribute inside kernels."""

FAR = np.iinfo(np.int64).max
"""A moment that never comes."""

ENTRY = np.dtype(
    [
        ("event", np.int64),
        ("last", np.int64),
        ("value", np.float64),
        ("expiry", np.int64),
        ("first", np.int64),
        ("suffix", np.int64),
        ("prefix", np.int64),
        ("lower", np.int32),
        ("versions", np.int32),
        ("odd", np.int32),
        ("assumed", np.int32),
    ]
)
VERSION = np.dtype(
    [
        ("known", np.int64),
        ("value", np.float64),
        ("expiry", np.int64),
        ("cadence", np.int64),
        ("assumed", np.int64),
    ]
)
LEG = np.dtype(
    [
        ("low", np.int64),
        ("high", np.int64),
        ("bucket", np.int64),
        ("bucket_end", np.int64),
        ("origin", np.int64),
        ("shift", np.int64),
        ("coarsest", np.int64),
        ("before", np.int64),
        ("max_age", np.int64),
    ]
)
STEP = np.dtype([("event", np.int64), ("settled", np.int64), ("value", np.float64)])
BLOCK = np.dtype([("settled", np.int64), ("low", np.float64), ("high", np.float64)])
GROUP = np.dtype([("used", np.int64), ("pick", np.int64), ("weight", np.float64)])


class Legs(NamedTuple):
    """See the module's docstring."""

    leg: Table
    entry: Table
    version: Table
    bucket: I32


class Merged(NamedTuple):
    """The sum over all groups as one step function: see :mod:`.merged`."""

    step: Table
    block: Table
    bucket: I32
    shift: int


def array_of(dtype: Any, *, ndim: int = 1, readonly: bool = False) -> Any:
    """The Numba type of a C-ordered array."""
    kind = numba.from_dtype(np.dtype(dtype))
    return types.Array(kind, ndim, "C", readonly=readonly)


A_I64 = array_of(np.int64)
A_I32 = array_of(np.int32)
M_F64 = array_of(np.float64, ndim=2)
M_I64 = array_of(np.int64, ndim=2)
M_I8 = array_of(np.int8, ndim=2)
A_U8 = array_of(np.uint8)
R_I32 = array_of(np.int32, readonly=True)
R_I64 = array_of(np.int64, readonly=True)
R_F64 = array_of(np.float64, readonly=True)
R_U8 = array_of(np.uint8, readonly=True)
T_ENTRY, T_VERSION, T_LEG = array_of(ENTRY), array_of(VERSION), array_of(LEG)
T_STEP, T_BLOCK = array_of(STEP), array_of(BLOCK)
LEGS = types.NamedTuple([T_LEG, T_ENTRY, T_VERSION, A_I32], Legs)
