"""What a rule is handed in a test: numbers by address and path, facts, groups."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from tideline.domain.time import parse_time
from tideline.features.window import WINDOWS
from tideline.readings.cadence import choose_groups
from tideline.readings.given import NO_FACTS, Facts, Given, Handed, Path
from tideline.readings.parameters import DEFAULTS
from tideline.readings.reading import FeatureValue, GroupEvidence, Reading
from tideline.readings.rule import Rule, read

T = parse_time("2026-02-05T12:30:00Z")
BINANCE = GroupEvidence("binance", "BTCUSDT", 1.0, 5.0, 70_000.0)


def value(address: str, number: float | None, n: int = 10) -> FeatureValue:
    return FeatureValue(address, number, reason="" if number is not None else "stale", n=n)


def given(
    window: str,
    values: Mapping[str, float | FeatureValue | None] | None = None,
    paths: Mapping[Path, Sequence[float]] | None = None,
    facts: Facts = NO_FACTS,
    groups: Sequence[GroupEvidence] = (BINANCE,),
    asset: str = "BTC",
    as_of: int = T,
) -> Given:
    """Without baseline paths the bands are the fixed ones: 1 % and 1.5 % at 45m."""
    told = {
        address: number if isinstance(number, FeatureValue) else value(address, number)
        for address, number in (values or {}).items()
    }
    chosen = choose_groups(groups, window)
    return Given(asset, window, as_of, chosen, Handed(told, paths or {}), facts)


def moves(window: str, move: float | None, rate: float | None) -> dict[str, float | None]:
    """price.ret and the rate of OI that stand for these moves."""
    return {
        f"price.ret@{window}": None if move is None else math.log1p(move),
        f"positioning.oi_usdtm_coin@{window}:rate": rate,
    }


def bands(window: str) -> tuple[float, float]:
    """The fixed bands of price and OI."""
    scale = math.sqrt(WINDOWS[window] / WINDOWS["45m"])
    return DEFAULTS.fixed_price * scale, DEFAULTS.fixed_oi * scale


def above(x: float) -> float:
    """The next number up."""
    return math.nextafter(x, math.inf)


def below(x: float) -> float:
    """The next number down."""
    return math.nextafter(x, -math.inf)


def named(rule: Rule, at: Given) -> str:
    return read(rule, at).name


def missing(reading: Reading, *words: str) -> bool:
    """It could not be told, and the words of what was missing are in the reason."""
    return reading.name == "cannot_tell" and all(word in reading.because for word in words)


def spread(size: int, low: float, high: float) -> np.ndarray:
    """Evenly spread samples."""
    return np.linspace(low, high, size)
