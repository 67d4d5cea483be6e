"""Suspects as they stand: listed, and released or confirmed by hand with rows of their own."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute as pc

from tideline.domain.errors import BadInput
from tideline.domain.fields import BY_NAME
from tideline.domain.time import format_time, parse_time
from tideline.log import Commit, Log

State = Literal["waiting", "released", "replaced", "confirmed"]
Row = tuple[str, float, str | None]
"""field, value, text"""


@dataclass(frozen=True, slots=True)
class Suspect:
    """One suspect row and what became of it.

    ``waiting``: out of features; ``released``: a later ok row has its value; ``replaced``: a later
    ok row has another value; ``confirmed``: looked at by hand, and wrong.
    """

    asset: str
    venue: str
    instrument: str
    field: str
    event_time: int
    known_time: int
    value: float
    before: float | None
    basis: str
    cadence_s: float
    state: State

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON data; a value that is no number as text."""
        value = self.value if math.isfinite(self.value) else str(self.value)
        return {
            "asset": self.asset,
            "venue": self.venue,
            "instrument": self.instrument,
            "field": self.field,
            "event_time": format_time(self.event_time),
            "known_time": format_time(self.known_time),
            "value": value,
            "before": self.before,
            "basis": self.basis,
            "state": self.state,
        }


def suspects(
    log: Log, as_of: object = None, *, asset: str | None = None, waiting_only: bool = False
) -> list[Suspect]:
    """Every suspect known at ``as_of`` (default: the head), in leg and event order."""
    moment = log.head() if as_of is None else log.check_as_of(as_of)
    names = log.assets() if asset is None else [asset]
    found = [one for name in names for one in _of_asset(log, name, moment)]
    return [one for one in found if one.state == "waiting" or not waiting_only]


def _of_asset(log: Log, asset: str, as_of: int) -> Iterator[Suspect]:
    table = log.read(asset, as_of)
    status = table.column("status").cast(pa.string())
    flagged = pc.equal(status, "suspect")
    if not pc.any(flagged).as_py():
        return
    marked = table.filter(flagged)
    words = {name: marked.column(name).to_pylist() for name in ("venue", "instrument", "field")}
    keys = set(zip(*words.values(), strict=True))
    for venue, instrument, field in sorted(keys):
        leg = _leg(table, venue, instrument, field)
        confirmed = _leg(table, venue, instrument, f"confirmed.{field}")
        wrong = set(_ints(confirmed, "event_time"))
        yield from _of_leg(asset, venue, instrument, field, leg, wrong)


def _leg(table: Any, venue: str, instrument: str, field: str) -> Any:
    mask = None
    for name, word in (("venue", venue), ("instrument", instrument), ("field", field)):
        here = pc.equal(table.column(name).cast(pa.string()), word)
        mask = here if mask is None else pc.and_(mask, here)
    return table.filter(mask)


def _ints(table: Any, name: str) -> list[int]:
    return table.column(name).cast(pa.int64()).to_pylist()  # type: ignore[no-any-return]


def _of_leg(
    asset: str, venue: str, instrument: str, field: str, leg: Any, wrong: set[int]
) -> Iterator[Suspect]:
    event, known = _ints(leg, "event_time"), _ints(leg, "known_time")
    value = leg.column("value").to_pylist()
    ok = [word == "ok" for word in leg.column("status").to_pylist()]
    basis, cadence = leg.column("basis").to_pylist(), leg.column("cadence_s").to_pylist()
    before: float | None = None
    for i in range(len(event)):
        if ok[i]:
            before = value[i]
            continue
        later = [j for j in _same_event(event, i) if ok[j]]
        state: State = "waiting"
        if later:
            state = "released" if value[later[-1]] == value[i] else "replaced"
        elif event[i] in wrong:
            state = "confirmed"
        yield Suspect(
            asset,
            venue,
            instrument,
            field,
            event[i],
            known[i],
            value[i],
            before,
            basis[i],
            cadence[i],
            state,
        )


def _same_event(event: list[int], i: int) -> Iterator[int]:
    j = i + 1
    while j < len(event) and event[j] == event[i]:
        yield j
        j += 1


def release(log: Log, venue: str, instrument: str, field: str, event_time: object) -> Commit:
    """Take a suspect into features after all, with the notional and mark that hang on it.

    Raises:
        BadInput: no waiting suspect there, or a value that is no positive number.
    """
    chosen = _waiting(log, venue, instrument, field, event_time, with_twins=True)
    for one in chosen:
        if not (math.isfinite(one.value) and one.value > 0):
            raise BadInput("value", one.value, f"of {one.field} cannot be a level; confirm it")
    rows: list[Row] = [(one.field, one.value, None) for one in chosen]
    return _append(log, chosen[0], rows)


def confirm(log: Log, venue: str, instrument: str, field: str, event_time: object) -> Commit:
    """Say of a suspect that it is wrong: it stays out of features, and out of the waiting list.

    Raises:
        BadInput: no waiting suspect there.
    """
    chosen = _waiting(log, venue, instrument, field, event_time, with_twins=True)
    rows: list[Row] = [
        (f"confirmed.{one.field}", one.value, None if math.isfinite(one.value) else str(one.value))
        for one in chosen
    ]
    return _append(log, chosen[0], rows)


_TWINS = ("open_interest_usd", "mark_price")


def _waiting(
    log: Log, venue: str, instrument: str, field: str, event_time: object, *, with_twins: bool
) -> list[Suspect]:
    at = parse_time(event_time, field="event_time")
    if field not in BY_NAME:
        raise BadInput("field", field, "is unknown", "open_interest")
    here = [
        one
        for one in suspects(log, waiting_only=True)
        if (one.venue, one.instrument, one.event_time) == (venue, instrument, at)
    ]
    chosen = [one for one in here if one.field == field][-1:]
    if not chosen:
        waiting = suspects(log, waiting_only=True)
        near = format_time(waiting[0].event_time) if waiting else None
        raise BadInput(
            "suspect", f"{venue} {instrument} {field} {format_time(at)}", "is not waiting", near
        )
    if with_twins and field == "open_interest":
        for twin in _TWINS:
            chosen += [one for one in here if one.field == twin][-1:]
    return chosen


def _append(log: Log, one: Suspect, rows: list[Row]) -> Commit:
    count = len(rows)
    table = pa.table(
        {
            "asset": [one.asset] * count,
            "venue": [one.venue] * count,
            "instrument": [one.instrument] * count,
            "field": [row[0] for row in rows],
            "event_time": pa.array([one.event_time] * count, pa.int64()).view(
                pa.timestamp("us", "UTC")
            ),
            "value": pa.array([row[1] for row in rows], pa.float64()),
            "basis": [one.basis] * count,
            "status": ["ok"] * count,
            "cadence_s": pa.array([one.cadence_s] * count),
            "text": pa.array([row[2] for row in rows], pa.string()),
        }
    )
    with log.writer() as writer:
        return writer.append(table)
