"""One value with everything that stands beside it, in the shape of the interface."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tideline.domain.instrument import Instrument
from tideline.domain.time import format_time
from tideline.features.address import Address, parse_address
from tideline.features.answers import Answers
from tideline.features.detail import GroupDetail, GroupDetails
from tideline.features.engine import evaluate_legs, lookback_us
from tideline.features.evidence import BASES
from tideline.features.groups import FULL_LIQUIDATIONS, Group
from tideline.features.legs import LegSet
from tideline.features.reasons import REASONS
from tideline.features.signal import Signal
from tideline.log import Log
from tideline.signals import BY_ADDRESS
from tideline.store.origins import Origins
from tideline.store.rows import AssetRows

DIMENSIONLESS = ("rate", "zscore", "pctrank")


def values_of(
    log: Log,
    asset: str,
    addresses: Sequence[str],
    as_of: int,
    *,
    strict: bool = False,
    simulated: bool = False,
) -> list[dict[str, Any]]:
    """The answers as dictionaries: value, evidence and the groups behind it, from one reading.

    ``simulated`` is said of every answer: it is a property of the store.
    """
    rows = AssetRows(log, asset, addresses)
    table = rows.table(as_of, as_of, strict)
    origins = Origins(log)
    origins.add(table)
    legs = rows.legs_of(table, as_of, strict)
    moments = np.array([as_of], np.int64)
    found = evaluate_legs(legs, BY_ADDRESS, rows.instruments, moments, addresses, evidence=True)
    told = Telling(legs, rows.instruments, origins, addresses, simulated)
    return told.at(found, 0)


class Telling:
    """Turns answers into dictionaries: everything but the numbers is worked out once."""

    def __init__(
        self,
        legs: LegSet,
        instruments: Mapping[Group, Instrument],
        origins: Origins,
        addresses: Sequence[str],
        simulated: bool,
    ) -> None:
        self._origins, self._simulated = origins, simulated
        self._columns = []
        for text in addresses:
            address = parse_address(text, BY_ADDRESS)
            signal = BY_ADDRESS[address.signal]
            details = GroupDetails(legs, signal, address, instruments)
            back_us = lookback_us(address, signal)
            self._columns.append((text, signal, unit_of(address, signal), details, back_us))

    def at(self, found: Answers, row: int) -> list[dict[str, Any]]:
        """The values of one moment of ``found``, one for each address."""
        as_of = int(found.as_of[row])
        return [
            self._value(found, row, k, as_of, *column) for k, column in enumerate(self._columns)
        ]

    def _value(
        self,
        found: Answers,
        row: int,
        k: int,
        as_of: int,
        text: str,
        signal: Signal,
        unit: str,
        details: GroupDetails,
        back_us: int,
    ) -> dict[str, Any]:
        groups = details.at(as_of)
        used = [(group.venue, group.instrument) for group in groups if group.used]
        since = as_of - back_us
        return {
            "feature": text,
            "value": _finite(found.values[row, k]),
            "unit": unit,
            "as_of": format_time(as_of),
            "age_s": _finite(found.age_s[row, k]),
            "n": int(found.n[row, k]),
            "coverage": _finite(found.coverage[row, k]),
            "basis": BASES[found.basis[row, k]] or None,
            "revised": int(found.revised[row, k]),
            "reason": REASONS[found.reason[row, k]] or None,
            "derived": self._origins.derived(used, signal.fields, as_of, since),
            "completeness": _completeness(signal, groups),
            "simulated": self._simulated,
            "legs": [_leg(group) for group in groups],
        }


def unit_of(address: Address, signal: Signal) -> str:
    """The unit of an address's number."""
    return "1" if address.transform in DIMENSIONLESS else signal.unit


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _leg(group: GroupDetail) -> dict[str, Any]:
    return {
        "venue": group.venue,
        "instrument": group.instrument,
        "age_s": _finite(group.age_s),
        "used": group.used,
        "value": _finite(group.value),
        "previous": _finite(group.previous),
    }


def _completeness(signal: Signal, groups: list[GroupDetail]) -> str | None:
    """full, sampled or mixed for what is summed from liquidation feeds."""
    if signal.category != "liquidations":
        return None
    full = {group.venue in FULL_LIQUIDATIONS for group in groups if group.used}
    if not full:
        return None
    return "mixed" if len(full) == 2 else "full" if True in full else "sampled"
