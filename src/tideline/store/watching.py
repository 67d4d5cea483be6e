"""Every reading at the head, again and again: the past is read once, then commits are followed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

from tideline.log import Log
from tideline.readings.asking import ranked, readings_of
from tideline.readings.catalogue import RULES
from tideline.readings.profiles import DEFAULT, Profile
from tideline.readings.reading import Reading
from tideline.readings.rule import Rule
from tideline.store.evaluator import Evaluator


class Watching:
    """What ``Store.readings`` gives at the head, without reading the past anew each time."""

    def __init__(
        self,
        log: Log,
        window: str,
        *,
        rules: Sequence[Rule] = RULES,
        profile: Profile = DEFAULT,
        assets: Iterable[str] | None = None,
    ) -> None:
        self._log, self._window, self._rules, self._profile = log, window, rules, profile
        state = log.viewer.state()
        self._seq = state.last_seq
        self._evaluator = Evaluator(
            log, rules=rules, windows=(window,), profile=profile, assets=assets
        )
        self._evaluator.followed = int(state.head)

    def readings(self) -> tuple[list[Reading], int]:
        """Every reading of every asset as of the head, ranked; and the head."""
        head = int(self._log.head())
        for commit in self._log.follow(self._seq, poll_s=0.0, idle_s=0.0):
            self._seq = commit.seq
            self._evaluator.follow(commit)
        found: list[Reading] = []
        for held in self._evaluator.held.values():
            held.ready(max(self._evaluator.followed, head), head)
            given_for = partial(held.given, head)
            found += readings_of(given_for, self._window, self._rules, self._profile)
        return ranked(found), head
