"""The door of the engine: rows, signals, moments and addresses in; answers out.

``evaluate`` is a pure function. It sorts the rows into legs once, groups the addresses by signal
and window (their samples are shared) and sweeps over the moments in time order, each block of
moments independent of every other.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tideline.domain.errors import BadInput
from tideline.domain.instrument import Instrument
from tideline.domain.time import DAY
from tideline.features import evidence as witness_kernels
from tideline.features import merged as merging
from tideline.features.address import Address, parse_address
from tideline.features.arrays import BLOCK, F64, I8, I64, STEP, Merged
from tideline.features.groups import Group
from tideline.features.legs import LegKey, LegSet, make_legs
from tideline.features.plan import STOCK, STOCKS, Plan, Question
from tideline.features.reasons import NO_DATA
from tideline.features.resolver import make_plan
from tideline.features.signal import Formula, Signal
from tideline.features.sweep import sweep
from tideline.features.transforms import DELTA, EWMA, MIN, PCTRANK, RATE, ZSCORE
from tideline.features.window import EWMA_TERMS, SUB_WINDOWS, TRANSFORMS

WORTH_MERGING = 8
"""Steps per look-up beyond which building the merged sum costs more than it saves."""

NO_STEPS = Merged(np.empty(0, STEP), np.empty(0, BLOCK), np.zeros(2, np.int32), 0)


@dataclass
class Answers:
    """One row per moment, one column per address, in the order asked.

    ``values`` NaN is null, ``reason`` then is a code of :data:`reasons.REASONS`. The evidence
    arrays are filled when asked for: age in seconds, n, coverage, basis (code of
    :data:`evidence.BASES`), revised.
    """

    addresses: tuple[str, ...]
    as_of: I64
    values: F64
    reason: I8
    age_s: F64 = field(default_factory=lambda: np.empty((0, 0)))
    n: I64 = field(default_factory=lambda: np.empty((0, 0), np.int64))
    coverage: F64 = field(default_factory=lambda: np.empty((0, 0)))
    basis: I8 = field(default_factory=lambda: np.empty((0, 0), np.int8))
    revised: I64 = field(default_factory=lambda: np.empty((0, 0), np.int64))


def evaluate(
    rows: pa.Table,
    signals: Mapping[str, Signal],
    instruments: Mapping[Group, Instrument],
    as_of: NDArray[np.int64],
    addresses: Sequence[str],
    *,
    strict: bool = False,
    evidence: bool = False,
    threads: int = 1,
    before: Mapping[LegKey, int] | None = None,
) -> Answers:
    """Every address at every moment, from the rows of one asset.

    Rows may come in any order and may hold more than was known at a moment: what is later than
    as_of in either time is not looked at. ``before`` says, for legs whose older rows were not
    handed in, when the earliest of those was known.

    Raises:
        BadAddress: an address outside the grammar or of an unknown signal.
        BadInput: minutes_until_funding with another transform than level.
    """
    legs = make_legs(rows, strict=strict, before=before)
    return evaluate_legs(
        legs, signals, instruments, as_of, addresses, evidence=evidence, threads=threads
    )


def evaluate_legs(
    legs: LegSet,
    signals: Mapping[str, Signal],
    instruments: Mapping[Group, Instrument],
    as_of: NDArray[np.int64],
    addresses: Sequence[str],
    *,
    evidence: bool = False,
    threads: int = 1,
) -> Answers:
    """As :func:`evaluate`, on legs made before."""
    parsed = [check_address(text, signals) for text in addresses]
    moments = np.ascontiguousarray(as_of, dtype=np.int64)
    in_order = bool(np.all(moments[1:] >= moments[:-1]))
    order = np.arange(moments.size) if in_order else np.argsort(moments, kind="stable")
    ascending = moments if in_order else moments[order]
    shape = (len(parsed), moments.size)
    answers = _empty(tuple(addresses), moments, shape, evidence)
    merged: dict[tuple[int, ...], Merged] = {}
    work = []
    for batch in _batches(parsed, signals, instruments, legs):
        plan = batch.plan
        if plan is None:
            continue
        visits = batch.lags.size + (SUB_WINDOWS if batch.code.max() >= MIN else 0)
        lookups = moments.size * visits
        steps = merged_for(plan, legs, lookups, merged)
        for part in _blocks(moments.size, threads):
            work.append((batch, plan, steps, part))

    def run(item: tuple[_Batch, Plan, Merged, slice]) -> None:
        _run(item, legs, ascending, answers, evidence)

    if threads > 1:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(run, work))
    else:
        for item in work:
            run(item)
    return _ordered(answers, None if in_order else order)


def check_address(text: str, signals: Mapping[str, Signal]) -> Address:
    """Parse an address of a known signal, refusing what the signal does not have."""
    address = parse_address(text, signals)
    if signals[address.signal].level_only and address.transform != "level":
        nearest = f"{address.signal}@{address.window}:level"
        raise BadInput("feature", text, "asks a transform of a signal that has level only", nearest)
    return address


def lookback_us(address: Address, signal: Signal) -> int:
    """How far before T rows may matter to this address, max_age and coverage included."""
    span = _span(address) + (0 if signal.kind == "stock" else address.window_us)
    if signal.formula == Formula.OI_VOLUME:
        span += DAY
    return span + CARRY_US


CARRY_US = 7 * DAY + DAY
"""Beyond the span itself: the longest default max_age and the span of coverage, and a day."""


@dataclass
class _Batch:
    """The addresses of one signal and window that one sweep answers."""

    plan: Plan | None
    rows: list[int]
    addresses: list[Address]
    lags: I64
    code: I64
    n: I64
    slot: I64
    span: int


def _span(address: Address) -> int:
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
        return _span(address) + address.window_us
    return _span(address) if address.transform != "level" else -1


def _batches(
    parsed: Sequence[Address],
    signals: Mapping[str, Signal],
    instruments: Mapping[Group, Instrument],
    legs: LegSet,
) -> list[_Batch]:
    """Addresses that share samples, together; apart where breaks make their groups differ."""
    plans: dict[tuple[str, str], Plan | None] = {}
    together: dict[tuple[str, str, int], list[int]] = {}
    for position, address in enumerate(parsed):
        key = (address.signal, address.window)
        if key not in plans:
            plans[key] = make_plan(signals[address.signal], address.window_us, legs, instruments)
        plan = plans[key]
        span = -1
        if plan is not None and plan.info[0]["has_breaks"]:
            span = break_span(address, plan)
        together.setdefault((*key, span), []).append(position)
    return [
        _batch(plans[(signal, window)], rows, [parsed[row] for row in rows], span)
        for (signal, window, span), rows in together.items()
    ]


def _batch(plan: Plan | None, rows: list[int], addresses: list[Address], span: int) -> _Batch:
    code = np.array([TRANSFORMS.index(a.transform) for a in addresses], np.int64)
    n = np.array([a.n for a in addresses], np.int64)
    deepest = 0
    lags = {0}
    for address, c in zip(addresses, code.tolist(), strict=True):
        if c in (ZSCORE, PCTRANK):
            deepest = max(deepest, address.n)
        elif c == EWMA:
            deepest = max(deepest, EWMA_TERMS - 1)
        elif c in (DELTA, RATE):
            lags.add(address.n)
    lags.update(range(deepest + 1))
    ordered = np.array(sorted(lags), np.int64)
    slot = np.searchsorted(ordered, np.where(np.isin(code, (DELTA, RATE)), n, 0))
    return _Batch(plan, rows, addresses, ordered, code, n, slot.astype(np.int64), span)


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


def _blocks(size: int, threads: int) -> list[slice]:
    """Contiguous parts of the moments, one per thread."""
    parts = max(1, min(threads, size))
    edges = [size * part // parts for part in range(parts + 1)]
    return [slice(low, high) for low, high in itertools.pairwise(edges)]


def _run(
    item: tuple[_Batch, Plan, Merged, slice],
    legs: LegSet,
    ascending: I64,
    answers: Answers,
    evidence: bool,
) -> None:
    batch, plan, steps, part = item
    moments = ascending[part]
    values = np.empty((len(batch.rows), moments.size))
    reasons = np.empty((len(batch.rows), moments.size), np.int8)
    question = Question(legs.arrays, steps, plan)
    sweep(
        question.query,
        moments,
        batch.lags,
        batch.code,
        batch.n,
        batch.slot,
        batch.span,
        values,
        reasons,
    )
    for j, row in enumerate(batch.rows):
        answers.values[row, part] = values[j]
        answers.reason[row, part] = reasons[j]
    if not evidence:
        return
    done: dict[int, int] = {}
    for row, address in zip(batch.rows, batch.addresses, strict=True):
        reach = reach_us(address, plan)
        if reach in done:
            _copy_evidence(answers, done[reach], row, part)
            continue
        done[reach] = row
        witness_kernels.witness(
            question.query,
            moments,
            batch.span,
            reach,
            *(array[row, part] for array in _evidence_arrays(answers)),
        )


def reach_us(address: Address, plan: Plan) -> int:
    """How far before T the rows lie that an answer rests on."""
    if address.transform in ("min", "max", "range"):
        return address.window_us
    return _span(address) + (0 if plan.info[0]["kind"] == STOCK else address.window_us)


def _evidence_arrays(answers: Answers) -> tuple[NDArray[Any], ...]:
    return (answers.age_s, answers.n, answers.coverage, answers.basis, answers.revised)


def _copy_evidence(answers: Answers, source: int, row: int, part: slice) -> None:
    for array in _evidence_arrays(answers):
        array[row, part] = array[source, part]


def _empty(
    addresses: tuple[str, ...], as_of: I64, shape: tuple[int, int], evidence: bool
) -> Answers:
    answers = Answers(addresses, as_of, np.full(shape, np.nan), np.full(shape, NO_DATA, np.int8))
    if evidence:
        answers.age_s = np.full(shape, np.nan)
        answers.n = np.zeros(shape, np.int64)
        answers.coverage = np.full(shape, np.nan)
        answers.basis = np.zeros(shape, np.int8)
        answers.revised = np.zeros(shape, np.int64)
    return answers


def _ordered(answers: Answers, order: NDArray[np.int64] | None) -> Answers:
    """Rows = moments in the order asked, columns = addresses."""

    def turn(array: NDArray[Any]) -> NDArray[Any]:
        if array.size == 0 and array.shape[0] == 0:
            return array
        if order is None:
            return array.T
        back = np.empty(array.T.shape, array.dtype)
        back[order] = array.T
        return back

    answers.values, answers.reason = turn(answers.values), turn(answers.reason)
    if answers.age_s.size:
        answers.age_s, answers.n = turn(answers.age_s), turn(answers.n)
        answers.coverage, answers.basis = turn(answers.coverage), turn(answers.basis)
        answers.revised = turn(answers.revised)
    return answers
