"""Forgetting, on purpose: whole months, logged, and never answered thinner.

``retain(before)`` sets the horizon: an as_of before it is refused from then on. Months are removed
that end at or before ``before`` less a look-back, so that windows at the horizon keep what they
reach back for. Facts without an end (instruments, breaks) outlive their month.
"""

from __future__ import annotations

import sqlite3
from typing import Any

import numpy as np
import pyarrow as pa

from tideline.domain.errors import BadInput, StoreDamaged
from tideline.domain.time import DAY, format_time
from tideline.log.commit_times import CommitTimes
from tideline.log.journal import bodies, short_sum
from tideline.log.legs import (
    Key,
    Leg,
    leg_columns,
    legs_of,
    merge,
    pack_leg,
    remembered,
    unpack_leg,
)
from tideline.log.marks import Mark
from tideline.log.part import Part, decode_part, digest_of, encode_part, month_start
from tideline.log.records import Retention, pack
from tideline.log.schema import int_times
from tideline.log.writer import Writer

LOOK_BACK_US = 32 * DAY


def retain(writer: Writer, before: int, *, look_back_us: int = LOOK_BACK_US) -> Retention:
    """Remove what no as_of at or after ``before`` looks back to; returns what was removed.

    Raises:
        BadInput: ``before`` is above the head, or below an earlier horizon.
    """
    if before > writer.tick():
        raise BadInput("before", format_time(before), "is above the head of the store")
    if before < writer.state.horizon:
        horizon = format_time(writer.state.horizon)
        raise BadInput("before", format_time(before), "is before the present horizon", horizon)
    with writer.table_lock:
        writer.flush()
        limit = before - look_back_us
        swaps = {part: _kept(writer, part) for part in writer.parts() if _month_end(part) <= limit}
        old = [part for part, rest in swaps.items() if rest != part]
        adds = [rest for part, rest in swaps.items() if rest is not None and rest != part]
        writer.table.sync_names(adds)
        seq, now = writer.state.flushed, writer.clock.now()
        version = writer.state.version
        Mark(writer.layout.kept_from, writer.files).raise_to(before, sync=True)
        if old:
            version = writer.commit_table(adds, old, seq)
        rows = sum(part.rows for part in old) - sum(part.rows for part in adds)
        record = Retention(now, before, rows, len(old))
        legs = _legs_left(writer, old, adds)
        _publish(writer, adds, old, version, record, legs)
        return record


def _publish(
    writer: Writer,
    adds: list[Part],
    old: list[Part],
    version: int,
    record: Retention,
    legs: tuple[list[Leg], list[Key]],
) -> None:
    body = pack(record)
    left, gone = legs
    put = [
        (*leg.key, leg_body, short_sum(leg_body)) for leg in left for leg_body in [pack_leg(leg)]
    ]

    def more(db: sqlite3.Connection) -> None:
        db.execute("INSERT INTO retentions (body, sum) VALUES (?, ?)", (body, short_sum(body)))
        forget = "DELETE FROM legs WHERE asset=? AND venue=? AND instrument=? AND field=?"
        db.executemany(forget, gone)
        db.executemany("INSERT OR REPLACE INTO legs VALUES (?, ?, ?, ?, ?, ?)", put)

    writer.swap_parts(
        adds, old, version, more, horizon=record.horizon, legs=writer.state.legs - len(gone)
    )
    writer.reload_legs()


def _kept(writer: Writer, part: Part) -> Part | None:
    """Facts of a month that goes: a small file of their own, the file itself, or nothing."""
    rows = _rows(writer, part)
    if rows is None:
        return None
    names = rows.column("field").cast(pa.string()).to_pylist()
    facts = np.array([name == "instrument" or name.startswith("break.") for name in names])
    if facts.all():
        return part
    if not facts.any():
        return None
    rest, body = encode_part(rows.filter(pa.array(facts)), part.asset, part.month)
    writer.table.write(rest, body)
    return rest


def _legs_left(writer: Writer, old: list[Part], adds: list[Part]) -> tuple[list[Leg], list[Key]]:
    """The legs of the assets concerned, counted again; and those without a row."""
    assets = {part.asset for part in old}
    stay = [part for part in writer.parts() if part.asset in assets and part not in old]
    counted: dict[Key, Leg] = {}
    times = CommitTimes(writer.query)
    for part in (*stay, *adds):
        rows = _rows(writer, part)
        if rows is None:
            raise StoreDamaged(f"table/{part.path} does not match its checksum")
        event, known = int_times(rows.column("event_time")), int_times(rows.column("known_time"))
        for leg in legs_of(leg_columns(rows), event, known, times.brought(rows)):
            counted[leg.key] = merge(counted[leg.key], leg) if leg.key in counted else leg
    left: list[Leg] = []
    gone: list[Key] = []
    for body in writer.query(lambda db: bodies(db, "legs")):
        leg = unpack_leg(body)
        if leg.asset in assets and leg.key in counted:
            left.append(remembered(counted[leg.key], leg))
        elif leg.asset in assets:
            gone.append(leg.key)
    return left, gone


def _rows(writer: Writer, part: Part) -> Any:
    try:
        body = writer.files.read(writer.layout.table / part.path)
    except FileNotFoundError:
        return None
    return decode_part(body) if digest_of(body) == part.digest else None


def _month_end(part: Part) -> int:
    following = np.datetime64(part.month, "M") + 1
    return month_start(str(following))
