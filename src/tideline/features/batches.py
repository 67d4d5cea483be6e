"""Which addresses share one sweep: same signal, same groups, samples in common."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tideline.domain.instrument import Instrument
from tideline.features import merged as merging
from tideline.features.address import Address
from tideline.features.arrays import BLOCK, I64, STEP, Merged
from tideline.features.groups import Group
from tideline.features.legs import LegSet
from tideline.features.plan import STOCK, STOCKS, Plan
from tideline.features.resolver import make_plan
from tideline.features.signal import Formula, Signal
from tideline.features.transforms import DELTA, EWMA, MIN, PCTRANK, RATE, ZSCORE
from tideline.features.window import EWMA_TERMS, SUB_WINDOWS, TRANSFORMS

WORTH_MERGING = 8
"""Steps per look-up beyond which building the merged sum costs more than it saves."""

NEVER_MERGED = 0
"""Moments that a merged sum would serve: one is not worth it, and it would not grow along."""

NO_STEPS = Merged(np.empty(0, STEP), np.empty(0, BLOCK), np.zeros(2, np.int32), 0)


@dataclass
class Batch:
    """Addresses that one sweep answers, each with its place among the answers.

    ``back`` are sample distances in µs; transform j finds x(T) at ``first[j]``, its baseline in
    the rows after that and its own lag at ``slot[j]``. ``sums``: the fast sweep may answer.
    """

    places: list[int]
    addresses: list[Address]
    plans: dict[str, Plan]
    merged: Merged
    back: I64
    code: I64
    n: I64
    first: I64
    slot: I64
    span: int
    sums: bool

    @property
    def plan(self) -> Plan:
        """Any of the plans: they differ in the window alone."""
        return next(iter(self.plans.values()))


def span_us(address: Address) -> int:
    """The span of the transform: how far its oldest sample lies before T."""
    w = address.window_us
    if address.transform == "level":
        return 0
    if address.transform == "ewma":
        return (EWMA_TERMS - 1) * w
    return address.n * w if address.n else w


def break_span(address: Address, plan: Plan) -> int:
    """How far before T a break leaves its group out; -1 where it does not."""
    if plan.info[0]["kind"] != STOCK:
        return span_us(address) + address.window_us
    return span_us(address) if address.transform != "level" else -1


def reach_us(address: Address, plan: Plan) -> int:
    """How far before T the rows lie that an answer rests on."""
    if address.transform in ("min", "max", "range"):
        return address.window_us
    return span_us(address) + (0 if plan.info[0]["kind"] == STOCK else address.window_us)


def make_batches(
    parsed: Sequence[Address],
    signals: Mapping[str, Signal],
    instruments: Mapping[Group, Instrument],
    legs: LegSet,
    moments: int,
) -> list[Batch]:
    """Addresses that share samples, together; apart where breaks make their groups differ."""
    plans: dict[tuple[str, str], Plan | None] = {}
    together: dict[tuple[str, str, int], list[int]] = {}
    for place, address in enumerate(parsed):
        key = (address.signal, address.window)
        if key not in plans:
            plans[key] = make_plan(signals[address.signal], address.window_us, legs, instruments)
        plan = plans[key]
        if plan is None:
            continue
        span = break_span(address, plan) if plan.info[0]["has_breaks"] else -1
        summed = signals[address.signal].formula == Formula.SUM
        inside = TRANSFORMS.index(address.transform) >= MIN
        window = "" if summed and not inside else address.window
        together.setdefault((address.signal, window, span), []).append(place)
    made: list[Batch] = []
    merged: dict[tuple[int, ...], Merged] = {}
    for (signal, window, span), places in together.items():
        mine = {w: p for (s, w), p in plans.items() if s == signal and p is not None}
        chosen = [parsed[place] for place in places]
        if window:
            made.append(_one_window(places, chosen, mine, span, legs, moments, merged))
            continue
        batch = _all_windows(places, chosen, mine, span, legs, moments, merged)
        if batch.sums:
            made.append(batch)
            continue
        for name in dict.fromkeys(address.window for address in chosen):
            own = [place for place in places if parsed[place].window == name]
            part = [parsed[place] for place in own]
            made.append(_one_window(own, part, mine, span, legs, moments, merged))
    return made


def _one_window(
    places: list[int],
    addresses: list[Address],
    plans: dict[str, Plan],
    span: int,
    legs: LegSet,
    moments: int,
    merged: dict[tuple[int, ...], Merged],
) -> Batch:
    """Addresses of one window: their lags run from 0 as far as any baseline reaches."""
    name, code, n = addresses[0].window, _codes(addresses), _ns(addresses)
    lags = np.array(sorted(_lags(addresses)), np.int64)
    slot = np.searchsorted(lags, np.where(np.isin(code, (DELTA, RATE)), n, 0)).astype(np.int64)
    plan = plans[name]
    visits = lags.size
    if code.max() >= MIN:
        visits += SUB_WINDOWS + _rows_within(plan, legs, addresses[0].window_us)
    steps = merged_for(plan, legs, moments * visits, merged)
    first = np.zeros(code.size, np.int64)
    back = lags * addresses[0].window_us
    return Batch(
        places, addresses, {name: plan}, steps, back, code, n, first, slot, span, sums=False
    )


def _all_windows(
    places: list[int],
    addresses: list[Address],
    plans: dict[str, Plan],
    span: int,
    legs: LegSet,
    moments: int,
    merged: dict[tuple[int, ...], Merged],
) -> Batch:
    """Addresses of every window of a sum: each window's lags stand in a row of their own."""
    code, n = _codes(addresses), _ns(addresses)
    first, slot = np.zeros(code.size, np.int64), np.zeros(code.size, np.int64)
    back: list[int] = []
    for name in dict.fromkeys(address.window for address in addresses):
        mine = [j for j, address in enumerate(addresses) if address.window == name]
        lags = sorted(_lags([addresses[j] for j in mine]))
        for j in mine:
            first[j] = len(back)
            own = int(n[j]) if code[j] in (DELTA, RATE) else 0
            slot[j] = len(back) + lags.index(own)
        back.extend(lag * addresses[mine[0]].window_us for lag in lags)
    chosen = {address.window: plans[address.window] for address in addresses}
    steps = merged_for(next(iter(chosen.values())), legs, moments * len(back), merged)
    return Batch(
        *(places, addresses, chosen, steps, np.array(back, np.int64)),
        *(code, n, first, slot, span),
        sums=steps.step.size > 0,
    )


def _codes(addresses: Iterable[Address]) -> I64:
    return np.array([TRANSFORMS.index(address.transform) for address in addresses], np.int64)


def _ns(addresses: Iterable[Address]) -> I64:
    return np.array([address.n for address in addresses], np.int64)


def _lags(addresses: Iterable[Address]) -> set[int]:
    """Sample lags in windows: contiguous from 0 as far as a baseline reaches, others beside."""
    deepest, lags = 0, {0}
    for address in addresses:
        code = TRANSFORMS.index(address.transform)
        if code in (ZSCORE, PCTRANK):
            deepest = max(deepest, address.n)
        elif code == EWMA:
            deepest = max(deepest, EWMA_TERMS - 1)
        elif code in (DELTA, RATE):
            lags.add(address.n)
    return lags | set(range(deepest + 1))


def _rows_within(plan: Plan, legs: LegSet, window_us: int) -> int:
    """About how many rows of the first stock field lie in one window."""
    total = 0.0
    for l in plan.role[:, STOCKS].tolist():
        leg = legs.arrays.leg[l]
        if l >= 0 and leg["high"] > leg["low"]:
            entries = legs.arrays.entry
            span = int(entries[leg["high"] - 1]["event"]) - int(entries[leg["low"]]["event"])
            rows = int(leg["high"]) - int(leg["low"])
            total += rows * min(1.0, window_us / max(span, 1))
    return int(total)


def merged_for(
    plan: Plan, legs: LegSet, lookups: int, made: dict[tuple[int, ...], Merged]
) -> Merged:
    """The merged sum of the plan's first stock field where it pays, else the empty one."""
    if plan.info[0]["formula"] not in (int(Formula.SUM), int(Formula.LOG_CHANGE)):
        return NO_STEPS
    which = plan.role[:, STOCKS].astype(np.int64)
    key = tuple(which.tolist())
    if key in made:
        return made[key]
    if min(key) < 0:
        return NO_STEPS
    chosen = legs.arrays.leg[which]
    entries = int((chosen["high"] - chosen["low"]).sum())
    if entries == 0 or entries > WORTH_MERGING * lookups:
        return NO_STEPS
    step = np.empty(2 * entries, STEP)
    step = step[: merging.merge_sum(legs.arrays, which, step)]
    bucket = np.empty(merging.bucket_room(step.size), np.int32)
    shift = int(merging.merged_buckets(step, bucket))
    block = np.empty(-(-step.size // merging.STEPS_PER_BLOCK), BLOCK)
    merging.merged_blocks(step, block)
    made[key] = Merged(step, block, bucket, shift)
    return made[key]
