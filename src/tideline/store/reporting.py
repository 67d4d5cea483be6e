"""Fills the position report: R1 on two windows, funding and its past, R8, the last hours."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from tideline.domain.time import DAY, HOUR
from tideline.readings.asking import readings_of
from tideline.readings.bands import fixed_band
from tideline.readings.catalogue import PRICE_OI, RULES
from tideline.readings.given import Given, Numbers, Path, Wants
from tideline.readings.margin_tiers import MarginTiers, shipped
from tideline.readings.parameters import Parameters
from tideline.readings.position import Position
from tideline.readings.position_report import (
    CHART_HOURS,
    FAST,
    SLOW,
    PositionReport,
    ReportInputs,
    position_report,
)
from tideline.readings.profiles import DEFAULT, Profile
from tideline.readings.reading import Reading
from tideline.store.analogues import AnalogueTables
from tideline.store.filling import Filler, wants_of
from tideline.store.knowledge import read_knowledge
from tideline.store.rows import AssetRows

MARK, OI, FUNDING = "price.mark", "positioning.oi_usdtm_coin", "funding.funding_avg"
BACK = int(4 * HOUR // HOUR)
"""Hours back to the open interest at the start of :data:`SLOW`."""


def report(
    tables: AnalogueTables,
    asset: str,
    as_of: int,
    position: Position,
    tiers: MarginTiers | None = None,
    profile: Profile = DEFAULT,
) -> PositionReport:
    """R9 of one position at T. ``tiers`` None: the ones shipped for Binance.

    Raises:
        BadInput: leverage or size above what the tiers allow.
    """
    log, parameters = tables.log, profile.parameters
    wants = wants_of(RULES, (SLOW, FAST), parameters) + _wants(parameters)
    reaches = [(path.signal, path.deepest_us(parameters)) for path in wants.paths]
    rows = AssetRows(log, asset, wants.at, reaches)
    legs = rows.legs(as_of, as_of)
    knowledge = read_knowledge(log, asset, as_of, lived=rows.lived(as_of))
    filler = Filler(asset, legs, rows.instruments, knowledge, wants.at, parameters)
    every = readings_of(partial(filler.given, as_of), SLOW, RULES, profile)
    fast = readings_of(partial(filler.given, as_of), FAST, (PRICE_OI,), profile)[0]
    slow = _entry(every, PRICE_OI.key)
    assert slow is not None
    given = filler.given(as_of, SLOW)
    mark, held, funding = _paths(parameters)
    hours = given.path(held)
    made = position_report(
        ReportInputs(
            asset=asset,
            as_of=as_of,
            position=position,
            slow=slow,
            fast=fast,
            mark=given.source.value(f"{MARK}@{SLOW}"),
            oi=given.source.value(f"{OI}@{SLOW}"),
            oi_then=_number(hours, BACK),
            oi_band=_band(slow, parameters),
            funding=given.source.value(f"{FUNDING}@{SLOW}"),
            funding_rank=given.source.value(_rank(parameters)),
            funding_history=_listed(given.path(funding)),
            tiers=tiers or shipped(asset, as_of),
            analogues=tables.find(asset, as_of, SLOW, parameters),
            breadth=_entry(every, "R5"),
            persistence=_entry(every, "R6"),
            path_mark=_listed(_oldest_first(given, mark)),
            path_oi=_listed(_oldest_first(given, held)),
            others=tuple(reading for reading in every if reading is not slow),
        ),
        parameters,
    )
    return replace(made, profile=profile.name, differs=profile.differs)


def _wants(parameters: Parameters) -> Wants:
    at = (f"{MARK}@{SLOW}", f"{OI}@{SLOW}", f"{FUNDING}@{SLOW}", _rank(parameters))
    return Wants(at, _paths(parameters))


def _rank(parameters: Parameters) -> str:
    return f"{FUNDING}@{SLOW}:pctrank[{int(parameters.funding_windows)}]"


def _paths(parameters: Parameters) -> tuple[Path, Path, Path]:
    """Mark and OI of the last hours; funding as far as its dear rate looks back."""
    hours = int(parameters.funding_bad_days * DAY // HOUR)
    return (
        Path(MARK, "1h", count=CHART_HOURS + 1),
        Path(OI, "1h", count=CHART_HOURS + 1),
        Path(FUNDING, "1h", count=hours, start_us=HOUR),
    )


def _entry(readings: list[Reading], key: str) -> Reading | None:
    """The reading of one rule, or the first of a reading's rules."""
    found = (one for one in readings if one.entry == key or one.entry.startswith(f"{key}."))
    return next(found, None)


def _band(slow: Reading, parameters: Parameters) -> float:
    """The band of ΔQ that R1 used; the fixed one where it could not tell."""
    held = [item.threshold for item in slow.evidence if item.address.startswith(OI)]
    if slow.told and held and held[0] is not None:
        return held[0]
    return fixed_band("oi", SLOW, parameters).enter


def _oldest_first(given: Given, path: Path) -> Numbers:
    return given.path(path)[::-1]


def _number(values: Numbers, place: int) -> float | None:
    known = place < values.size and np.isfinite(values[place])
    return float(values[place]) if known else None


def _listed(values: Numbers) -> list[float | None]:
    return [float(x) if np.isfinite(x) else None for x in values]
