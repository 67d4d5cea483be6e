"""Where the watch sees numbers: the rows in memory for what just passed, the log for the rest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec

from tideline.serve.stream.source import Values
from tideline.store.ruling import Numbers, NumbersOf

FEW = 4
"""So many moments are asked of the rows in memory, one by one; more of them of the log at once."""


class Eyes(NamedTuple):
    """``head``: up to where may be looked (µs). ``numbers_of`` None: the log alone."""

    head: Callable[[], int]
    numbers_of: NumbersOf | None = None


def live_eyes(head: Callable[[], int], live: Values, otherwise: NumbersOf) -> Eyes:
    """Eyes that look into the live state, whose head is ``head``: the same numbers, bit for bit."""

    def numbers_of(asset: str, moments: Sequence[int], features: list[str]) -> Numbers:
        if len(moments) > FEW:
            return otherwise(asset, moments, features)
        rows = [live.answer(asset, features, int(moment), False) for moment in moments]
        return {
            name: [msgspec.json.decode(row[place], type=float | None) for row in rows]
            for place, name in enumerate(features)
        }

    return Eyes(head, numbers_of)
