"""The evidence beside the number: age, n, coverage, basis, revised.

The page is silent on which fields it speaks of: here, all that the signal may look at.
"""

from __future__ import annotations

from tests.reference.context import Context
from tests.reference.known import FEED_OF, default_max_age
from tests.reference.model import DAY, SECOND, Group


def age_s(c: Context) -> float | None:
    """T minus the newest event_time of the oldest group used; heartbeats count for flows."""
    ages = []
    for group in c.groups:
        names = {*c.read(), *c.beats()}
        times = [row.event_time for name in names for row in c.known.until(group, name, c.as_of)]
        ages.append((c.as_of - max(times)) / SECOND)
    return max(ages, default=None)


def pairs_in_window(c: Context, w: int) -> set[tuple[Group, int]]:
    """Distinct (group, event_time) of represented rows of needed fields in (T - w, T]."""
    return {
        (group, row.event_time)
        for group in c.groups
        for name in c.read()
        for row in c.known.between(group, name, c.as_of - w, c.as_of)
    }


def revised(c: Context, w: int) -> int:
    """Pairs of n with two or more distinct good values known at T in some needed field."""
    values: dict[tuple[Group, int, str], set[float]] = {}
    for row in c.known.rows:
        if row.status == "ok":
            values.setdefault((row.group, row.event_time, row.field), set()).add(row.value)
    pairs = pairs_in_window(c, w)
    return sum(
        1
        for group, time in pairs
        if any(len(values.get((group, time, name), ())) >= 2 for name in c.read())
    )


def coverage(c: Context) -> float | None:
    """Sums of one field: last values of the used groups over those of all recent groups.

    Everything else by count. None when no group is used.
    """
    if not c.groups:
        return None
    week = c.as_of - 7 * DAY

    def recent(group: Group, names: tuple[str, ...]) -> bool:
        return any(c.known.between(group, name, week, c.as_of) for name in names)

    if c.spec.summed:
        field = c.spec.summed
        last = {
            group: c.known.until(group, field, c.as_of)[-1].value
            for group in c.candidates
            if group in c.groups or recent(group, (field,))
        }
        used = sum(last[group] for group in c.groups)
        everything = sum(last.values())
        return used / everything if everything else None
    counted = [g for g in c.candidates if g in c.groups or recent(g, c.read())]
    return len(c.groups) / len(counted)


def basis(c: Context, span: int, w: int, transform: str) -> str:
    """recorded, assumed or mixed, over what the answer could have looked at.

    Represented rows of needed fields with event_time in (T - span, T] (flows and changes: one
    window more, but for min, max, range, whose windows lie inside), and for each leg the row in
    force at that start.
    """
    if c.spec.kind != "stock" and transform not in ("min", "max", "range"):
        span += w
    start = c.as_of - span
    found = set()
    for group in c.groups:
        for name in c.read():
            rows = c.known.between(group, name, start, c.as_of)
            found |= {row.basis for row in rows}
            row = c.known.in_force(group, name, start, max_age_of(c, group, name))
            if row is not None:
                found.add(row.basis)
    return "mixed" if len(found) > 1 else next(iter(found), "")


def max_age_of(c: Context, group: Group, name: str) -> int:
    if name in FEED_OF:
        return FEED_OF[name].max_age
    if name == "funding_interval_h":
        return default_max_age(c.rate_field(group), group[0])
    if name == "next_funding_time":
        return c.next_funding_age(group)
    return default_max_age(name, group[0])
