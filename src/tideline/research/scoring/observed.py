"""What a detector may see of one asset, and the truth it is held against, apart from each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tideline.domain.time import DAY
from tideline.market.truth import CLASSES

if TYPE_CHECKING:
    from tideline.research.scoring.flows import Flows

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[Any]

KINDS: tuple[str, ...] = tuple(CLASSES)
"""The classes of truth in order; a *kind* is a place in it, −1 is mixed or nothing."""
NOTHING = -1


Track: TypeAlias = tuple[str, str]
"""(key of a rule, window)"""


class Moves(NamedTuple):
    """ΔP and ΔQ over one window at N moments, fractions; NaN where they cannot be told."""

    move: Floats
    rate: Floats


class Said(NamedTuple):
    """What one rule said at N moments.

    ``names`` are the states that occurred, as ``name/direction``; ``state`` [N] a place in it, −1
    none; ``severity`` [N] a place in SEVERITIES; ``strength`` [N] as stated, 0 where none is;
    ``told`` [N] false where it could not tell; ``low``, ``high`` [N] the forced share's interval,
    NaN where none was given, high 1 where it has no upper end.
    """

    names: tuple[str, ...]
    state: Ints
    severity: Ints
    strength: Floats
    told: Ints
    low: Floats
    high: Floats


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
    said: Mapping[Track, Said] = field(default_factory=dict)
    """What the rules said, where they were asked."""
    moves: Mapping[str, Moves] = field(default_factory=dict)
    """ΔP and ΔQ on the windows of those rules."""
    flows: Mapping[str, Flows] = field(default_factory=dict)
    """The truth of those windows."""
