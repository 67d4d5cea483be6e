"""The log against a list: whatever is done, every answer ever given stays as it was.

The planted faults at the end show that the machine would notice.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from tests.log.rows import DAY, T0, rows
from tideline.domain.errors import BadInput, UnknownName
from tideline.domain.time import ManualClock
from tideline.log import Log, flusher, reading, view, writer
from tideline.log.compaction import compact, vacuum

START = T0 + 100 * DAY
ASSETS = ("BTC", "ETH")
FIELDS = ("open_interest", "mark_price")
EVENTS = st.integers(0, 9).map(lambda n: T0 + n * 13 * DAY)
Row = tuple[str, str, int, int, int, int, float]  # asset, field, event, known, seq, row, value


class LogMachine(RuleBasedStateMachine):
    """Drives a log and a plain list side by side."""

    def __init__(self) -> None:
        super().__init__()
        place = "/dev/shm" if Path("/dev/shm").is_dir() else None
        self.root = Path(tempfile.mkdtemp(prefix="tideline-model-", dir=place))
        self.rows: list[Row] = []
        self.past: list[tuple[str, int, list[Row]]] = []

    @initialize()
    def create(self) -> None:
        self.clock = ManualClock(START)
        self.log = Log.create(self.root / "store", self.clock)
        self.writer = self.log.writer()
        self.head = self.writer.state.head

    @rule(
        asset=st.sampled_from(ASSETS),
        field=st.sampled_from(FIELDS),
        events=st.lists(EVENTS, min_size=1, max_size=4),
        lags=st.lists(st.none() | st.integers(0, 30), min_size=4, max_size=4),
        value=st.integers(0, 3).map(float),
    )
    def append(
        self, asset: str, field: str, events: list[int], lags: list[int | None], value: float
    ) -> None:
        """Live, late, restated, duplicated and historical rows alike."""
        known = [
            None if lag is None else min(event + lag * DAY, self.head)
            for event, lag in zip(events, lags, strict=False)
        ]
        table = rows(events, [value] * len(events), known=known, asset=asset, field=field)
        commit = self.writer.append(table)
        assert commit.known_time > self.head, "known_time must rise"
        for at, event in enumerate(events):
            stamp = known[at] if known[at] is not None else commit.known_time
            self.rows.append((asset, field, event, stamp or 0, commit.seq, at, value))
        self.head = commit.known_time
        self.recheck_recorded()

    @rule()
    def refuse(self) -> None:
        with pytest.raises(BadInput):
            self.writer.append(rows([T0, T0], [1.0, float("nan")]))

    @rule(step=st.sampled_from([-DAY, -1, 0, 1, 1_000_000, 7 * DAY]))
    def clock_moves(self, step: int) -> None:
        self.clock.advance(step)

    @rule()
    def tick(self) -> None:
        head = self.writer.tick()
        assert head >= self.head
        self.head = head

    @rule()
    def flush(self) -> None:
        self.writer.flush()

    @rule()
    def compact(self) -> None:
        compact(self.writer)
        vacuum(self.writer, grace_us=-DAY * 10)

    @rule(ahead=st.booleans())
    def reopen(self, ahead: bool) -> None:
        self.writer.close()
        self.log.close()
        self.log = Log.open(self.root / "store", self.clock)
        if ahead:
            self.head = self.log.head()
        self.writer = self.log.writer()
        assert self.log.head() >= self.head
        self.head = self.log.head()

    @rule(
        asset=st.sampled_from(ASSETS),
        at=st.one_of(
            st.none(),
            st.tuples(st.integers(0, 400), st.sampled_from([-1, 0, 1])),
        ),
    )
    def read(self, asset: str, at: tuple[int, int] | None) -> None:
        """At the head, at a row's own moment, and one microsecond beside it."""
        as_of = self.head
        if at is not None and self.rows:
            row = self.rows[at[0] % len(self.rows)]
            as_of = min(self.head, max(row[2], row[3]) + at[1])
        expected = self.expected(asset, as_of)
        assert self.answer(asset, as_of) == expected
        self.past.append((asset, as_of, expected))

    @rule()
    def ask_again(self) -> None:
        """What was answered stays, but for rows that were given an earlier known_time since."""
        for asset, as_of, _ in self.past:
            assert self.answer(asset, as_of) == self.expected(asset, as_of)

    def recheck_recorded(self) -> None:
        for asset, as_of, before in self.past:
            now = self.expected(asset, as_of)
            assert [row for row in now if row in before] == before

    def expected(self, asset: str, as_of: int) -> list[Row]:
        found = [r for r in self.rows if r[0] == asset and r[2] <= as_of and r[3] <= as_of]
        return sorted(found, key=lambda r: (r[1], r[2], r[3], r[4], r[5]))

    def answer(self, asset: str, as_of: int) -> list[Row]:
        try:
            table = self.log.read(asset, as_of)
        except UnknownName:
            return []
        names = ("asset", "field", "event_time", "known_time", "seq", "row", "value")
        columns = [
            table[name].cast(pa.int64()).to_pylist()
            if name.endswith("time")
            else table[name].to_pylist()
            for name in names
        ]
        return list(zip(*columns, strict=True))

    def teardown(self) -> None:
        try:
            if hasattr(self, "writer"):
                self.ask_again()
                self.writer.close()
                assert self.log.verify().findings == ()
                found = list(self.log.follow(0, idle_s=0))
                assert sum(commit.table.num_rows for commit in found) == len(self.rows)
                assert sum(leg.rows for leg in self.log.legs()) == len(self.rows)
                self.log.close()
        finally:
            shutil.rmtree(self.root, ignore_errors=True)


def _run(examples: int, steps: int = 30, *, shrink: bool = True) -> None:
    phases = [Phase.generate, Phase.shrink] if shrink else [Phase.generate]
    run_state_machine_as_test(
        LogMachine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=phases,
            derandomize=True,
            database=None,
        ),
    )


def test_the_log_is_the_list() -> None:
    _run(30)


@pytest.mark.slow
def test_the_log_is_the_list_at_length() -> None:
    _run(2_000, 50)


def _mask_all(table: Any, ask: Any) -> Any:
    return reading_mask(table, replace(ask, as_of=2**62, event_to=ask.last_event))


def _mask_strict(table: Any, ask: Any) -> Any:
    return reading_mask(table, replace(ask, as_of=ask.as_of - 1))


def _overwrite(table: Any) -> Any:
    """Keeps the latest row of an event time only."""
    event = table["event_time"].cast(pa.int64()).to_numpy()
    last = np.append(event[1:] != event[:-1], True) if len(event) else np.array([], bool)
    return canonical(table.filter(pa.array(last)))


def _clock_only(self: Any) -> int:
    return int(self.clock.now())


def _forgets_journal(rows_of: Any) -> Any:
    return rows_of.slice(0, max(1, rows_of.num_rows - 1))


def _event_order_only(table: Any, start: int, stop: int) -> Any:
    event = table["event_time"].slice(start, stop - start).cast(pa.int64()).to_numpy()
    return start + np.argsort(-event, kind="stable")[::-1]


reading_mask, canonical = reading._mask, reading.canonical

MUTANTS: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "no known_time filter": lambda m: m.setattr(reading, "_mask", _mask_all),
    "< for <=": lambda m: m.setattr(reading, "_mask", _mask_strict),
    "the last value overwrites": lambda m: m.setattr(reading, "canonical", _overwrite),
    "the clock may step back": lambda m: m.setattr(writer.Writer, "_stamp", _clock_only),
    "ties by event time alone": lambda m: m.setattr(reading, "event_order", _event_order_only),
    "a flush loses a row": lambda m: m.setattr(
        writer, "joined", lambda tables: _forgets_journal(flusher.joined(tables))
    ),
    "flushed rows count twice": lambda m: m.setattr(
        view.Viewer, "_forget", lambda self, flushed: None
    ),
    "legs come unsorted": lambda m: m.setattr(reading, "by_leg", lambda rank, order: order),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_the_machine_notices(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    MUTANTS[name](monkeypatch)
    with pytest.raises((AssertionError, BaseExceptionGroup)):
        _run(60, shrink=False)
