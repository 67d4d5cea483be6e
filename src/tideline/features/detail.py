"""The groups behind one answer: which were used, how old, what they said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tideline.domain.instrument import Instrument
from tideline.features.address import Address
from tideline.features.batches import NO_STEPS, break_span
from tideline.features.door import DESCRIBE, ask
from tideline.features.evidence import ABSENT, USED
from tideline.features.groups import Group
from tideline.features.legs import LegSet
from tideline.features.plan import NO_NUMBERS, NO_REASONS, Question
from tideline.features.resolver import group_names, make_plan
from tideline.features.signal import Signal


@dataclass(frozen=True, slots=True)
class GroupDetail:
    """One (venue, instrument) of an answer; NaN where there is nothing.

    ``value`` is the first field of the formula at T (flows: the window's sum), ``previous`` the
    same n windows before (delta and rate) or one window before.
    """

    venue: str
    instrument: str
    used: bool
    age_s: float
    value: float
    previous: float
    cadence_s: float


class GroupDetails:
    """The groups of one address on legs that stay, planned once and asked moment after moment."""

    def __init__(
        self,
        legs: LegSet,
        signal: Signal,
        address: Address,
        instruments: Mapping[Group, Instrument],
    ) -> None:
        self.plan = make_plan(signal, address.window_us, legs, instruments)
        self.names = group_names(signal, legs, instruments)
        if self.plan is not None:
            self.question = Question(legs.arrays, NO_STEPS, self.plan)
            broken = self.plan.info[0]["has_breaks"]
            self.span = break_span(address, self.plan) if broken else -1
        counted = address.n if address.transform in ("delta", "rate") else 1
        self.reach = counted * address.window_us

    def at(self, as_of: int) -> list[GroupDetail]:
        """Every group that had a row known at as_of, in the order of the sums."""
        if self.plan is None:
            return []
        size = len(self.names)
        values, counts = np.full((4, size), np.nan), np.zeros((1, size), np.int64)
        nothing = (NO_NUMBERS,) * 5
        ask(
            *(self.question.query, DESCRIBE, np.array([as_of], np.int64), *nothing, self.span),
            *(self.reach, values, counts, NO_REASONS),
        )
        columns = values.T.tolist()
        return [
            GroupDetail(*name, state == USED, *column)
            for name, state, column in zip(self.names, counts[0].tolist(), columns, strict=True)
            if state != ABSENT
        ]


def group_details(
    legs: LegSet,
    signal: Signal,
    address: Address,
    instruments: Mapping[Group, Instrument],
    as_of: int,
) -> list[GroupDetail]:
    """Every group that had a row known at as_of, in the order of the sums."""
    return GroupDetails(legs, signal, address, instruments).at(as_of)
