"""Addresses and paths of one set of legs, planned once and asked moment after moment.

``evaluate_legs`` and ``samples`` plan anew on every call, which is nothing for a batch and most of
the cost for one moment. The answers are the same: the same kernels on the same plans.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from tideline.domain.instrument import Instrument
from tideline.features.address import Address
from tideline.features.arrays import F64, I64
from tideline.features.batches import NEVER_MERGED, NO_STEPS, make_batches
from tideline.features.detail import GroupDetail, GroupDetails
from tideline.features.door import ask_again
from tideline.features.engine import check_address, evaluate_legs
from tideline.features.evidence import BASES
from tideline.features.groups import Group
from tideline.features.legs import LegSet
from tideline.features.plan import Asked, Plan, Question
from tideline.features.reasons import NO_DATA, REASONS
from tideline.features.resolver import make_plan
from tideline.features.sampling import path_span
from tideline.features.signal import Signal

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
class _Batch:
    """One batch with its query, and the answers of the moment last asked."""

    question: Question
    values: F64
    reasons: NDArray[np.int8]
    as_of: int = -1


@dataclass(slots=True)
class _Walk:
    """A path that is asked again and again; ``question`` None: nothing will ever be known.

    ``told``: the values of the moment last asked, which nobody writes to.
    """

    back: I64
    question: Question | None
    told: F64


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
    """One moment at a time from legs that stay, or that are appended to in place.

    Samples are kept from one moment to the next (:mod:`.kept`), so moments that ascend cost least.
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
        self._place: dict[str, tuple[_Batch, int] | None] = {}
        self._groups: dict[str, GroupDetails] = {}
        self._paths: dict[tuple[str, int], Plan | None] = {}
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
        batch, j = place
        if batch.as_of != as_of:
            ask_again(batch.question.query, as_of)
            batch.as_of = as_of
        return batch.values.item(j), batch.reasons.item(j)

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
        """x_w at every distance before as_of, as :func:`tideline.features.sampling.samples`.

        The same array as the moment before where nothing in it changed; not to be written to.
        """
        key = (signal, window_us, id(back))
        walk = self._walks.get(key)
        if walk is None or walk.back is not back:
            if len(self._walks) >= MOST_WALKS:
                self._walks.clear()
            walk = self._walks[key] = self._walk(signal, window_us, back)
        if walk.question is not None:
            renewed = ask_again(walk.question.query, as_of)
            if renewed < 0:
                return _nothing(back.size)
            if renewed:
                walk.told = walk.question.kept["value"].copy()
                walk.told.flags.writeable = False
        return walk.told

    def _walk(self, signal: str, window_us: int, back: I64) -> _Walk:
        key = (signal, window_us)
        if key not in self._paths:
            self._paths[key] = make_plan(
                self.signals[signal], window_us, self.legs, self.instruments
            )
        plan, size = self._paths[key], back.size
        question = None
        if plan is not None and size:
            span = path_span(self.signals[signal], window_us, back)
            question = Question(self.legs.arrays, NO_STEPS, plan, Asked(back, span))
        return _Walk(back, question, _nothing(size))

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
            shape = (len(batch.places), 1)
            values, reasons = np.empty(shape), np.empty(shape, np.int8)
            asked = Asked(
                *(batch.back, batch.span, batch.code, batch.n, batch.first, batch.slot),
                *(values, reasons),
            )
            question = Question(self.legs.arrays, NO_STEPS, batch.plan, asked)
            held = _Batch(question, values, reasons)
            for j, place in enumerate(batch.places):
                self._place[unplanned[place].text] = (held, j)


@lru_cache(maxsize=64)
def _nothing(size: int) -> F64:
    found = np.full(size, np.nan)
    found.flags.writeable = False
    return found
