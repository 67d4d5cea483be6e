"""What came after a moment: the one file that looks forward.

An outcome of T over the horizon h is read at T + h + :data:`KNOWN_AFTER`, with paths as known then,
so that rows which are published late are in it. It is for judging what was said at T, never for
saying it.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tideline.domain.instrument import Instrument
from tideline.domain.time import HOUR
from tideline.features.arrays import F64, I64
from tideline.features.groups import Group
from tideline.features.legs import LegSet
from tideline.features.sampling import samples
from tideline.features.window import WINDOWS
from tideline.signals import BY_ADDRESS

RET, OI = "price.ret", "positioning.oi_usdtm_coin"
KNOWN_AFTER = HOUR


def went(
    legs: LegSet, instruments: Mapping[Group, Instrument], moments: I64, horizon: str
) -> tuple[F64, F64]:
    """Log return of price and relative change of open interest over (T, T + horizon], at each T.

    ``moments`` ascending, µs; NaN where either end was not known.
    """
    h = WINDOWS[horizon]
    known = moments + h + KNOWN_AFTER
    now = np.array([KNOWN_AFTER], np.int64)
    price = samples(legs, BY_ADDRESS[RET], h, instruments, known, now)[:, 0]
    held = samples(
        legs, BY_ADDRESS[OI], HOUR, instruments, known, np.array([KNOWN_AFTER, KNOWN_AFTER + h])
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        grown = held[:, 0] / held[:, 1] - 1.0
    grown[~np.isfinite(grown)] = np.nan
    return price, grown
