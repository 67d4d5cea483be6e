"""What a writer does beside its appends: ticks, flushes, compaction, vacuum. One thread."""

from __future__ import annotations

import contextlib
import threading

from tideline.domain.errors import TidelineError
from tideline.domain.time import HOUR, SECOND
from tideline.log.compaction import compact, crowded, shrink, vacuum
from tideline.log.writer import FlushPolicy, Writer

TICK_S = 0.9  # a commit at least every second, with room for a slow disk
LOOK_S = 0.2


class Background:
    """Runs until the writer closes. ``trouble`` says what went wrong last, None when nothing."""

    def __init__(self, writer: Writer, policy: FlushPolicy) -> None:
        self._writer, self._policy = writer, policy
        self._stop = threading.Event()
        self._flushed_at = self._swept_at = writer.clock.now()
        self.trouble: str | None = None
        self._threads = [
            threading.Thread(target=self._loop, args=(work, every), daemon=True, name=name)
            for name, work, every in (
                ("tideline-tick", self._tick, LOOK_S),
                ("tideline-flush", self._upkeep, 1.0),
            )
        ]
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Stop and wait; a flush under way is finished."""
        self._stop.set()
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join()

    def _loop(self, work: object, every: float) -> None:
        while not self._stop.wait(every):
            try:
                work()  # type: ignore[operator]
                self.trouble = None
            except (TidelineError, OSError) as error:
                self.trouble = str(error)

    def _tick(self) -> None:
        if self._writer.clock.monotonic() - self._writer.last_tick >= TICK_S:
            self._writer.tick()

    def _upkeep(self) -> None:
        writer, policy, now = self._writer, self._policy, self._writer.clock.now()
        commits, rows = writer.unflushed()
        old = commits and now - self._flushed_at >= policy.age_s * SECOND
        if (
            (policy.rows and rows >= policy.rows)
            or (policy.commits and commits >= policy.commits)
            or (policy.age_s and old)
        ):
            writer.flush()
            self._flushed_at = now
            if policy.compact_above and crowded(writer, policy.compact_above):
                compact(writer, above=policy.compact_above // 2)
        elif not commits:
            self._flushed_at = now
        if now - self._swept_at >= HOUR:
            self._swept_at = now
            with contextlib.suppress(FileNotFoundError):
                vacuum(writer)
                shrink(writer)
