"""Addresses of one set of legs, planned once and evaluated at one moment after another.

``evaluate_legs`` plans on every call, which is nothing for a batch of moments and most of the cost
of a single one. A plan rests on which legs there are, not on their rows: it stays good while legs
grow in place, and has to be made anew when they are laid out anew. The answers are the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from tideline.domain.instrument import Instrument
from tideline.features.answers import Answers, empty_answers, evidence_arrays, turned
from tideline.features.arrays import I64
from tideline.features.batches import NEVER_MERGED, NO_STEPS, Batch, make_batches, reach_us
from tideline.features.engine import check_address
from tideline.features.groups import Group
from tideline.features.legs import LegSet
from tideline.features.plan import Question
from tideline.features.signal import Signal
from tideline.features.swept import sweep_batch, witnessed


class _Sweep(NamedTuple):
    """One batch: its question, and where its answers belong."""

    batch: Batch
    question: Question
    places: I64


class _Witness(NamedTuple):
    """Evidence that some places share: they rest on the same rows."""

    question: Question
    places: I64
    span: int
    reach: int


class Planned:
    """Asked from one thread at a time."""

    def __init__(
        self,
        legs: LegSet,
        signals: Mapping[str, Signal],
        instruments: Mapping[Group, Instrument],
        addresses: Sequence[str],
    ) -> None:
        """Raises BadAddress and BadInput as :func:`tideline.features.engine.evaluate`."""
        self.addresses = tuple(addresses)
        parsed = [check_address(text, signals) for text in addresses]
        self._sweeps: list[_Sweep] = []
        self._witnesses: list[_Witness] = []
        for batch in make_batches(parsed, signals, instruments, legs, NEVER_MERGED):
            question = Question(legs.arrays, batch.merged, batch.plan)
            self._sweeps.append(_Sweep(batch, question, np.array(batch.places, np.int64)))
            self._witnesses += _witnesses(batch, legs)

    def at(self, as_of: int, *, evidence: bool = False) -> Answers:
        """As :func:`tideline.features.engine.evaluate_legs` at that moment, µs, alone."""
        moment = np.array([as_of], np.int64)
        answers = empty_answers(self.addresses, moment, (len(self.addresses), 1), evidence)
        for sweep in self._sweeps:
            _run(sweep, moment, answers)
        if evidence:
            for witness in self._witnesses:
                _gather(witness, moment, answers)
        return turned(answers, None)


def _witnesses(batch: Batch, legs: LegSet) -> list[_Witness]:
    shared: dict[tuple[str, int], list[int]] = {}
    for place, address in zip(batch.places, batch.addresses, strict=True):
        reach = reach_us(address, batch.plans[address.window])
        shared.setdefault((address.window, reach), []).append(place)
    return [
        _Witness(
            Question(legs.arrays, NO_STEPS, batch.plans[window]),
            np.array(places, np.int64),
            batch.span,
            reach,
        )
        for (window, reach), places in shared.items()
    ]


def _run(sweep: _Sweep, moment: I64, answers: Answers) -> None:
    batch = sweep.batch
    values = np.empty((sweep.places.size, 1))
    reasons = np.empty((sweep.places.size, 1), np.int8)
    sweep_batch(batch, sweep.question, moment, values, reasons)
    answers.values[sweep.places] = values
    answers.reason[sweep.places] = reasons


def _gather(witness: _Witness, moment: I64, answers: Answers) -> None:
    found = witnessed(witness.question, moment, witness.span, witness.reach)
    for array, value in zip(evidence_arrays(answers), found, strict=True):
        array[witness.places] = value
