"""Fills the two tables of R8: every hour there is, as known at that hour, and what followed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tideline.domain.time import HOUR, format_duration
from tideline.features.arrays import F64, I64
from tideline.features.engine import evaluate_legs
from tideline.features.groups import Group
from tideline.features.legs import LegSet
from tideline.features.sampling import samples
from tideline.features.window import WINDOWS
from tideline.log import Log
from tideline.readings.analogue import (
    HORIZONS,
    AnalogueInputs,
    Analogues,
    Outcome,
    Quantity,
    dimensions,
)
from tideline.readings.analogues import find_analogues
from tideline.readings.numbers.analogues import AnalogueNumbers
from tideline.readings.parameters import DEFAULTS
from tideline.signals import BY_ADDRESS
from tideline.store.rows import AssetRows

HELD = ("open_interest", "open_interest_usd")
RET, OI = "price.ret", "positioning.oi_usdtm_coin"
QUANTITIES: tuple[Quantity, ...] = ("price", "oi")
KNOWN_AFTER = HOUR
"""Outcomes are read with paths as known so long after they were over: published rows are late."""


def analogues(
    log: Log, asset: str, as_of: int, window: str, numbers: AnalogueNumbers | None = None
) -> Analogues:
    """R8 of one asset at T on window w, over every hour the log can answer."""
    return find_analogues(analogue_inputs(log, asset, as_of, window), numbers)


def analogue_inputs(
    log: Log, asset: str, as_of: int, window: str, share: float = DEFAULTS.cadence_share
) -> AnalogueInputs:
    """The tables R8 is handed: vectors as known at each hour, outcomes as known an hour after.

    Groups whose open interest comes more rarely than ``share`` of w do not speak on w.
    """
    vector = dimensions(window)
    deepest = f"{OI}@1h:delta[{WINDOWS[HORIZONS[-1]] // HOUR + 1}]"
    rows = AssetRows(log, asset, [*vector, deepest, f"{RET}@{HORIZONS[-1]}:delta"])
    at = _hours(log, rows, as_of)
    moments = np.append(at, as_of)
    vectors = np.empty((moments.size, len(vector)))
    followed: dict[tuple[Quantity, str], F64] = {
        (quantity, horizon): np.full(at.size, np.nan)
        for quantity in QUANTITIES
        for horizon in HORIZONS
    }
    slow: dict[Group, int] = {}
    for part in rows.parts(moments):
        legs = _fast(part.legs, int(WINDOWS[window] * share), slow)
        span = slice(part.low, part.high)
        known = moments[span]
        vectors[span] = evaluate_legs(legs, BY_ADDRESS, rows.instruments, known, vector).values
        for key, values in _moved(legs, rows, known).items():
            _put(followed[key], values, part.low, key[1])
    return AnalogueInputs(
        asset=asset,
        window=window,
        as_of=as_of,
        dimensions=vector,
        now=vectors[-1],
        at=at,
        vectors=vectors[:-1],
        outcomes=tuple(Outcome(q, h, values) for (q, h), values in followed.items()),
        known_after_us=KNOWN_AFTER,
        left_out=tuple(
            f"{venue} {instrument} (cadence {format_duration(cadence)})"
            for (venue, instrument), cadence in sorted(slow.items())
        ),
    )


def _hours(log: Log, rows: AssetRows, as_of: int) -> NDArray[np.int64]:
    """Every full hour before T from the first row on, none before what retention kept."""
    held = [leg.first_known for leg in rows.known if leg.field in rows.fields]
    begin = max(min(held, default=as_of), int(log.horizon()))
    first = -(-begin // HOUR) * HOUR
    return np.arange(first, as_of, HOUR, dtype=np.int64)


def _fast(legs: LegSet, most_us: int, slow: dict[Group, int]) -> LegSet:
    """The legs of groups that speak often enough; the others are noted in ``slow``."""
    for (venue, instrument, field), number in legs.index.items():
        cadence = int(legs.arrays.leg[number]["coarsest"])
        if field in HELD and cadence > most_us:
            slow[venue, instrument] = max(cadence, slow.get((venue, instrument), 0))
    kept = {key: number for key, number in legs.index.items() if (key[0], key[1]) not in slow}
    return LegSet(kept, legs.arrays)


def _moved(legs: LegSet, rows: AssetRows, known: I64) -> dict[tuple[Quantity, str], F64]:
    """What price and OI did over the horizons that ended :data:`KNOWN_AFTER` before each moment."""
    instruments = rows.instruments
    back = np.array([0, *(WINDOWS[horizon] for horizon in HORIZONS)], np.int64) + KNOWN_AFTER
    held = samples(legs, BY_ADDRESS[OI], HOUR, instruments, known, back)
    made: dict[tuple[Quantity, str], F64] = {}
    for k, horizon in enumerate(HORIZONS, start=1):
        ret = samples(legs, BY_ADDRESS[RET], WINDOWS[horizon], instruments, known, back[:1])
        made["price", horizon] = np.expm1(ret[:, 0])
        with np.errstate(divide="ignore", invalid="ignore"):
            moved = held[:, 0] / held[:, k] - 1.0
        made["oi", horizon] = np.where(np.isfinite(moved), moved, np.nan)
    return made


def _put(column: F64, values: F64, low: int, horizon: str) -> None:
    """Values seen at moment v into the row of u = v − horizon − KNOWN_AFTER; hours have no hole."""
    ahead = (WINDOWS[horizon] + KNOWN_AFTER) // HOUR
    first, last = low - ahead, min(low + values.size - ahead, column.size - ahead)
    skip = max(-first, 0)
    if last > first + skip:
        column[first + skip : last] = values[skip : last - first]
