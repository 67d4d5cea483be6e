"""Reads from the log what a live intake has to know before it begins.

Legs are read back from their own last row: 51 hours of what comes on a grid or as events, 75
minutes of what streams (histories ask again for the last hour at most; what lies further back in
them is asked for only where the log has nothing).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from tideline.collect.legrows import Floats, Ints
from tideline.collect.live.legs import COINS, NOTIONAL
from tideline.collect.live.life import gap_field
from tideline.collect.live.memory import GRID_US as STREAMED_STEP
from tideline.collect.live.memory import NEVER
from tideline.collect.live.primed import LegName, Primed, PrimedLeg
from tideline.collect.stored import stored_legs
from tideline.domain.fields import BY_NAME
from tideline.domain.time import DAY, HOUR, MINUTE
from tideline.domain.venue import ALL_VENUES
from tideline.log import Log
from tideline.log.legs import Leg

STREAMED_US = 75 * MINUTE
STREAMED_LIVE_US = DAY
GRID_US = 51 * HOUR
GRID_LIVE_US = 7 * DAY
"""A leg that is silent for longer is only known by its last event."""
GAPS_US = 30 * DAY
MOST_ROWS = 1400
MOST_STREAMED = 400

STREAMED = (
    COINS,
    NOTIONAL,
    "mark_price",
    "index_price",
    "spot_price",
    "funding_rate_quoted",
    "funding_interval_h",
    "next_funding_time",
)


BAR_GAPS = ("gap.taker", "gap.volume")


def prime(log: Log) -> Primed:
    """The end of the log, leg by leg."""
    found = Primed()
    legs = [leg for leg in log.legs() if leg.venue in ALL_VENUES]
    if not legs:
        return found
    head = int(log.head())
    newest = max(leg.last_known for leg in legs)
    for asset in sorted({leg.asset for leg in legs}):
        own = [leg for leg in legs if leg.asset == asset]
        for leg in own:
            if leg.field in BY_NAME:
                found.legs[leg.venue, leg.instrument, leg.field] = PrimedLeg(
                    leg.first_event,
                    leg.first_recorded_event,
                    leg.last_event,
                    floor=leg.last_event,
                    grid_floor=leg.last_event,
                )
        streamed = [
            leg
            for leg in own
            if leg.field in STREAMED and leg.last_event >= newest - STREAMED_LIVE_US
        ]
        grid = [
            leg
            for leg in own
            if leg.field in BY_NAME
            and leg.field not in STREAMED
            and leg.last_event >= newest - GRID_LIVE_US
        ]
        gaps = [leg for leg in own if leg.field.startswith("gap.")]
        facts = [leg for leg in own if leg.field == "instrument"]
        _rows(log, head, asset, streamed, STREAMED_US, STREAMED_STEP, found)
        _rows(log, head, asset, grid, GRID_US, MINUTE, found)
        _heard(log, head, asset, gaps, own, found)
        _facts(log, head, asset, facts, found)
    return found


def _table(log: Log, head: int, asset: str, legs: Iterable[Leg], since: int) -> Any:
    return log.read(asset, head, fields={leg.field for leg in legs}, event_from=since)


def _rows(
    log: Log, head: int, asset: str, legs: list[Leg], span_us: int, step: int, found: Primed
) -> None:
    if not legs:
        return
    since = min(leg.last_event for leg in legs) - span_us
    table = _table(log, head, asset, legs, since)
    index = {leg.key: (leg.first_event, leg.first_recorded_event) for leg in legs}
    for key, held in stored_legs(table, index).items():
        leg = found.legs[key[1:]]
        most = MOST_STREAMED if key[3] in STREAMED else MOST_ROWS
        leg.grid_floor = since - 1
        leg.floor = int(held.event[-most]) - 1 if len(held) > most else since - 1
        leg.rows = _pairs(held.event[-most:], held.value[-most:])
        on_grid = held.event % step == 0
        leg.grid = _pairs(held.event[on_grid], held.value[on_grid])
        good = np.flatnonzero(held.ok)
        if len(good) and key[3] in (COINS, NOTIONAL):
            last = int(good[-1])
            leg.last_ok = (
                int(held.event[last]),
                float(held.value[last]),
                float(held.cadence_s[last]),
            )


def _pairs(event: Ints, value: Floats) -> list[tuple[int, float]]:
    return list(zip(event.tolist(), value.tolist(), strict=True))


def _heard(
    log: Log, head: int, asset: str, gaps: list[Leg], legs: list[Leg], found: Primed
) -> None:
    """Per gap leg the last row that says it was heard, or the start of a gap since then."""
    for leg in legs:
        if leg.field in BY_NAME and leg.first_recorded_event is not None:
            name: LegName = (leg.venue, leg.instrument, gap_field(leg.field))
            found.heard[name] = max(found.heard.get(name, NEVER), leg.last_event)
    if not gaps:
        return
    since = max(leg.last_event for leg in gaps) - GAPS_US
    index = {leg.key: (leg.first_event, leg.first_recorded_event) for leg in gaps}
    for key, held in stored_legs(_table(log, head, asset, gaps, since), index).items():
        name = (key[1], key[2], key[3])
        start = int(held.event[-1])
        if found.heard.get(name, NEVER) <= start:
            found.heard[name] = start
        if key[3] in BAR_GAPS:
            latest = dict(zip(held.event.tolist(), held.value.tolist(), strict=True))
            found.holes[name] = {start: int(end) for start, end in latest.items() if end > start}


def _facts(log: Log, head: int, asset: str, facts: list[Leg], found: Primed) -> None:
    if not facts:
        return
    since = min(leg.last_event for leg in facts)
    table = _table(log, head, asset, facts, since)
    names = [table.column(name).to_pylist() for name in ("venue", "instrument", "text")]
    for venue, instrument, text in zip(*names, strict=True):
        if text:
            found.facts[venue, instrument] = text
