"""The shapes of requests and answers: what is validated, and what OpenAPI is printed from."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

MOST_ROWS = 10_000
MOST_FEATURES = 200

Moment = Annotated[
    str,
    Meta(description="RFC 3339 in UTC with microseconds", examples=["2026-02-05T16:00:00.000000Z"]),
]
GivenMoment = Annotated[
    str | int, Meta(description="RFC 3339 with an offset, or integer milliseconds")
]
AssetName = Annotated[str, Meta(min_length=1, max_length=40)]
AddressText = Annotated[str, Meta(min_length=1, max_length=120)]


class Leg(Struct):
    """One (venue, instrument) behind a value; ``previous`` is its value at the far end."""

    venue: str
    instrument: str
    age_s: float | None
    used: bool
    value: float | None
    previous: float | None


class Value(Struct):
    """One number with all that stands beside it; a null has a ``reason``."""

    feature: str
    value: float | None
    unit: str
    as_of: Moment
    age_s: float | None
    n: int
    coverage: float | None
    basis: str | None
    revised: int
    reason: str | None
    derived: list[str]
    completeness: str | None
    simulated: bool
    legs: list[Leg]


class Row(Struct):
    """The values of one asset at one moment, in the order of ``features``. With
    ``evidence=false`` they are bare numbers."""

    asset: str
    as_of: Moment
    values: list[Value | float | None]


class Answers(Struct):
    """``resolved``: the as_of in force (of ``historical``: the head it was answered under)."""

    resolved: Moment
    rows: list[Row]


class RequestRow(Struct, forbid_unknown_fields=True, gc=False):
    """One question of a batch. Thousands come at once, none of them in a circle."""

    asset: AssetName
    as_of: GivenMoment


class HistoricalRequest(Struct, forbid_unknown_fields=True):
    """A batch: every row is answered, in order."""

    rows: Annotated[list[RequestRow], Meta(min_length=1, max_length=MOST_ROWS)]
    features: Annotated[list[AddressText], Meta(min_length=1, max_length=MOST_FEATURES)]
    strict: bool = False


class Series(Struct):
    """One feature on a grid, as columns."""

    asset: str
    feature: str
    unit: str
    resolved: Moment
    as_of: list[Moment]
    value: list[float | None]


class Coverage(Struct):
    """What there is of a signal right now: venues with a row, and how old the newest one is."""

    assets: int
    venues: dict[str, int]
    newest: Moment | None


class SignalEntry(Struct):
    """One entry of the catalogue; ``unlocked_by`` is the smallest plan that has it."""

    signal: str
    kind: str
    unit: str
    groups: str
    formula: str
    fields: list[str]
    meaning: str
    sign: str
    is_not: str
    source: str
    level_only: bool
    unlocked_by: str | None
    entitled: bool
    coverage: Coverage


class PlanEntry(Struct):
    """One plan, as it stands in the settings."""

    name: str
    signals: list[str]
    windows: list[str]
    transforms: list[str]
    history_days: int | None
    requests_per_minute: int
    streams: int
    alerts: int
    cost_limit: int


class ReadingEntry(Struct):
    """One rule of a reading: ``name`` is what scans, streams and alert rules call it.

    Attributes:
        reading: the reading it belongs to: all its rules together.
        states: everything it can say, what it says when nothing holds last.
        windows: those it is read on.
    """

    name: str
    reading: str
    title: str
    says: str
    formula: str
    states: list[str]
    windows: list[str]
    unlocked_by: str | None
    entitled: bool


class Catalog(Struct):
    """All that can be asked."""

    resolved: Moment
    signals: list[SignalEntry]
    windows: list[str]
    transforms: list[str]
    plans: list[PlanEntry]
    readings: list[ReadingEntry]


class Readings(Struct):
    """Named states with everything needed to check them; see the page of each reading."""

    resolved: Moment
    window: str
    simulated: bool
    readings: list[dict[str, Any]]


class PositionRequest(Struct, forbid_unknown_fields=True):
    """A position that is meant. Prices in USD a coin, ``size`` in coins, ``equity`` in USD."""

    asset: AssetName
    side: Annotated[str, Meta(max_length=10, description="long or short")]
    entry: float
    stop: float
    size: float
    leverage: float
    equity: float
    margin: Annotated[str, Meta(max_length=10, description="isolated or cross")] = "isolated"
    horizon: Annotated[str, Meta(max_length=10, description="12h, 2d")] = "2d"
    as_of: Annotated[GivenMoment | None, Meta(description="absent: the head")] = None


class AssetEntry(Struct):
    """One coin: what is held and how fresh it is."""

    asset: str
    venues: list[str]
    instruments: int
    legs: int
    rows: int
    first_event: Moment
    last_event: Moment
    recorded_from: Moment | None


class Assets(Struct):
    resolved: Moment
    assets: list[AssetEntry]


class VenueEntry(Struct):
    """One venue: what is held, and what its collector says of it."""

    venue: str
    assets: int
    instruments: int
    rows: int
    last_event: Moment | None
    followed: int | None
    banned: bool | None
    skew_s: float | None
    concern: str | None


class Venues(Struct):
    resolved: Moment
    venues: list[VenueEntry]


class GapEntry(Struct):
    """A stretch in which a feed was silent, as known at ``known``."""

    asset: str
    venue: str
    instrument: str
    feed: str
    start: Moment
    end: Moment
    known: Moment


class Gaps(Struct):
    resolved: Moment
    gaps: list[GapEntry]


class UsageDay(Struct):
    """Requests of one key on one UTC day."""

    key: str
    day: str
    requests: int
    refused: int


class UsageAnswer(Struct):
    """What the owner's key has used."""

    days: list[UsageDay]


def encode(value: Any) -> bytes:
    """As JSON. msgspec writes no NaN as such: what is not finite is null by then."""
    return msgspec.json.encode(value)
