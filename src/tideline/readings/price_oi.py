"""R1: the price × open-interest state over a window.

Quantity, not dollars: dollar open interest moves with price by itself.

    price \\ OI     up               flat                     down
    up             new_longs        low_conviction_rally     short_covering
    flat           stored_leverage  balanced                 quiet_deleveraging
    down           new_shorts       low_conviction_selloff   long_liquidation
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

from tideline.domain.time import SECOND, format_duration
from tideline.features.window import WINDOWS
from tideline.readings.bands import (
    Band,
    Mode,
    activity,
    adaptive_band,
    baseline_hours,
    fixed_band,
    knows_volume,
)
from tideline.readings.cadence import SUB_WINDOWS, Chosen, choose_groups, name_left_out
from tideline.readings.flow_left import SpentInputs, fuel_left, spent, usd_split
from tideline.readings.parameters import DEFAULTS, Parameters
from tideline.readings.reading import (
    CANNOT_TELL,
    SEVERITIES,
    Direction,
    Evidence,
    FeatureValue,
    GroupEvidence,
    Reading,
    Severity,
    UsdSplit,
    evidence_of,
)


@dataclass(frozen=True, slots=True)
class State:
    """One cell of the table: sides of price and OI, its other names, how it is read."""

    name: str
    price: int
    oi: int
    also_called: str
    read: str
    says: str

    @property
    def corner(self) -> bool:
        """Both price and open interest moved."""
        return self.price != 0 and self.oi != 0


STATES: tuple[State, ...] = (
    State("new_longs", 1, 1, "trend confirmation, fresh bullish trend",
          "fresh money, more crowded each bar", "positions were opened into the rise"),
    State("short_covering", 1, -1, "weak rally, end of bullish trend",
          "closing flow is finite; fragile by construction", "positions were closed into the rise"),
    State("new_shorts", -1, 1, "aggressive shorting, fresh bearish trend",
          "highest risk: leverage against the move; squeeze fuel if price refuses to break",
          "positions were opened into the fall"),
    State("long_liquidation", -1, -1, "capitulation, exhaustion",
          "leverage leaving; when OI stops falling the forced selling is largely spent",
          "positions were closed into the fall"),
    State("low_conviction_rally", 1, 0, "", "shorts not covering yet; possible fake-out",
          "price rose and open interest hardly answered"),
    State("low_conviction_selloff", -1, 0, "", "longs not capitulating; possible support",
          "price fell and open interest hardly answered"),
    State("stored_leverage", 0, 1, "", "positions stack; the eventual break inherits it",
          "positions were opened while price stood still"),
    State("quiet_deleveraging", 0, -1, "", "", "positions were closed while price stood still"),
    State("balanced", 0, 0, "", "", "neither price nor open interest left its band"),
)  # fmt: skip

BY_NAME: dict[str, State] = {state.name: state for state in STATES}
_BY_SIDES = {(state.price, state.oi): state for state in STATES}
_PRESSURE: dict[int, Direction] = {1: "up", -1: "down", 0: "none"}
VOLUME = "flow.volume_usdtm"
RAISED = "new_shorts"
"""The state whose severity stands one step higher."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """x_w at T − j·1h with paths as known at T, for the j in ``hours``.

    ``hours`` may be 1..720 or just :func:`tideline.readings.bands.baseline_hours`; others are
    ignored. ``price`` holds price.ret@w (log), ``oi`` positioning.oi_usdtm_coin@w:rate; None: null.
    """

    hours: Sequence[int]
    price: Sequence[float | None]
    oi: Sequence[float | None]


@dataclass(frozen=True, slots=True)
class PriceOiInputs:
    """Everything R1 is handed, for one asset at one moment T. Nothing else is looked at.

    How a caller fills it: (1) list every group of USDTM as a :class:`GroupEvidence`; (2) ask
    :func:`tideline.readings.cadence.choose_groups` which may speak; (3) evaluate :func:`addresses`
    at T on the rows of those groups alone; (4) with adaptive bands, the first two of them also at
    T − j·1h for j in ``baseline_hours(T, w)``, with paths as known at T.

    Attributes:
        groups: every group of USDTM with open interest known at T (step 1, all of them).
        ret: price.ret@w.  rate: positioning.oi_usdtm_coin@w:rate.
        baseline: step 4; None gives the fixed bands.
        coin, coin_delta, mark, mark_delta, usd_delta: for the USD split; leave None to omit it.
        oi_hourly: OI in coin at T − j·1h, j = 0..336, as known at T, for ``fuel_left``.
        volume: flow.volume_usdtm@w at T, coin, and ``volumes``, the same at the hours of the
            baseline: adaptive bands of open interest widen with what is traded; None, (): unknown.
        spent: last two sub-windows of the running episode, for ``spent``.
    """

    asset: str
    window: str
    as_of: int
    groups: tuple[GroupEvidence, ...]
    ret: FeatureValue
    rate: FeatureValue
    baseline: Baseline | None = None
    coin: FeatureValue | None = None
    coin_delta: FeatureValue | None = None
    mark: FeatureValue | None = None
    mark_delta: FeatureValue | None = None
    usd_delta: FeatureValue | None = None
    oi_hourly: Sequence[float | None] = ()
    volume: float | None = None
    volumes: Sequence[float | None] = ()
    spent: SpentInputs | None = None


@cache
def addresses(window: str) -> tuple[str, ...]:
    """What R1 wants at T: ret, rate, coin, coin_delta, mark, mark_delta, usd_delta, volume."""
    return (
        f"price.ret@{window}",
        f"positioning.oi_usdtm_coin@{window}:rate",
        f"positioning.oi_usdtm_coin@{window}",
        f"positioning.oi_usdtm_coin@{window}:delta",
        f"price.mark@{window}",
        f"price.mark@{window}:delta",
        f"positioning.oi_usdtm@{window}:delta",
        f"{VOLUME}@{window}",
    )


@cache
def band_addresses(window: str) -> tuple[str, str, str]:
    """Those that name the state: ret, rate, volume."""
    ret, rate, *_, volume = addresses(window)
    return ret, rate, volume


def read_price_oi(
    given: PriceOiInputs, mode: Mode = "adaptive", parameters: Parameters = DEFAULTS
) -> Reading:
    """The state of one asset at T, or ``cannot_tell`` naming what is missing."""
    chosen = choose_groups(given.groups, given.window, parameters)
    missing = _missing(given, chosen)
    if missing or given.ret.value is None or given.rate.value is None:
        return _cannot_tell(given, chosen, missing)
    move = math.expm1(given.ret.value)
    price_band, oi_band = bands_of(given, mode, parameters)
    state = classify(move, given.rate.value, price_band, oi_band)
    strength = strength_of(state, move, given.rate.value, price_band, oi_band)
    finite = state.corner and state.oi < 0
    sub = math.sqrt(WINDOWS[SUB_WINDOWS.get(given.window, given.window)] / WINDOWS[given.window])
    verdict, why = spent(given.spent, oi_band.scaled(sub), parameters) if finite else (None, "")
    return Reading(
        name=state.name,
        asset=given.asset,
        window=given.window,
        as_of=given.as_of,
        severity=severity_of(state.name, strength, parameters),
        direction=_PRESSURE[state.price],
        strength=strength,
        evidence=(
            evidence_of(replace(given.ret, unit="fraction"), price_band.enter, move),
            evidence_of(given.rate, oi_band.enter),
        ),
        because=_because(given, state, move, given.rate.value, chosen),
        rule=_rule(state, price_band, oi_band),
        groups=chosen.groups,
        price_change=move,
        oi_change=given.rate.value,
        bands=f"price {price_band.words()}; OI {oi_band.words()}",
        also_called=state.also_called,
        read=state.read,
        pressure=_PRESSURE[state.price],
        fuel_left=fuel_left(given.oi_hourly, parameters) if finite else None,
        spent=verdict,
        spent_why=why,
        split=_split(given),
    )


def bands_of(
    given: PriceOiInputs, mode: Mode = "adaptive", parameters: Parameters = DEFAULTS
) -> tuple[Band, Band]:
    """The bands of price and of open interest in force at T."""
    price, oi = usual_bands(given, mode, parameters)
    if not knows_volume(given.window, parameters):
        return price, oi
    busy = activity(given.volume, given.volumes, parameters)
    return price, oi.busier(busy, given.window, parameters)


def usual_bands(
    given: PriceOiInputs, mode: Mode = "adaptive", parameters: Parameters = DEFAULTS
) -> tuple[Band, Band]:
    """The bands of price and of open interest when as much is traded as usual."""
    if mode == "fixed" or given.baseline is None:
        note = "" if mode == "fixed" else "no baseline was given"
        return (
            fixed_band("price", given.window, parameters, note),
            fixed_band("oi", given.window, parameters, note),
        )
    wanted = set(baseline_hours(given.as_of, given.window, parameters))
    pairs = zip(given.baseline.hours, given.baseline.price, given.baseline.oi, strict=True)
    kept = [(ret, rate) for j, ret, rate in pairs if j in wanted]
    moves = [None if ret is None else math.expm1(ret) for ret, _ in kept]
    return (
        adaptive_band("price", given.window, moves, parameters),
        adaptive_band("oi", given.window, [rate for _, rate in kept], parameters),
    )


def classify(move: float, rate: float, price_band: Band, oi_band: Band) -> State:
    """The cell of the table; a move equal to its band is still flat."""
    return _BY_SIDES[price_band.side(move), oi_band.side(rate)]


def strength_of(state: State, move: float, rate: float, price_band: Band, oi_band: Band) -> float:
    """The smaller of the two moves in bands for the corners, else the larger."""
    both = price_band.ratio(move), oi_band.ratio(rate)
    return min(both) if state.corner else max(both)


def severity_of(name: str, strength: float, parameters: Parameters = DEFAULTS) -> Severity:
    """>= 1 watch, >= 1.5 elevated, >= 2.5 extreme; none for balanced; new_shorts one higher."""
    if name == "balanced":
        return "none"
    steps = (parameters.watch, parameters.elevated, parameters.extreme)
    step = sum(strength >= limit for limit in steps)
    if name == RAISED and step:
        step = min(step + 1, len(steps))
    return SEVERITIES[step]


def _missing(given: PriceOiInputs, chosen: Chosen) -> str:
    if given.groups and not chosen.groups:
        newest = min(group.age_s for group in given.groups)
        return f"the newest open interest is {format_duration(newest * SECOND)} old"
    if not chosen.groups:
        return (
            "no recent open interest in coin is known of any USDT perpetual on binance, bybit, okx"
        )
    if not chosen.enough:
        return (
            f"groups fast and fresh enough for {given.window} hold {chosen.share:.0%} of open "
            f"interest; left out: {name_left_out(chosen.left_out)}"
        )
    lost = [f"{v.address} is null ({v.reason or 'no_data'})" for v in (given.ret, given.rate)
            if v.value is None]  # fmt: skip
    return " and ".join(lost)


def _cannot_tell(given: PriceOiInputs, chosen: Chosen, missing: str) -> Reading:
    return Reading(
        name=CANNOT_TELL,
        asset=given.asset,
        window=given.window,
        as_of=given.as_of,
        severity="none",
        direction="none",
        strength=None,
        evidence=(evidence_of(given.ret, None), evidence_of(given.rate, None)),
        because=f"Cannot tell: {missing}.",
        rule="R1 needs price.ret and the rate of OI from groups holding 60 % of open interest",
        groups=chosen.groups,
    )


def _because(given: PriceOiInputs, state: State, move: float, rate: float, chosen: Chosen) -> str:
    text = f"Price {move:+.2%} and open interest {rate:+.2%} over {given.window}: {state.says}"
    if chosen.left_out:
        text += f"; left out: {name_left_out(chosen.left_out)}"
    return text + "."


def _rule(state: State, price_band: Band, oi_band: Band) -> str:
    return "R1 " + state.name + ": " + " and ".join(
        (_clause("ΔP", state.price, price_band), _clause("ΔQ", state.oi, oi_band))
    )  # fmt: skip


def _clause(what: str, side: int, band: Band) -> str:
    width = f"{band.enter:.2%} ({band.words()})"
    if side == 0:
        return f"|{what}| <= {width}"
    return f"{what} > {width}" if side > 0 else f"{what} < -{width}"


def _split(given: PriceOiInputs) -> UsdSplit | None:
    parts = (given.coin, given.coin_delta, given.mark, given.mark_delta)
    numbers = [part.value for part in parts if part is not None and part.value is not None]
    if len(numbers) < len(parts):
        return None
    usd = given.usd_delta.value if given.usd_delta is not None else None
    return usd_split(numbers[0], numbers[1], numbers[2], numbers[3], usd)


__all__ = [
    "BY_NAME",
    "STATES",
    "Baseline",
    "Evidence",
    "PriceOiInputs",
    "State",
    "addresses",
    "bands_of",
    "classify",
    "read_price_oi",
    "severity_of",
    "strength_of",
]
