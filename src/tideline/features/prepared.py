"""Addresses and paths of one set of legs, planned once and asked moment after moment.

``evaluate_legs`` and ``samples`` plan anew on every call, which is nothing for a batch and most of
the cost for one moment. The answers are the same: the same kernels on the same plans.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tideline.domain.instrument import Instrument
from tideline.features.address import Address
from tideline.features.arrays import F64, I64
from tideline.features.batches import NEVER_MERGED, NO_STEPS, Batch, make_batches
from tideline.features.detail import GroupDetail, GroupDetails
from tideline.features.door import NO_COUNTS, SWEEP, ask
from tideline.features.engine import check_address, evaluate_legs
from tideline.features.evidence import BASES
from tideline.features.groups import Group
from tideline.features.legs import LegSet
from tideline.features.plan import Plan, Question
from tideline.features.reasons import NO_DATA, REASONS
from tideline.features.resolver import make_plan
from tideline.features.signal import Signal
from tideline.features.swept import sweep_batch

LONG_BASELINE = 100
"""Windows of a baseline from which on it is asked apart."""
MOST_WALKS = 512
"""Paths whose preparation is kept."""


@dataclass(frozen=True, slots=True)
class Evidenced:
    """One number with its evidence; NaN is null and ``reason`` then says why."""

    value: float
    reason: str
    age_s: float
    n: int
    coverage: float
    basis: str


@dataclass(slots=True)
class _Asked:
    """One batch with its query, and the answers of the moment last asked."""

    batch: Batch
    question: Question
    values: F64
    reasons: NDArray[np.int8]
    as_of: int = -1


@dataclass(frozen=True, slots=True)
class _Walk:
    """A path that is asked again and again; ``question`` None: nothing will ever be known."""

    back: I64
    question: Question | None
    each: I64
    levels: I64
    span: int
    reasons: NDArray[np.int8]


def _company(address: Address) -> tuple[str, str, str]:
    """What is asked together: not what costs much with what is asked far more often.

    Extremes look at every row of the window and a long baseline at as many windows; a rule that
    wants the level alone should not wait for them.
    """
    costly = ""
    if address.transform in ("min", "max", "range"):
        costly = "extremes"
    elif address.transform in ("zscore", "pctrank") and address.n >= LONG_BASELINE:
        costly = "baseline"
    return address.signal, address.window, costly


class Prepared:
    """One moment at a time from legs that stay, or that grow in place.

    ``addresses`` are those that will be asked; others are planned when they are.
    """

    def __init__(
        self,
        legs: LegSet,
        signals: Mapping[str, Signal],
        instruments: Mapping[Group, Instrument],
        addresses: Iterable[str] = (),
    ) -> None:
        self.legs, self.signals, self.instruments = legs, signals, instruments
        self._together: dict[tuple[str, str, str], list[Address]] = {}
        self._place: dict[str, tuple[_Asked, int] | None] = {}
        self._moment = np.zeros(1, np.int64)
        self._groups: dict[str, GroupDetails] = {}
        self._paths: dict[tuple[str, int], tuple[Plan, Question] | None] = {}
        self._walks: dict[tuple[str, int, int], _Walk] = {}
        for text in dict.fromkeys(addresses):
            address = check_address(text, signals)
            self._together.setdefault(_company(address), []).append(address)

    def value(self, address: str, as_of: int) -> tuple[float, int]:
        """The value (NaN null) and the code of the reason."""
        if address not in self._place:
            self._plan(address)
        place = self._place[address]
        if place is None:
            return float("nan"), NO_DATA
        asked, j = place
        if asked.as_of != as_of:
            self._moment[0] = as_of
            _ask(asked, as_of, self._moment)
        return asked.values.item(j), asked.reasons.item(j)

    def evidence(self, address: str, as_of: int) -> Evidenced:
        """The value with what stands beside it."""
        moment = np.array([as_of], np.int64)
        found = evaluate_legs(
            self.legs, self.signals, self.instruments, moment, [address], evidence=True
        )
        return Evidenced(
            float(found.values[0, 0]),
            REASONS[found.reason[0, 0]],
            float(found.age_s[0, 0]),
            int(found.n[0, 0]),
            float(found.coverage[0, 0]),
            BASES[found.basis[0, 0]],
        )

    def samples(self, signal: str, window_us: int, as_of: int, back: I64) -> F64:
        """x_w at every distance before as_of, as :func:`tideline.features.sampling.samples`."""
        key = (signal, window_us, id(back))
        walk = self._walks.get(key)
        if walk is None or walk.back is not back:
            if len(self._walks) >= MOST_WALKS:
                self._walks.clear()
            walk = self._walks[key] = self._walk(signal, window_us, back)
        if walk.question is None:
            return np.full(back.size, np.nan)
        values = np.empty((back.size, 1))
        self._moment[0] = as_of
        ask(
            walk.question.query,
            SWEEP,
            self._moment,
            back,
            walk.levels,
            walk.levels,
            walk.each,
            walk.each,
            walk.span,
            0,
            values,
            NO_COUNTS,
            walk.reasons,
        )
        return values[:, 0]

    def _walk(self, signal: str, window_us: int, back: I64) -> _Walk:
        """What every call along these distances has in common."""
        key = (signal, window_us)
        if key not in self._paths:
            plan = make_plan(self.signals[signal], window_us, self.legs, self.instruments)
            made = None if plan is None else (plan, Question(self.legs.arrays, NO_STEPS, plan))
            self._paths[key] = made
        found, size = self._paths[key], back.size
        stock = self.signals[signal].kind == "stock"
        return _Walk(
            back,
            found[1] if found is not None and size else None,
            np.arange(size),
            np.zeros(size, np.int64),
            (int(back.max()) if size else 0) + (0 if stock else window_us),
            np.empty((size, 1), np.int8),
        )

    def groups(self, address: str, as_of: int) -> list[GroupDetail]:
        """Every group that had a row, as :func:`tideline.features.detail.group_details`."""
        if address not in self._groups:
            parsed = check_address(address, self.signals)
            signal = self.signals[parsed.signal]
            self._groups[address] = GroupDetails(self.legs, signal, parsed, self.instruments)
        return self._groups[address].at(as_of)

    def _plan(self, text: str) -> None:
        address = check_address(text, self.signals)
        mine = self._together.setdefault(_company(address), [])
        if address not in mine:
            mine.append(address)
        unplanned = [a for a in mine if a.text not in self._place]
        for made in unplanned:
            self._place[made.text] = None
        for batch in make_batches(
            unplanned, self.signals, self.instruments, self.legs, NEVER_MERGED
        ):
            question = Question(self.legs.arrays, batch.merged, batch.plan)
            shape = (len(batch.places), 1)
            asked = _Asked(batch, question, np.empty(shape), np.empty(shape, np.int8))
            for j, place in enumerate(batch.places):
                self._place[unplanned[place].text] = (asked, j)


def _ask(asked: _Asked, as_of: int, moment: I64) -> None:
    batch = asked.batch
    sweep_batch(batch, asked.question, moment, asked.values, asked.reasons)
    asked.as_of = as_of
