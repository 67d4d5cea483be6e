"""The evaluator beside a collector: judgements in the log of a run on loopback."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.planted import END, fill
from tideline.cli.running import Evaluating
from tideline.domain.time import HOUR, SECOND, ManualClock, WallClock
from tideline.log import Log
from tideline.store.transition_rows import CADENCE_US, judged_up_to, skipped_in


def test_it_judges_until_it_is_stopped(tmp_path: Path) -> None:
    fill(tmp_path / "store")
    written: list[Any] = []
    seen = threading.Event()

    def write(table: Any) -> None:
        written.append(table)
        if len(written) > 3:
            seen.set()

    evaluator = Evaluating(tmp_path / "store", write, ManualClock(int(WallClock().now()) + HOUR))
    try:
        assert seen.wait(60)
    finally:
        asyncio.run(asyncio.to_thread(evaluator.stop))
    fields = {word for table in written for word in table.column("field").to_pylist()}
    assert fields <= {"reading", "gap.reading"}
    assert not any(thread.name == "evaluator" for thread in threading.enumerate())
    with Log.open(tmp_path / "store") as log, log.writer() as writer:
        for table in written:
            writer.append(table)
        assert (judged_up_to(log, int(log.head())) or 0) > END


def test_a_store_that_is_gone_ends_it_with_a_word(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    evaluator = Evaluating(tmp_path / "none", lambda _: None, WallClock())
    evaluator.stop()
    assert "readings are no longer judged" in capsys.readouterr().err


def test_nothing_was_ever_judged_in_an_archive(simulated: Path) -> None:
    with Log.open(simulated) as log:
        head = int(log.head())
        assert judged_up_to(log, head) is None
        assert skipped_in(log, head) == []
    assert CADENCE_US == 5 * SECOND
