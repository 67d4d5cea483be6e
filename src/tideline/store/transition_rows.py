"""Transitions as rows of the log, and back.

    venue tideline · instrument <rule>@<window> · field reading · event_time the moment judged
    value the severity (0 none .. 3 extreme) · text what changed, as JSON

What speaks of all assets stands under the asset MARKET, instrument evaluator: a ``reading`` row a
minute says up to when instants were judged, a ``gap.reading`` row which were skipped, from
event_time to ``value`` (µs, not included).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from tideline.domain.fields import MARKET, READING
from tideline.domain.time import SECOND
from tideline.domain.venue import OWN
from tideline.log import Log
from tideline.log.schema import TIMESTAMP, int_times
from tideline.readings.reading import SEVERITIES
from tideline.readings.transitions import Transition

VENUE = OWN
EVALUATOR = "evaluator"
SKIPPED = f"gap.{READING}"
CADENCE_US = 5 * SECOND
"""The grid: every multiple of five seconds."""


@dataclass(frozen=True, slots=True)
class Told:
    """A transition as it stands in the log, with the moment from which it was known."""

    transition: Transition
    known_time: int


@dataclass(frozen=True, slots=True)
class Row:
    """One row to be written."""

    asset: str
    instrument: str
    field: str
    event: int
    value: float
    text: str


def row_of(one: Transition) -> Row:
    """The row of a transition."""
    body = {
        "change": one.change,
        "name": one.name,
        "severity": one.severity,
        "was": one.was,
        "strength": one.strength,
        "because": one.because,
    }
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    value = float(SEVERITIES.index(one.severity))
    return Row(one.asset, f"{one.rule}@{one.window}", READING, one.as_of, value, text)


def skipped_row(first: int, end: int) -> Row:
    """Instants from ``first`` to before ``end`` were not judged."""
    return Row(MARKET, EVALUATOR, SKIPPED, first, float(end), "instants that were not judged")


def pulse_row(at: int) -> Row:
    """Every instant up to ``at`` was judged or is told as skipped."""
    return Row(MARKET, EVALUATOR, READING, at, 0.0, "judged up to here")


def table_of(rows: Sequence[Row]) -> pa.Table:
    """Rows as a batch for the log; known_time is left to the commit."""
    size = len(rows)
    return pa.table(
        {
            "asset": [row.asset for row in rows],
            "venue": [VENUE] * size,
            "instrument": [row.instrument for row in rows],
            "field": [row.field for row in rows],
            "event_time": pa.array([row.event for row in rows], pa.int64()).view(TIMESTAMP),
            "value": [row.value for row in rows],
            "basis": ["recorded"] * size,
            "status": ["ok"] * size,
            "cadence_s": [CADENCE_US / SECOND] * size,
            "text": [row.text for row in rows],
        }
    )


def transitions_in(log: Log, asset: str, as_of: int, start: int = 0) -> list[Told]:
    """The transitions of an asset known at as_of, judged from ``start`` on, in order."""
    table = log.read(asset, as_of, fields=[READING], event_from=start)
    event, known = (int_times(table.column(name)).tolist() for name in ("event_time", "known_time"))
    names = table.column("instrument").to_pylist()
    texts = table.column("text").to_pylist()
    order = list(zip(table.column("seq").to_pylist(), table.column("row").to_pylist(), strict=True))
    found = [
        (place, Told(_transition(asset, name, at, text), since))
        for place, name, at, since, text in zip(order, names, event, known, texts, strict=True)
        if name != EVALUATOR
    ]
    return [told for _, told in sorted(found, key=lambda item: item[0])]


def skipped_in(log: Log, as_of: int) -> list[tuple[int, int]]:
    """Stretches of instants that were not judged: (first, end), as known at as_of."""
    if MARKET not in log.assets():
        return []
    table = log.read(MARKET, as_of, fields=[SKIPPED])
    starts = int_times(table.column("event_time")).tolist()
    return [(start, int(end)) for start, end in
            zip(starts, table.column("value").to_pylist(), strict=True)]  # fmt: skip


def judged_up_to(log: Log, as_of: int) -> int | None:
    """The last instant that is known to have been judged; None if none ever was."""
    if MARKET not in log.assets():
        return None
    table = log.read(MARKET, as_of, fields=[READING])
    pulses = int_times(table.column("event_time"))
    return int(pulses.max()) if pulses.size else None


def _transition(asset: str, instrument: str, as_of: int, text: str) -> Transition:
    rule, _, window = instrument.partition("@")
    body: dict[str, Any] = json.loads(text)
    return Transition(asset, rule, window, as_of, **body)
