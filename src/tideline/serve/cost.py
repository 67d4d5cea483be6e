"""What a question will cost, estimated before any work: rows × features × look-back.

    cost = reading       rows the question looks back to, and a little for each asset
         + sampling      moments × Σ over features of (samples × look-ups per sample)
         + telling       moments × features × groups behind a value, with evidence in JSON

One unit is about a microsecond of one core (measured by benchmarks/serve/historical.py). The
estimate reads the index of legs alone, never a row.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from tideline.domain.fields import BY_NAME
from tideline.domain.time import HOUR
from tideline.features.address import Address, parse_address
from tideline.features.engine import lookback_us
from tideline.features.resolver import signal_fields
from tideline.features.signal import Formula, Signal
from tideline.features.window import EWMA_TERMS, SUB_WINDOWS
from tideline.log import Leg, Log
from tideline.serve.refusals import TooExpensive
from tideline.settings import Plan
from tideline.signals import BY_ADDRESS

ASSET = 8_000.0
"""Opening an asset: files found, checked and sorted into legs."""
ROW_READ = 0.8
"""Of time a third of it; the rest stands for memory: 2 million units hold about 256 MiB."""
LIVE = 300.0
"""One live value with its legs, worked out."""
SAMPLE = 0.12
"""One sample of a stock; per group."""
ROW_SUMMED = 0.0022
"""One bar or event inside a window, summed."""
EDGES = 61
WITNESS = 1.0
ROW_COUNTED = 0.018
"""One row inside the window, counted for the evidence."""
TOLD = 90.0
"""One value with its legs as JSON."""
NUMBER = 0.4
"""One bare number as JSON."""
CHANGES = (Formula.RETURN, Formula.REALISED_VOL)
SHORTEST = HOUR
"""Rows of a leg younger than this are spread over it: one row alone has no density."""


class Ask(NamedTuple):
    """One asset's part of a question: how many moments, from when to when (µs)."""

    asset: str
    moments: int
    first: int
    last: int


class Cost(NamedTuple):
    """Parts of the estimate, in units."""

    reading: float
    sampling: float
    telling: float

    @property
    def total(self) -> int:
        return round(self.reading + self.sampling + self.telling)

    def __str__(self) -> str:
        return (
            f"{self.reading:,.0f} to read, {self.sampling:,.0f} to sample, "
            f"{self.telling:,.0f} to tell"
        )


def cost_of(
    log: Log, asks: Iterable[Ask], addresses: Sequence[str], *, columns: bool, told: bool
) -> Cost:
    """The estimate. ``columns``: age, n … beside every number; ``told``: the legs as well."""
    parsed = [parse_address(text, BY_ADDRESS) for text in addresses]
    reading, sampling, telling = 0.0, 0.0, 0.0
    for ask in asks:
        legs = log.legs(ask.asset)
        reading += ASSET + ROW_READ * _rows_read(legs, parsed, ask)
        weights = _densities(legs)
        for address in parsed:
            signal = BY_ADDRESS[address.signal]
            sampling += ask.moments * _sampling(signal, address, weights)
            if columns or told:
                sampling += ask.moments * _counting(signal, address, weights)
        telling += ask.moments * len(parsed) * (TOLD if told else NUMBER)
    return Cost(reading, sampling, telling)


def check_cost(plan: Plan, cost: Cost) -> None:
    """Let it pass, or refuse it with its cost.

    Raises:
        TooExpensive: above the plan's limit.
    """
    if cost.total > plan.cost_limit:
        raise TooExpensive(cost.total, plan.cost_limit, str(cost))


def _rows_read(legs: Sequence[Leg], parsed: Sequence[Address], ask: Ask) -> float:
    """About how many rows lie between the first look-back and the last moment."""
    fields = {name for a in parsed for name in signal_fields(BY_ADDRESS[a.signal])}
    back = max((lookback_us(a, BY_ADDRESS[a.signal]) for a in parsed), default=0)
    start, total = ask.first - back, 0.0
    for leg in legs:
        if leg.field in fields:
            length = max(leg.last_event - leg.first_event, 1)
            shared = min(ask.last, leg.last_event) - max(start, leg.first_event)
            total += leg.rows * max(0.0, min(1.0, shared / length))
    return total


class _Density(NamedTuple):
    """All legs of one field: how many, and rows a microsecond of them together."""

    legs: int
    per_us: float


def _densities(legs: Sequence[Leg]) -> dict[str, _Density]:
    found: dict[str, _Density] = {}
    for leg in legs:
        old = found.get(leg.field, _Density(0, 0.0))
        each = leg.rows / max(leg.last_event - leg.first_event, SHORTEST)
        found[leg.field] = _Density(old.legs + 1, old.per_us + each)
    return found


def _sampling(signal: Signal, address: Address, weights: Mapping[str, _Density]) -> float:
    """Units of one moment of one address."""
    groups = max((weights[f].legs for f in signal.fields if f in weights), default=0)
    within = _within(signal, address, weights)
    flow = signal.kind == "flow" or signal.formula == Formula.LIQUIDATED_SHARE
    edges = EDGES if signal.formula == Formula.REALISED_VOL else 1
    sample = SAMPLE * max(groups, 1) * edges + (ROW_SUMMED * within if flow else 0.0)
    if address.transform in ("min", "max", "range"):
        return SUB_WINDOWS * SAMPLE * max(groups, 1) * edges + ROW_SUMMED * within
    if address.transform in ("zscore", "pctrank"):
        return sample * (address.n + 1)
    if address.transform == "ewma":
        return sample * EWMA_TERMS
    return sample * (1 if address.transform == "level" else 2)


def _counting(signal: Signal, address: Address, weights: Mapping[str, _Density]) -> float:
    return WITNESS + ROW_COUNTED * _within(signal, address, weights)


def _within(signal: Signal, address: Address, weights: Mapping[str, _Density]) -> float:
    """Rows of the signal's fields inside one window."""
    per_us = sum(
        weights[name].per_us for name in signal.fields if name in weights and name in BY_NAME
    )
    return per_us * address.window_us
