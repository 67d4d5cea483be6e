"""What the tools give: small and typed, so that an assistant reads it whole.

No slots: the protocol's library takes a slot for a default value.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tideline.readings.odds.odds import Odds


@dataclass(frozen=True)
class SignalLine:
    """One signal: what it means, what its sign says, what it is not.

    ``unlocked_by`` is the smallest plan that has it; ``entitled`` says whether yours has.
    """

    signal: str
    unit: str
    kind: str
    meaning: str
    sign: str
    is_not: str
    entitled: bool
    unlocked_by: str | None


@dataclass(frozen=True)
class ReadingLine:
    """One rule of a reading: its name, the windows it is read on, what it can say and means."""

    name: str
    title: str
    says: str
    states: list[str]
    windows: list[str]
    entitled: bool


@dataclass(frozen=True)
class Catalogue:
    """How an address is written, and the signals and readings found."""

    address: str
    windows: list[str]
    transforms: list[str]
    assets: list[str]
    signals: list[SignalLine]
    readings: list[ReadingLine]


@dataclass(frozen=True)
class Number:
    """One number; a null has a ``reason``. ``basis``: recorded as it came, or assumed."""

    asset: str
    as_of: str
    feature: str
    value: float | None
    unit: str
    age_s: float | None
    coverage: float | None
    basis: str | None
    reason: str | None


@dataclass(frozen=True)
class Numbers:
    """Numbers, and the head: nothing later is known yet. ``simulated``: none of it is real."""

    head: str
    simulated: bool
    numbers: list[Number]


@dataclass(frozen=True)
class State:
    """One state of one asset, in one line."""

    asset: str
    reading: str
    window: str
    state: str
    severity: str
    strength: float | None
    price_change: float | None
    oi_change: float | None
    because: str
    label_p: Odds | None = None
    follow_p: Odds | None = None


@dataclass(frozen=True)
class Scan:
    """The strongest states first; ``assets`` were looked at."""

    as_of: str
    window: str
    assets: int
    simulated: bool
    states: list[State]


@dataclass(frozen=True)
class Explained:
    """The readings of one asset with everything they stand on."""

    asset: str
    as_of: str
    window: str
    simulated: bool
    readings: list[dict[str, Any]]


@dataclass(frozen=True)
class Past:
    """How often a rule would have fired on the last days."""

    rule: str
    text: str
    fired: int
    last: str | None
    step_s: int
    events: list[str]
