"""What a reading is handed: values at T, paths before T, facts as known at T.

A reading declares its :class:`Wants` and gets a :class:`Given`; it looks at nothing else. Where
the numbers come from is none of its business: a store fills them as they are asked for, a test
hands over two dictionaries (:class:`Handed`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Protocol, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from tideline.domain.time import HOUR
from tideline.features.window import WINDOWS
from tideline.readings.bands import baseline_hours
from tideline.readings.cadence import Chosen, name_left_out
from tideline.readings.parameters import DEFAULTS, Parameters
from tideline.readings.reading import FeatureValue, GroupEvidence

Numbers = NDArray[np.float64]
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Path:
    """x_w of ``signal`` at T − (start + k·step), k = 0..count−1, paths as known at T.

    With ``like_hours`` the distances are instead ``start`` + j·1h for the j of
    :func:`tideline.readings.bands.baseline_hours` of T and ``window``: moments at the same time of
    day and the same kind of day. ``venue`` narrows the signal to the groups of one venue.
    """

    signal: str
    window: str
    step_us: int = HOUR
    count: int = 0
    start_us: int = 0
    like_hours: bool = False
    venue: str = ""
    _hash: int = field(init=False, repr=False, compare=False, default=0)

    def __post_init__(self) -> None:
        """Paths are looked up far more often than made."""
        mine = (self.signal, self.window, self.step_us, self.count, self.start_us)
        object.__setattr__(self, "_hash", hash((*mine, self.like_hours, self.venue)))

    def __hash__(self) -> int:
        return self._hash

    def back(self, as_of: int, parameters: Parameters = DEFAULTS) -> NDArray[np.int64]:
        """The distances before T, µs."""
        if self.like_hours:
            return _like(baseline_hours(as_of, self.window, parameters), self.start_us)
        return _regular(self.step_us, self.count, self.start_us)

    def deepest_us(self, parameters: Parameters = DEFAULTS) -> int:
        """The greatest distance before T at which a row may matter, the window included."""
        hours = int(parameters.baseline_hours)
        last = hours * HOUR if self.like_hours else max(self.count - 1, 0) * self.step_us
        return self.start_us + last + WINDOWS[self.window]


@lru_cache(maxsize=1024)
def _like(hours: tuple[int, ...], start_us: int) -> NDArray[np.int64]:
    return np.array(hours, np.int64) * HOUR + start_us


@lru_cache(maxsize=1024)
def _regular(step_us: int, count: int, start_us: int) -> NDArray[np.int64]:
    return np.arange(count, dtype=np.int64) * step_us + start_us


@dataclass(frozen=True, slots=True)
class Wants:
    """Everything a rule may look at on one window: addresses at T and paths before it."""

    at: tuple[str, ...] = ()
    paths: tuple[Path, ...] = ()

    def __add__(self, other: Wants) -> Wants:
        return Wants(
            tuple(dict.fromkeys(self.at + other.at)),
            tuple(dict.fromkeys(self.paths + other.paths)),
        )


@dataclass(frozen=True, slots=True)
class Stretch:
    """Silence of a feed, or a break of a field: which leg, from when to when (µs; break: once)."""

    venue: str
    instrument: str
    field: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Event:
    """A calendar event: its name, when it happens."""

    name: str
    at: int


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known at T besides numbers.

    ``listed``: (venue, instrument) to its listing time in µs, where the venue told it.
    ``calendar``: events of the coin or of the whole market, past and to come. ``unknown_sides``:
    venues with open interest of which nobody says whether one side is counted or both.
    """

    listed: Mapping[tuple[str, str], int] = field(default_factory=dict)
    gaps: Sequence[Stretch] = ()
    breaks: Sequence[Stretch] = ()
    calendar: Sequence[Event] = ()
    unknown_sides: tuple[str, ...] = ()


NO_FACTS = Facts()


class Missing(Exception):
    """An input a rule needs is null; ``why`` names each and its reason.

    ``addresses``: all that were asked for together, null or not: they become the evidence.
    """

    def __init__(self, why: str, addresses: tuple[str, ...] = ()) -> None:
        self.why, self.addresses = why, addresses
        super().__init__(why)


class Source(Protocol):
    """Where a :class:`Given` has its numbers from."""

    def number(self, address: str) -> float:
        """The value at T, NaN null."""
        ...

    def reason(self, address: str) -> str:
        """Why the value is null."""
        ...

    def value(self, address: str) -> FeatureValue:
        """The value at T with all that stands beside it."""
        ...

    def path(self, path: Path) -> Numbers:
        """The values along a path, NaN null."""
        ...


@dataclass(frozen=True)
class Handed:
    """Numbers from dictionaries; what is not in them is null for want of data."""

    values: Mapping[str, FeatureValue] = field(default_factory=dict)
    paths: Mapping[Path, Sequence[float]] = field(default_factory=dict)

    def number(self, address: str) -> float:
        found = self.value(address).value
        return math.nan if found is None else found

    def reason(self, address: str) -> str:
        return self.value(address).reason

    def value(self, address: str) -> FeatureValue:
        return self.values.get(address) or FeatureValue(address, None, reason="no_data")

    def path(self, path: Path) -> Numbers:
        found = self.paths.get(path)
        if found is None:
            return np.full(0 if path.like_hours else path.count, np.nan)
        return np.array(found, np.float64)


@dataclass(frozen=True, slots=True)
class Given:
    """One asset at one moment T on one window, evaluated on the groups that may speak there.

    ``memo`` holds what several rules work out from the same numbers (R1's moves and bands);
    ``kept`` outlives the moment: what was worked out last from a path, beside that path.
    ``in_full`` gives the groups with what they held one window ago, which judging does not need.
    """

    asset: str
    window: str
    as_of: int
    chosen: Chosen
    source: Source
    facts: Facts = NO_FACTS
    memo: dict[object, object] = field(default_factory=dict, compare=False)
    kept: dict[object, tuple[tuple[Numbers, ...], object]] = field(
        default_factory=dict, compare=False
    )
    in_full: Callable[[], tuple[GroupEvidence, ...]] | None = field(default=None, compare=False)

    @property
    def groups(self) -> tuple[GroupEvidence, ...]:
        """The groups, used or left out, in full."""
        return self.chosen.groups if self.in_full is None else self.in_full()

    def number(self, address: str) -> float | None:
        """A value at T, or None."""
        value = self.source.number(address)
        return None if value != value else value  # noqa: PLR0124 - only NaN differs from itself

    def need(self, *addresses: str) -> list[float]:
        """Values at T that the rule cannot do without.

        Raises:
            Missing: any of them is null; all the null ones are named with their reasons.
        """
        numbers = [self.source.number(address) for address in addresses]
        if any(value != value for value in numbers):  # noqa: PLR0124
            lost = [
                f"{address} is null ({self.source.reason(address) or 'no_data'})"
                for address, value in zip(addresses, numbers, strict=True)
                if value != value  # noqa: PLR0124
            ]
            raise Missing(" and ".join(lost), addresses)
        return numbers

    def path(self, path: Path) -> Numbers:
        """The values along a path, NaN null."""
        return self.source.path(path)

    def worked_out(self, key: object, work: Callable[..., R], *paths: Numbers) -> R:
        """``work(*paths)``, or what it gave last time if the paths are the same to the last bit."""
        last = self.kept.get(key)
        if last is None or not _same(last[0], paths):
            last = self.kept[key] = (paths, work(*paths))
        return cast(R, last[1])

    def enough(self) -> None:
        """Hold the rule of cadence.

        Raises:
            Missing: the groups fast and fresh enough hold too little of open interest.
        """
        chosen = self.chosen
        if chosen.enough:
            return
        if not chosen.groups:
            raise Missing(
                "no recent open interest in coin is known of any USDT perpetual on binance,"
                " bybit, okx"
            )
        raise Missing(
            f"groups fast and fresh enough for {self.window} hold {chosen.share:.0%} of open "
            f"interest; left out: {name_left_out(chosen.left_out)}"
        )


def _same(these: tuple[Numbers, ...], those: tuple[Numbers, ...]) -> bool:
    """To the last bit. Mostly they are the very same arrays."""
    return len(these) == len(those) and all(
        a is b or a.tobytes() == b.tobytes() for a, b in zip(these, those, strict=True)
    )
