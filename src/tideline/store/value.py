"""One value with everything that stands beside it, in the shape of the interface."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tideline.domain.time import format_time
from tideline.features.address import Address, parse_address
from tideline.features.detail import GroupDetail, group_details
from tideline.features.engine import evaluate_legs
from tideline.features.evidence import BASES
from tideline.features.groups import FULL_LIQUIDATIONS
from tideline.features.reasons import REASONS
from tideline.features.signal import Signal
from tideline.log import Log
from tideline.signals import BY_ADDRESS
from tideline.store.rows import AssetRows

DIMENSIONLESS = ("rate", "zscore", "pctrank")


def value_of(log: Log, asset: str, address: str, as_of: int, *, strict: bool = False) -> Any:
    """The answer as a dictionary: value, evidence and the groups behind it."""
    rows = AssetRows(log, asset, [address])
    legs = rows.legs(as_of, as_of, strict)
    moment = np.array([as_of], np.int64)
    found = evaluate_legs(legs, BY_ADDRESS, rows.instruments, moment, [address], evidence=True)
    parsed = parse_address(address, BY_ADDRESS)
    signal = BY_ADDRESS[parsed.signal]
    groups = group_details(legs, signal, parsed, rows.instruments, as_of)
    return {
        "feature": address,
        "value": _finite(found.values[0, 0]),
        "unit": unit_of(parsed, signal),
        "as_of": format_time(as_of),
        "age_s": _finite(found.age_s[0, 0]),
        "n": int(found.n[0, 0]),
        "coverage": _finite(found.coverage[0, 0]),
        "basis": BASES[found.basis[0, 0]] or None,
        "revised": int(found.revised[0, 0]),
        "reason": REASONS[found.reason[0, 0]] or None,
        "derived": _derived(log, rows, groups, signal, as_of),
        "completeness": _completeness(signal, groups),
        "simulated": any(source.kind == "simulated" for source in log.sources()),
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


def _derived(
    log: Log, rows: AssetRows, groups: list[GroupDetail], signal: Signal, as_of: int
) -> list[str]:
    """What importers derived among the newest rows used, e.g. trade_close for a mark."""
    used = {(group.venue, group.instrument) for group in groups if group.used}
    if not used:
        return []
    table = log.read(
        rows.asset, as_of, fields=frozenset(signal.fields), event_from=as_of - rows.back_us
    )
    columns = [table[name].to_pylist() for name in ("venue", "instrument", "field", "source_id")]
    newest = {(v, i, f): source for v, i, f, source in zip(*columns, strict=True) if (v, i) in used}
    ids = {source for source in newest.values() if source}
    return sorted({log.source(source).derived for source in ids} - {""})
