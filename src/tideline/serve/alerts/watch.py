"""The rules at every multiple of their step, up to the head, each moment once.

A moment is evaluated when the head has passed it, as ``historical`` would be asked ever after: the
test on the past and the watch are the same function on the same rows. What was missed while
nothing ran is made up for, up to a day.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

import msgspec

from tideline.domain.errors import TidelineError
from tideline.domain.time import DAY, SECOND
from tideline.serve.alerts.alert import Alert, Checked, parsed
from tideline.serve.alerts.book import Book, Progress
from tideline.serve.alerts.episode import step
from tideline.serve.alerts.eyes import Eyes
from tideline.serve.alerts.message import event_id, make_event
from tideline.serve.logs import Logger, Silent
from tideline.store import Store
from tideline.store.ruling import rule_truths
from tideline.store.simulation_mark import SimulationMark

MISSED_US = DAY
"""Older moments than this before the head are not made up for."""
AT_ONCE = 500
"""Moments of one step of the work; what is left comes next time."""

May = Callable[[Alert, Checked], bool]
"""Is the owner still allowed to ask what the alert asks?"""


class _Task(NamedTuple):
    alert: Alert
    checked: Checked
    before: Progress


class Watch:
    """Evaluates all alerts of a book. One at a time: see :mod:`.keeper`."""

    def __init__(
        self,
        store: Store,
        book: Book,
        may: May = lambda *_: True,
        log: Logger | None = None,
        eyes: Eyes | None = None,
    ) -> None:
        self._store, self._book, self._may = store, book, may
        self._eyes = eyes or Eyes(lambda: int(store.head()))
        self._log = log or Silent()
        self._simulated = SimulationMark(store.log)
        self._parsed: dict[str, Checked | None] = {}

    def advance(self) -> int:
        """Evaluate what the head has passed; the number of events that were put down."""
        head = self._eyes.head()
        made = 0
        for (asset, every), tasks in self._due(head).items():
            made += self._evaluate(asset, every, tasks, head)
        return made

    def _due(self, head: int) -> dict[tuple[str, int], list[_Task]]:
        """By asset and step, the alerts for which a moment has passed."""
        progress = self._book.progress()
        alerts = self._book.alerts()
        self._parsed = {alert.id: self._rules(alert) for alert in alerts}
        found: dict[tuple[str, int], list[_Task]] = {}
        for alert in alerts:
            checked, every = self._parsed[alert.id], alert.spec.every_s * SECOND
            if checked is None or not self._may(alert, checked):
                continue
            for asset in alert.spec.assets:
                before = progress.get((alert.id, asset))
                if before is not None and head // every * every > before.upto:
                    found.setdefault((asset, every), []).append(_Task(alert, checked, before))
        return found

    def _rules(self, alert: Alert) -> Checked | None:
        """Its rules; None, and its channel is switched off, where they are no rules any more."""
        if alert.id in self._parsed:
            return self._parsed[alert.id]
        try:
            return parsed(alert.spec)
        except TidelineError as error:
            self._book.switch(alert.id, f"its rule cannot be read any more: {error}"[:300])
            return None

    def _evaluate(self, asset: str, every: int, tasks: list[_Task], head: int) -> int:
        """Alerts that were evaluated up to the same moment go on together."""
        made = 0
        for upto in sorted({task.before.upto for task in tasks}):
            together = [task for task in tasks if task.before.upto == upto]
            moments = _moments(max(upto, head - MISSED_US), head, every)
            made += self._apart(asset, moments, together)
        return made

    def _apart(self, asset: str, moments: list[int], tasks: list[_Task]) -> int:
        """All at once; where that fails each on its own, so that none holds up the others."""
        try:
            return self._together(asset, moments, tasks)
        except Exception as error:  # noqa: BLE001 - one alert must not stop the rest
            if len(tasks) > 1:
                return sum(self._apart(asset, moments, [task]) for task in tasks)
            self._log.failure("alert_not_evaluated", error, asset=asset, alert=tasks[0].alert.id)
            return 0

    def _together(self, asset: str, moments: list[int], tasks: list[_Task]) -> int:
        rules = [rule for task in tasks for rule in task.checked.rules]
        truths = rule_truths(self._store, rules, asset, moments, self._eyes.numbers_of)
        made = place = 0
        for task in tasks:
            width = len(task.checked.rules)
            mine = [found[place : place + width] for found in truths]
            made += self._note(task, asset, moments, mine)
            place += width
        return made

    def _note(
        self, task: _Task, asset: str, moments: list[int], truths: Iterable[tuple[bool | None, ...]]
    ) -> int:
        standing, fired = task.before.standing, []
        for moment, found in zip(moments, truths, strict=True):
            standing, fires = step(standing, found, moment, task.alert.spec.cooldown_s)
            if fires:
                fired.append(moment)
        events = [(event_id(task.alert.id, asset, at), at, self._body(task, asset, at))
                  for at in fired]  # fmt: skip
        after = Progress(moments[-1], standing)
        return len(events) * self._book.advance(task.alert.id, asset, task.before, after, events)

    def _body(self, task: _Task, asset: str, at: int) -> bytes:
        mark = bool(self._simulated)
        event = make_event(self._store, task.alert, task.checked, asset, at, simulated=mark)
        return msgspec.json.encode(event)


def _moments(after: int, head: int, every: int) -> list[int]:
    """The next multiples of ``every`` after ``after``, not above the head."""
    return list(range((after // every + 1) * every, head + 1, every))[:AT_ONCE]
