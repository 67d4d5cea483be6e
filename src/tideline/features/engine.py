"""The door of the engine: rows, signals, moments and addresses in; answers out.

``evaluate`` is a pure function. It sorts the rows into legs once, groups the addresses by signal
and window (their samples are shared) and sweeps over the moments in time order, each block of
moments independent of every other.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tideline.domain.errors import BadInput
from tideline.domain.instrument import Instrument
from tideline.domain.time import DAY
from tideline.features.address import Address, parse_address
from tideline.features.answers import Answers, empty_answers, evidence_arrays, turned
from tideline.features.arrays import I64
from tideline.features.batches import NO_STEPS, Batch, make_batches, reach_us, span_us
from tideline.features.groups import Group
from tideline.features.legs import LegKey, LegSet, make_legs
from tideline.features.plan import Question
from tideline.features.signal import Formula, Signal
from tideline.features.swept import sweep_batch, witnessed


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
    moments = np.require(as_of, np.int64, ["C", "W"])
    in_order = bool(np.all(moments[1:] >= moments[:-1]))
    order = np.arange(moments.size) if in_order else np.argsort(moments, kind="stable")
    ascending = moments if in_order else moments[order]
    shape = (len(parsed), moments.size)
    answers = empty_answers(tuple(addresses), moments, shape, evidence)
    batches = make_batches(parsed, signals, instruments, legs, moments.size)
    work = [(batch, part) for batch in batches for part in _blocks(moments.size, threads)]

    def run(item: tuple[Batch, slice]) -> None:
        _run(*item, legs, ascending, answers, evidence)

    if threads > 1:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(run, work))
    else:
        for item in work:
            run(item)
    return turned(answers, None if in_order else order)


def check_address(text: str, signals: Mapping[str, Signal]) -> Address:
    """Parse an address of a known signal, refusing what the signal does not have."""
    address = parse_address(text, signals)
    if signals[address.signal].level_only and address.transform != "level":
        nearest = f"{address.signal}@{address.window}:level"
        raise BadInput("feature", text, "asks a transform of a signal that has level only", nearest)
    return address


def lookback_us(address: Address, signal: Signal) -> int:
    """How far before T rows may matter to this address, max_age and coverage included."""
    span = span_us(address) + (0 if signal.kind == "stock" else address.window_us)
    if signal.formula == Formula.OI_VOLUME:
        span += DAY
    return span + CARRY_US


CARRY_US = 7 * DAY + DAY
"""Beyond the span itself: the longest default max_age and the span of coverage, and a day."""


def _blocks(size: int, threads: int) -> list[slice]:
    """Contiguous parts of the moments, one per thread."""
    parts = max(1, min(threads, size))
    edges = [size * part // parts for part in range(parts + 1)]
    return [slice(low, high) for low, high in itertools.pairwise(edges)]


def _run(
    batch: Batch,
    part: slice,
    legs: LegSet,
    ascending: I64,
    answers: Answers,
    evidence: bool,
) -> None:
    moments = ascending[part]
    values = np.empty((len(batch.places), moments.size))
    reasons = np.empty((len(batch.places), moments.size), np.int8)
    question = Question(legs.arrays, batch.merged, batch.plan)
    sweep_batch(batch, question, moments, values, reasons)
    for j, place in enumerate(batch.places):
        answers.values[place, part] = values[j]
        answers.reason[place, part] = reasons[j]
    if evidence:
        _gather_evidence(batch, part, legs, moments, answers)


def _gather_evidence(
    batch: Batch, part: slice, legs: LegSet, moments: I64, answers: Answers
) -> None:
    """Evidence of every address; those that rest on the same rows share it."""
    done: dict[tuple[str, int], int] = {}
    for place, address in zip(batch.places, batch.addresses, strict=True):
        plan = batch.plans[address.window]
        key = (address.window, reach_us(address, plan))
        if key in done:
            for array in evidence_arrays(answers):
                array[place, part] = array[done[key], part]
            continue
        done[key] = place
        question = Question(legs.arrays, NO_STEPS, plan)
        found = witnessed(question, moments, batch.span, key[1])
        for array, told in zip(evidence_arrays(answers), found, strict=True):
            array[place, part] = told
