"""What every reading takes and returns."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from tideline.readings.odds.odds import Odds

Severity = Literal["none", "watch", "elevated", "extreme"]
Direction = Literal["up", "down", "none"]

SEVERITIES: tuple[Severity, ...] = ("none", "watch", "elevated", "extreme")
CANNOT_TELL = "cannot_tell"
QUIET = "quiet"
"""The rule looked and nothing held."""


@dataclass(frozen=True, slots=True)
class FeatureValue:
    """One feature as handed to a reading: its address, number and evidence.

    ``value`` None (or NaN handed through :func:`feature_value`) is null, then ``reason`` says why.
    """

    address: str
    value: float | None
    unit: str = ""
    reason: str = ""
    age_s: float | None = None
    n: int | None = None
    coverage: float | None = None
    basis: str = ""


def feature_value(address: str, value: float | None, reason: str = "") -> FeatureValue:
    """A feature without further evidence; NaN counts as null."""
    if value is None or value != value:  # noqa: PLR0124 - the one test that only NaN passes
        return FeatureValue(address, None, reason=reason or "no_data")
    return FeatureValue(address, value)


@dataclass(frozen=True, slots=True)
class Evidence:
    """One number a reading stood on, beside the threshold it was held against."""

    address: str
    value: float | None
    threshold: float | None
    unit: str = ""
    age_s: float | None = None
    coverage: float | None = None
    basis: str = ""
    reason: str = ""


def evidence_of(
    value: FeatureValue, threshold: float | None, read: float | None = None
) -> Evidence:
    """Evidence from a feature; ``read`` is the number read off it where that is another one."""
    return Evidence(
        value.address,
        value.value if read is None else read,
        threshold,
        value.unit,
        value.age_s,
        value.coverage,
        value.basis,
        value.reason,
    )


@dataclass(frozen=True, slots=True)
class GroupEvidence:
    """One (venue, instrument) of a reading as known at T.

    Attributes:
        age_s: T minus the event_time of its newest open interest, seconds.
        cadence_s: the source's own cadence, seconds; 0 when it has none.
        value: its newest represented open interest, base coin, one-sided.
        used: set by the cadence rule.
        why_not: why it was left out, in words; empty when used.
        previous: its open interest at T − w, coin, where it is known.
    """

    venue: str
    instrument: str
    age_s: float
    cadence_s: float
    value: float
    used: bool = True
    why_not: str = ""
    previous: float | None = None

    def left_out(self, why: str) -> GroupEvidence:
        """The same group, not used, and why."""
        return replace(self, used=False, why_not=why)


@dataclass(frozen=True, slots=True)
class UsdSplit:
    """ΔOI_usd = P·ΔQ + Q·ΔP + ΔP·ΔQ, all in USD over the window; P, Q at its start."""

    total: float | None
    quantity: float
    price: float
    cross: float
    remainder: float | None


@dataclass(frozen=True, slots=True)
class Caveat:
    """Why a reading weighs less than it seems: the name of R7's rule and what it saw, in words."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class ForcedShare:
    """Which part of the closing was forced: an interval, never a point.

    Quantities in coin over the window, of the side the move closes. ``high`` is None where no
    feed is complete: a sampled feed gives no upper bound.
    """

    side: str
    low: float
    high: float | None
    liquidated_coin: float
    volume_coin: float
    complete: bool


@dataclass(frozen=True, slots=True)
class Reading:
    """A named state with everything needed to check it. It explains; it never advises.

    ``entry`` is the rule that gave it (``R3.kind``). ``confidence`` starts at 1 and is lowered by
    every caveat. ``profile`` is the table of numbers in force, ``differs`` where it is not the
    default's. ``label_p`` (how often the named flow really dominated, simulated truth only) and
    ``follow_p`` (how often OI and price went on so, real data only) are two things, each None
    without enough cases, and under other numbers than those it was counted with.
    """

    name: str
    asset: str
    window: str
    as_of: int
    severity: Severity
    direction: Direction
    strength: float | None
    evidence: tuple[Evidence, ...]
    because: str
    rule: str
    groups: tuple[GroupEvidence, ...] = ()
    price_change: float | None = None
    oi_change: float | None = None
    bands: str = ""
    also_called: str = ""
    read: str = ""
    pressure: Direction = "none"
    fuel_left: float | None = None
    spent: bool | None = None
    spent_why: str = ""
    split: UsdSplit | None = None
    label_p: Odds | None = None
    follow_p: Odds | None = None
    entry: str = ""
    confidence: float = 1.0
    caveats: tuple[Caveat, ...] = ()
    notes: tuple[str, ...] = ()
    forced_share: ForcedShare | None = None
    profile: str = "default"
    differs: tuple[str, ...] = ()

    @property
    def quiet(self) -> bool:
        """Nothing to say: the rule looked and found nothing out of the ordinary."""
        return self.name in (QUIET, "balanced")

    @property
    def told(self) -> bool:
        """False for ``cannot_tell``."""
        return self.name != CANNOT_TELL
