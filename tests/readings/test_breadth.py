"""R5 as a table: how many venues moved beyond their own band, the way of the whole."""

from __future__ import annotations

import numpy as np
import pytest

from tests.readings.handed import above, bands, below, given, missing, moves
from tideline.readings.breadth import (
    BREADTH,
    VOTERS,
    breadth_name,
    paths_of,
    venue_moves,
)
from tideline.readings.parameters import DEFAULTS
from tideline.readings.rule import read

W = "4h"
BAND = bands(W)[1]
USUAL = 0.01
OWN = 3 * USUAL


def venue(name: str, rate: float | None, held: float = 1000.0, usual: float = USUAL) -> dict:
    """Paths of one venue: held coins a window ago, its rate since, |ΔQ| at the like hours."""
    ends, now, then = paths_of(name, W)
    if rate is None:
        return {ends: [held, np.nan]}
    base = np.full(40, held)
    return {
        ends: [held * (1 + rate), held],
        now: base * (1 + usual * np.where(np.arange(40) % 2, 1, -1)),
        then: base,
    }


def at(whole: float | None = 0.2, **rates: float | None):
    paths = {path: values for name, rate in rates.items() for path, values in
             venue(name, rate).items()}  # fmt: skip
    return read(BREADTH, given(W, moves(W, 0.01, whole), paths))


@pytest.mark.parametrize(
    ("rates", "name"),
    [
        ((0.04, 0.04, 0.04), "broad"),
        ((0.04, 0.04, 0.0), "partial"),
        ((0.04, 0.0, 0.0), "local"),
        ((0.0, 0.0, 0.0), "quiet"),
        ((0.04, 0.04, -0.04), "partial"),  # against the whole
        ((0.04, 0.0301, 0.0301), "broad"),
        ((0.04, 0.0301, 0.0299), "partial"),
        ((0.04, 0.0299, 0.0299), "local"),
        ((0.0299, 0.0299, 0.0299), "quiet"),
    ],
)
@pytest.mark.parametrize("side", [1, -1])
def test_venues_that_agree(rates, name: str, side: int) -> None:
    told = dict(zip(("binance", "bybit", "okx"), (side * r for r in rates), strict=True))
    reading = at(side * 0.2, **told)
    assert reading.name == name
    if name != "quiet":
        assert reading.direction == ("up" if side > 0 else "down")
        assert reading.severity == ("watch" if name == "broad" else "none")


@pytest.mark.parametrize(
    ("count", "name"), [(0, ""), (1, "local"), (2, "partial"), (3, "broad"), (6, "broad")]
)
def test_the_names(count: int, name: str) -> None:
    assert breadth_name(count, DEFAULTS) == name


@pytest.mark.parametrize(
    ("whole", "name"),
    [(BAND, "quiet"), (above(BAND), "broad"), (below(BAND), "quiet"), (-BAND, "quiet")],
)
def test_the_whole_must_have_moved(whole: float, name: str) -> None:
    assert at(whole, binance=0.04, bybit=0.04, okx=0.04).name == name


def test_each_venue_has_its_own_band() -> None:
    paths = venue("binance", 0.05) | venue("bybit", 0.05, usual=0.02) | venue("okx", 0.05)
    reading = read(BREADTH, given(W, moves(W, 0.01, 0.2), paths))
    assert reading.name == "partial"  # bybit usually moves twice as far
    found = {item.address.split()[-1]: item.threshold for item in reading.evidence[1:]}
    assert found == pytest.approx({"binance": OWN, "bybit": 2 * OWN, "okx": OWN})


def test_shares_are_of_what_moved_and_hyperliquid_has_none() -> None:
    paths = (
        venue("binance", 0.04, 3000.0)
        | venue("bybit", -0.04, 1000.0)
        | venue("hyperliquid", 0.04, 9e9)
    )
    moved = {m.venue: m for m in venue_moves(given(W, {}, paths), DEFAULTS)}
    assert moved["binance"].share == pytest.approx(0.75)
    assert moved["bybit"].share == pytest.approx(0.25)
    assert moved["hyperliquid"].share is None
    assert moved["hyperliquid"].side == 1
    reading = read(BREADTH, given(W, moves(W, 0.01, 0.2), paths))
    assert reading.name == "partial"  # it agrees in percent
    assert "hyperliquid +4.00%, in percent only" in reading.because
    assert "binance +4.00%, 75% of all moved" in reading.because


@pytest.mark.parametrize(
    ("rates", "told"),
    [({}, False), ({"binance": 0.04}, False), ({"binance": 0.04, "okx": None}, False),
     ({"binance": 0.04, "okx": 0.0}, True)],
)  # fmt: skip
def test_one_venue_alone_says_nothing(rates, told: bool) -> None:
    reading = at(**rates)
    assert reading.told is told
    if not told:
        assert missing(reading, "alone")


def test_what_is_missing_is_named() -> None:
    assert missing(at(None, binance=0.04, bybit=0.04), "oi_usdtm_coin@4h:rate")


def test_every_voter_has_its_paths_among_the_wants() -> None:
    wanted = BREADTH.wants(W, DEFAULTS).paths
    for name in VOTERS:
        assert set(paths_of(name, W)) <= set(wanted)
