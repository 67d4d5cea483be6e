"""One signal on one asset's legs, as the kernels want it: which leg plays which part."""

from __future__ import annotations

from typing import NamedTuple, cast

import numpy as np

from tideline.features.arrays import (
    BLOCK,
    ENTRY,
    F64,
    FAR,
    GROUP,
    I8,
    I32,
    I64,
    LEG,
    STEP,
    VERSION,
    Legs,
    Merged,
    Table,
)
from tideline.features.jit import kernel
from tideline.features.memory import number_reader, record_reader

STOCK, CHANGE, FLOW = 0, 1, 2
"""Kinds, as codes."""


def part(column: int) -> int:
    """A column number that is no literal to the compiler: one compiled copy serves all columns."""
    return cast(int, np.int64(column))


# Columns of ``role[g]``: the leg of group g in each part, -1 where absent.
STOCKS = part(0)
"""Stock fields by formula: [v]; weighed [v, oi]; basis [mark, index, oi]; market cap [oi_usd,
index, mark]; funding [quoted, its interval, settled, its interval, oi, oi_usd]; minutes until
funding [next time as the quoted rate ages, as the settled one ages, quoted, settled]."""
FIRST_FIELD, SECOND_FIELD = part(0), part(1)
"""The first and the second stock field, or summed flow, of a formula."""
QUOTED, SETTLED, OI_COIN, OI_USD = part(0), part(2), part(4), part(5)
"""Stock fields of the funding formulas."""
FLOWS = part(6)
"""The one or two summed flow fields."""
FEED = part(8)
"""All legs that show the first summed field's feed was up, heartbeats last."""
FEED_2 = part(14)
"""The same of the second summed field, where it has a feed of its own."""
GAP = part(20)
BREAKS = part(21)
"""Break rows of the needed fields (funding: quoted, settled, then the rest)."""
NEEDED = part(27)
"""Legs whose rows are the evidence."""
PULSE = part(35)
"""Heartbeats."""
VENUE = part(36)
"""Not a leg: the venue's place in catalogue order."""
ROLES = 37

WIDTH = {STOCKS: 6, FLOWS: 2, FEED: 6, FEED_2: 6, BREAKS: 6, NEEDED: 8}
"""Columns in each part that holds several."""

INFO = np.dtype(
    [
        ("formula", np.int64),
        ("kind", np.int64),
        ("window", np.int64),
        ("bars", np.int64),
        ("two_feeds", np.int64),
        ("supply", np.int64),
        ("by_value", np.int64),
        ("stocks", np.int64),
        ("has_breaks", np.int64),
        ("single", np.int64),
    ]
)
"""formula, kind, window in µs, whether feeds are bars, whether the two flows have feeds of their
own, the leg of circulating supply, how coverage counts, how many stock columns are demanded,
whether any break row exists, whether only the first group that has had a row may be used."""

UNTRACKED = -1
"""``stays`` while nobody wants to know, or when it cannot be told."""

HEAD = np.dtype([("at", np.int64)])
NOTE = np.dtype([(name, np.int64) for name in ("cause", "whole", "stays", "asked")])
KEPT = np.dtype([("value", np.float64), ("until", np.int64), ("cause", np.int64)])


class Plan(NamedTuple):
    """``info[0]`` as INFO; ``role[g]`` the legs of group g; ``used`` every leg named, once."""

    info: Table
    role: I32
    used: I64


QUERY = np.dtype(
    [
        (name, np.int64)
        for name in (
            *("leg", "legs", "entry", "version", "bucket"),
            *("step", "steps", "step_bucket", "step_shift", "block"),
            *("info", "roles", "groups", "used", "used_count"),
            *("group", "heads", "note"),
            *("kept", "stood", "back", "samples", "span"),
            *("code", "n", "first", "slot", "values", "reasons", "answers"),
        )
    ]
)
"""All a formula needs at one as_of: the addresses of the tables (:mod:`.memory`) and their sizes.

``group`` holds per group: used, pick (0 quoted, 2 settled funding), weight. ``heads`` holds per
leg its newest visible entry. ``note``: why the last value was null, whether the merged sum may be
used, and of samples that are kept (:mod:`.kept`) how far T may go on and the moment last asked.
``kept`` holds those samples (0: none are kept), ``stood`` the groups they were worked out with,
``back`` their distances; ``code`` to ``reasons`` what is made of them and where it goes, as
:func:`tideline.features.sweep.sweep` takes it.
"""

NO_NUMBERS = np.empty(0, np.int64)
NO_VALUES, NO_REASONS = np.empty((0, 0)), np.empty((0, 0), np.int8)

Query = int
"""The address of one record of QUERY: what kernels pass on."""


class Asked(NamedTuple):
    """What is asked at every moment: see :func:`tideline.features.sweep.sweep`. No ``code``: the
    samples themselves."""

    back: I64
    span: int
    code: I64 = NO_NUMBERS
    n: I64 = NO_NUMBERS
    first: I64 = NO_NUMBERS
    slot: I64 = NO_NUMBERS
    values: F64 = NO_VALUES
    reasons: I8 = NO_REASONS


class Question:
    """Owns every array of a query; one per thread, kept as long as its ``query`` is in use."""

    def __init__(self, legs: Legs, merged: Merged, plan: Plan, asked: Asked | None = None) -> None:
        """``asked``: the same at every moment, with samples that are kept; ``merged`` is empty."""
        self.group = np.zeros(plan.role.shape[0], GROUP)
        self.heads = np.zeros(legs.leg.size, HEAD)
        self.note = np.zeros(1, NOTE)
        self.note["stays"], self.note["asked"] = UNTRACKED, FAR
        self.stood = np.zeros(plan.role.shape[0], GROUP)
        record = np.zeros(1, QUERY)
        self.owned = (legs, merged, plan, asked, record)
        self.query = record.ctypes.data
        places = {
            "leg": legs.leg,
            "entry": legs.entry,
            "version": legs.version,
            "bucket": legs.bucket,
            "step": merged.step,
            "step_bucket": merged.bucket,
            "block": merged.block,
            "info": plan.info,
            "roles": plan.role,
            "used": plan.used,
            "group": self.group,
            "heads": self.heads,
            "note": self.note,
            "stood": self.stood,
        }
        if asked is not None:
            self.kept = np.zeros(asked.back.size, KEPT)
            self.kept["until"] = -FAR
            places["kept"] = self.kept
            places |= {name: a for name, a in asked._asdict().items() if name != "span"}
            record["samples"], record["answers"] = asked.back.size, asked.code.size
            record["span"] = asked.span
        for name, array in places.items():
            record[name] = array.ctypes.data
        record["legs"], record["steps"] = legs.leg.size, merged.step.size
        record["step_shift"] = merged.shift
        record["groups"], record["used_count"] = plan.role.shape[0], plan.used.size


query_at = record_reader(QUERY)
leg_at = record_reader(LEG)
entry_at = record_reader(ENTRY)
version_at = record_reader(VERSION)
step_at = record_reader(STEP)
block_at = record_reader(BLOCK)
info_of = record_reader(INFO)
group_at = record_reader(GROUP)
head_at = record_reader(HEAD)
note_of = record_reader(NOTE)
kept_at = record_reader(KEPT)
back_at = number_reader(np.int64)
bucket_at = number_reader(np.int32)
role_at = number_reader(np.int32)
used_at = number_reader(np.int64)


@kernel
def role(q: Query, g: int, part: int) -> int:
    """The leg that plays ``part`` in group g, -1 if none."""
    return np.int64(role_at(query_at(q, 0).roles, g * ROLES + part))  # type: ignore[return-value]
