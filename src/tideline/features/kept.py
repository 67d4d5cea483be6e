"""Samples of the past that are kept from one moment to the next.

Whoever asks every few seconds asks for nearly the same past each time: x an hour ago is what it was
five seconds ago, until the hour passes a row. So each sample of a question is kept with the last T
at which nothing that it was worked out from can have changed:

    every look-up tells how far T may go on before it would find something else (``note.stays``,
    :func:`tideline.features.lookup.narrow`); the shortest of them is how far the sample stands

A look-up at the end of a leg stands for no time at all, since a row may still come; the same goes
for an entry that is not known yet or that another version is to replace. Gaps may be told of long
after; they are looked for again at every moment. Where the groups used, their weights or the
funding they quote differ from the moment before, or T went back, everything is worked out anew.

For legs that stay or are appended to in place. The numbers are the same to the last bit.
"""

from __future__ import annotations

from tideline.domain.time import DAY
from tideline.features.arrays import FAR
from tideline.features.flows import any_gap, knows_gaps
from tideline.features.formulas import MINUTES_UNTIL, OI_VOLUME, window_value
from tideline.features.jit import kernel
from tideline.features.plan import (
    UNTRACKED,
    Query,
    back_at,
    group_at,
    info_of,
    kept_at,
    note_of,
    query_at,
)

LONGEST = DAY
"""No sample is kept longer without being worked out anew."""


@kernel
def stand_alike(q: Query, T: int) -> bool:
    """Are the groups those of the moment asked before, which is not after T? Takes both down."""
    note = note_of(query_at(q, 0).note, 0)
    alike = note.asked <= T
    note.asked = T
    for g in range(query_at(q, 0).groups):
        now, then = group_at(query_at(q, 0).group, g), group_at(query_at(q, 0).stood, g)
        if now.used != then.used:
            alike = False
        if now.used and (now.pick != then.pick or now.weight != then.weight):
            alike = False
        then.used, then.pick, then.weight = now.used, now.pick, now.weight
    return alike


@kernel
def keep_samples(q: Query, T: int) -> int:
    """Work out the samples that do not stand any more; how many those were."""
    note, info = note_of(query_at(q, 0).note, 0), info_of(query_at(q, 0).info, 0)
    w, renewed = info.window, 0
    summed = DAY if info.formula == OI_VOLUME else w
    gaps = knows_gaps(q)
    longest = UNTRACKED if info.formula == MINUTES_UNTIL else LONGEST  # that counts down by itself
    alike = stand_alike(q, T)
    for k in range(query_at(q, 0).samples):
        t = T - back_at(query_at(q, 0).back, k)
        kept = kept_at(query_at(q, 0).kept, k)
        if alike and kept.until >= T and not (gaps and any_gap(q, t, summed, T)):
            continue
        note.stays = longest
        kept.value = window_value(q, t, w, T)
        kept.cause = note.cause
        kept.until = T + note.stays if note.stays >= 0 else -FAR
        renewed += 1
    note.stays = UNTRACKED
    return renewed
