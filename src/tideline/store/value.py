"""One value with everything that stands beside it, in the shape of the interface."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from tideline.domain.time import format_time
from tideline.features.address import Address, parse_address
from tideline.features.detail import GroupDetail, group_details
from tideline.features.engine import evaluate_legs
from tideline.features.evidence import BASES
from tideline.features.groups import FULL_LIQUIDATIONS
from tideline.features.legs import LegKey
from tideline.features.reasons import REASONS
from tideline.features.signal import Signal
from tideline.log import Log
from tideline.signals import BY_ADDRESS
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
    legs = rows.legs(as_of, as_of, strict)
    moment = np.array([as_of], np.int64)
    found = evaluate_legs(legs, BY_ADDRESS, rows.instruments, moment, addresses, evidence=True)
    newest = _newest_sources(log, rows, as_of)
    made = []
    for k, address in enumerate(addresses):
        parsed = parse_address(address, BY_ADDRESS)
        signal = BY_ADDRESS[parsed.signal]
        groups = group_details(legs, signal, parsed, rows.instruments, as_of)
        made.append(
            {
                "feature": address,
                "value": _finite(found.values[0, k]),
                "unit": unit_of(parsed, signal),
                "as_of": format_time(as_of),
                "age_s": _finite(found.age_s[0, k]),
                "n": int(found.n[0, k]),
                "coverage": _finite(found.coverage[0, k]),
                "basis": BASES[found.basis[0, k]] or None,
                "revised": int(found.revised[0, k]),
                "reason": REASONS[found.reason[0, k]] or None,
                "derived": _derived(log, newest, groups, signal),
                "completeness": _completeness(signal, groups),
                "simulated": simulated,
                "legs": [_leg(group) for group in groups],
            }
        )
    return made


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


def _newest_sources(log: Log, rows: AssetRows, as_of: int) -> dict[LegKey, int]:
    """The source of each leg's newest row."""
    start = as_of - rows.back_us
    table = log.read(rows.asset, as_of, fields=rows.fields, event_from=start)
    columns = [table[name].to_pylist() for name in ("venue", "instrument", "field", "source_id")]
    return {(v, i, f): source for v, i, f, source in zip(*columns, strict=True)}


def _derived(
    log: Log, newest: dict[LegKey, int], groups: list[GroupDetail], signal: Signal
) -> list[str]:
    """What importers derived among the newest rows used, e.g. trade_close for a mark."""
    used = {(group.venue, group.instrument) for group in groups if group.used}
    ids = {
        source
        for (venue, instrument, field), source in newest.items()
        if source and (venue, instrument) in used and field in signal.fields
    }
    return sorted({log.source(source).derived for source in ids} - {""})
