"""What a detector may see of one asset, and the truth it is held against, apart from each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tideline.domain.time import DAY
from tideline.market.truth import CLASSES

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[Any]

KINDS: tuple[str, ...] = tuple(CLASSES)
"""The classes of truth in order; a *kind* is a place in it, −1 is mixed or nothing."""
NOTHING = -1


class Said(NamedTuple):
    """What a further reading claims: ``kind`` [N], −1 nothing, and its ``strength`` [N]."""

    kind: Ints
    strength: Floats


@dataclass(frozen=True)
class Observed:
    """Features of one asset as known at each of N moments, ``step`` µs apart.

    Attributes:
        start: µs; moment k is start + (k + 1)·step.
        move, rate: [N] ΔP and ΔQ over the window; NaN where R1 cannot tell.
        price_in, oi_in: [N] adaptive bands at which an episode is entered.
        price_out, oi_out: [N] those at which it is left.
        adaptive: [N] whether the band is adaptive and not the fixed one standing in.
        scan_move, scan_rate: [N] ΔP and ΔQ over 10 bars of 5 minutes.
        taker: [N] taker imbalance over the window, −1 … 1.
        said: what further readings claim, by their keys.
    """

    start: int
    step: int
    move: Floats
    rate: Floats
    price_in: Floats
    oi_in: Floats
    price_out: Floats
    oi_out: Floats
    adaptive: Ints
    scan_move: Floats
    scan_rate: Floats
    taker: Floats
    said: Mapping[str, Said] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """How many moments."""
        return int(self.move.size)

    @property
    def day(self) -> Ints:
        """[N] the scored day, from 0, each moment lies in: a day's last moment is its end."""
        return (np.arange(self.size) * self.step) // DAY

    @property
    def days(self) -> int:
        """How many days."""
        return self.size * self.step // DAY


@dataclass(frozen=True)
class Scored:
    """One asset of one world, ready to be scored: ``truth`` [N] holds kinds, −1 mixed."""

    world: str
    seed: int
    asset: str
    seen: Observed
    truth: Ints
    directionless: Observed | None = None
    """The same with open interest that knows nothing of the flows, for the control."""
