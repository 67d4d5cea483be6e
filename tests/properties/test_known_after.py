"""What was not known at T cannot change a bit at T: not by going, coming, or being otherwise."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, note
from hypothesis import strategies as st

from tests.properties.addresses import every_transform
from tests.properties.campaigns import campaign
from tests.properties.engine import ask, bits, table_of
from tests.properties.histories import POOL, history
from tests.reference.model import WINDOWS, Row
from tests.reference.signals import SPECS


def was_known(row: Row, t: int) -> bool:
    return row.known_time <= t and row.event_time <= t


def otherwise(row: Row, rng: np.random.Generator) -> Row:
    """The same row with everything about it changed, but for when it was known."""
    return replace(
        row,
        value=row.value * float(rng.choice((-1.0, 0.0, 3.0, 1e17))) + float(rng.normal()),
        basis=str(rng.choice(("recorded", "assumed"))),
        status=str(rng.choice(("ok", "suspect"))),
        cadence_s=float(rng.choice((0.0, 1.0, 1e6))),
    )


def newcomers(rows: list[Row], t: int, rng: np.random.Generator) -> list[Row]:
    """Later restatements of what stands, later news of any leg, later gaps and breaks."""
    found = []
    for row in rows:
        if rng.random() < 0.3:
            found.append(replace(otherwise(row, rng), known_time=t + int(rng.integers(1, 10**9))))
        if rng.random() < 0.1:
            event = t + int(rng.integers(1, 10**9))
            found.append(replace(otherwise(row, rng), event_time=event, known_time=event))
        if rng.random() < 0.05:
            group = POOL[int(rng.integers(len(POOL)))]
            past = t - int(rng.integers(0, 10**9))
            found.append(Row(*group, row.field, past, t + 1, 1.0, cadence_s=row.cadence_s))
            mark = str(rng.choice(("gap.taker", "gap.volume", f"break.{row.field}")))
            if not row.field.startswith(("gap.", "break.", "alive.")):
                found.append(Row(*row.group, mark, past, t + 1, float(t)))
    return found


ASKED = {
    "seed": st.integers(0, 2**32 - 1),
    "signal": st.sampled_from(sorted(SPECS)),
    "window": st.sampled_from(sorted(WINDOWS)),
    "strict": st.booleans(),
}


def judge(seed: int, signal: str, window: str, strict: bool) -> None:
    """Without what came later, with it, with it otherwise, and with more of it: the same bits."""
    rng = np.random.default_rng(seed)
    told = history(seed, signal, window, 2)
    addresses = every_transform(signal, window, rng)
    for t in told.moments:
        then = [row for row in told.rows if was_known(row, t)]
        asked = bits(ask(table_of(then), [t], addresses, strict=strict))
        changed = [r if was_known(r, t) else otherwise(r, rng) for r in told.rows]
        for rows in (told.rows, changed):
            assert bits(ask(table_of(rows), [t], addresses, strict=strict)) == asked
        added = then + newcomers(told.rows, t, rng)
        places = [int(i) for i in rng.permutation(len(added))]
        assert bits(ask(table_of(added, places), [t], addresses, strict=strict)) == asked


@campaign(180)
@given(**ASKED)
def test_what_came_later_changes_nothing(seed, signal, window, strict):
    note(f"history seed {seed}")
    judge(seed, signal, window, strict)


@pytest.mark.slow
@campaign(10_000)
@given(**ASKED)
def test_what_came_later_changes_nothing_at_length(seed, signal, window, strict):
    note(f"history seed {seed}")
    judge(seed, signal, window, strict)
