"""The engine as the harness sees it: rows to a canonical table, answers back to plain values."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from tests.properties.agreement import Engine, Given
from tests.properties.histories import POOL
from tests.reference.groups import facts_of
from tests.reference.model import Group, Row
from tideline.domain.instrument import Instrument
from tideline.domain.observation import COLUMNS
from tideline.features.engine import evaluate
from tideline.features.evidence import BASES
from tideline.features.reasons import REASONS
from tideline.signals import BY_ADDRESS

TIME = pa.timestamp("us", tz="UTC")


def instrument(group: Group) -> Instrument:
    facts = facts_of(group)
    return Instrument(group[0], group[1], "BTC", "USD", facts.settle, facts.kind, facts.linear)


INSTRUMENTS = {group: instrument(group) for group in (*POOL, ("reference", "BTC"))}


def table_of(rows: Sequence[Row], order: Sequence[int] | None = None) -> pa.Table:
    """The canonical table; seq and row carry the log's order whatever order the rows lie in."""
    places = range(len(rows)) if order is None else order
    laid = [rows[i] for i in places]
    columns = {
        "asset": pa.array(["BTC"] * len(laid), pa.string()),
        "venue": pa.array([r.venue for r in laid], pa.string()),
        "instrument": pa.array([r.instrument for r in laid], pa.string()),
        "field": pa.array([r.field for r in laid], pa.string()),
        "event_time": pa.array([r.event_time for r in laid], pa.int64()).cast(TIME),
        "known_time": pa.array([r.known_time for r in laid], pa.int64()).cast(TIME),
        "value": pa.array([r.value for r in laid], pa.float64()),
        "basis": pa.array([r.basis for r in laid], pa.string()),
        "status": pa.array([r.status for r in laid], pa.string()),
        "cadence_s": pa.array([r.cadence_s for r in laid], pa.float64()),
        "source_id": pa.array([0] * len(laid), pa.int64()),
        "text": pa.array([None] * len(laid), pa.string()),
        "seq": pa.array([i // 7 for i in places], pa.int64()),
        "row": pa.array([i % 7 for i in places], pa.int32()),
    }
    return pa.table({name: columns[name] for name in COLUMNS})


def ask(
    table: pa.Table,
    moments: Sequence[int],
    addresses: Sequence[str],
    *,
    strict: bool = False,
    evidence: bool = True,
    threads: int = 1,
    instruments: dict[Group, Instrument] | None = None,
):
    return evaluate(
        table,
        BY_ADDRESS,
        INSTRUMENTS if instruments is None else instruments,
        np.array(moments, np.int64),
        list(addresses),
        strict=strict,
        evidence=evidence,
        threads=threads,
    )


def number(x: float) -> float | None:
    return None if math.isnan(x) else float(x)


def given_at(a, i: int, j: int) -> Given:
    """The answer of moment i at address j."""
    return Given(
        number(a.values[i, j]),
        REASONS[a.reason[i, j]],
        number(a.age_s[i, j]),
        int(a.n[i, j]),
        number(a.coverage[i, j]),
        BASES[a.basis[i, j]],
        int(a.revised[i, j]),
    )


def the_engine(threads: int = 1) -> Engine:
    def answer(rows, moments, addresses, strict):
        a = ask(table_of(rows), moments, addresses, strict=strict, threads=threads)
        return [[given_at(a, i, j) for j in range(len(addresses))] for i in range(len(moments))]

    return answer


def bits(answers) -> tuple[bytes, ...]:
    """Everything in an answer, to the last bit."""
    parts = (answers.values, answers.reason, answers.age_s, answers.n)
    more = (answers.coverage, answers.basis, answers.revised)
    return tuple(np.ascontiguousarray(part).tobytes() for part in (*parts, *more))
