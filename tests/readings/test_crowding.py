"""R4 as tables: at, just under and just over each number; every missing input named."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from tests.readings.handed import above, bands, below, given, missing, moves, named
from tideline.readings.crowding.funding import (
    DAILY,
    FUNDING,
    RATE,
    change_z,
    extreme_side,
    rank_address,
)
from tideline.readings.crowding.leverage import (
    MARKET_CAP,
    MCAP,
    MCAP_RANK,
    OI_RANK,
    SPOT_LED,
    SPOT_RANK,
    TAIL,
    VOLUME,
    VOLUME_RANK,
)
from tideline.readings.crowding.pace import (
    CONTRARIAN,
    DAY_COIN,
    DAY_USD,
    FIVE_COIN,
    FIVE_USD,
    GROWTH,
    MONTH,
    PACE,
    RANK_30,
    WEEK,
    WEEK_COIN,
    growth_rank,
    range_position,
)
from tideline.readings.parameters import DEFAULTS
from tideline.readings.profiles import Profile
from tideline.readings.rule import read

W = "45m"
OI_BAND = bands(W)[1]
RANK = rank_address(DEFAULTS)
CALM = {RATE: 0.0001, RANK: 0.5}


def daily(z: float) -> np.ndarray:
    """32 daily fundings, newest first, whose last change has that z among the 30 before it."""
    base = np.array([1.0, -1.0] * 15)
    change = base.mean() + z * base.std(ddof=1)
    return np.concatenate([[0.0], -np.cumsum(np.concatenate([[change], base]))]) * 1e-6


# --- crowding, inflow, overheating -------------------------------------------------------------


def test_the_z_of_fundings_change_is_that_of_the_transform() -> None:
    for z in (-2.5, -1.0, 0.0, 0.3, 1.0, 4.0):
        assert change_z(daily(z)) == pytest.approx(z, abs=1e-9)
    path = np.random.default_rng(3).normal(size=32)
    changes = path[:-1] - path[1:]
    expected = (changes[0] - changes[1:].mean()) / changes[1:].std(ddof=1)
    assert change_z(path) == pytest.approx(expected)
    path[12:] = math.nan  # ten changes are left in the baseline
    assert change_z(path) is not None
    path[11] = math.nan
    assert change_z(path) is None
    assert change_z(np.full(32, math.nan)) is None


def test_funding_that_never_moves_is_flat_and_any_move_is_infinite() -> None:
    flat = np.full(32, 0.0001)
    assert change_z(flat) == 0.0
    flat[0] = 0.0002
    assert change_z(flat) == math.inf


@pytest.mark.parametrize(
    ("z", "name"),
    [(1.001, "crowding"), (0.999, "healthy_inflow"), (-0.999, "healthy_inflow"),
     (-1.001, "quiet"), (9.0, "crowding")],
)  # fmt: skip
def test_open_interest_up_with_funding_rising_or_flat(z: float, name: str) -> None:
    reading = read(FUNDING, given(W, moves(W, 0.0, 0.02) | CALM, {DAILY: daily(z)}))
    assert reading.name == name
    assert reading.severity == ("watch" if name == "crowding" else "none")


def test_at_the_limit_itself_funding_rises() -> None:
    """The limit is set to the very z of a path: at it, and one step beyond."""
    path = daily(1.5)
    z = change_z(path)
    assert z is not None
    at = given(W, moves(W, 0.0, 0.02) | CALM, {DAILY: path})
    for limit, name in ((z, "crowding"), (above(z), "healthy_inflow")):
        profile = Profile("test", replace(DEFAULTS, funding_rising_z=limit))
        assert read(FUNDING, at, profile).name == name


@pytest.mark.parametrize(
    ("rate", "told"), [(OI_BAND, False), (above(OI_BAND), True), (-0.05, False)]
)
def test_open_interest_must_be_up_by_more_than_its_band(rate: float, told: bool) -> None:
    at = given(W, moves(W, 0.0, rate) | CALM, {DAILY: daily(3.0)})
    assert named(FUNDING, at) == ("crowding" if told else "quiet")


@pytest.mark.parametrize(
    ("rate", "rank", "side"),
    [
        (0.0002, 0.95, 1), (0.0002, below(0.95), 0), (0.0002, above(0.95), 1),
        (0.00019, 0.99, 0), (0.00021, 0.99, 1),
        (0.0, 0.05, -1), (0.0, above(0.05), 0), (0.0, below(0.05), -1),
        (0.00001, 0.01, 0), (-0.00001, 0.01, -1), (0.0001, 0.99, 0),
    ],
)  # fmt: skip
def test_funding_is_extreme_when_rare_and_far_from_the_interest_part(
    rate: float, rank: float, side: int
) -> None:
    numbers = moves(W, 0.0, 0.02) | {RATE: rate, RANK: rank}
    at = given(W, numbers, {DAILY: daily(0.0)})
    assert extreme_side(at, DEFAULTS) == side
    reading = read(FUNDING, at)
    assert reading.name == ("one_sided_overheating" if side else "healthy_inflow")
    if side:
        assert reading.notes == (f"overheated side: {'longs' if side > 0 else 'shorts'}",)
        assert reading.direction == ("down" if side > 0 else "up")


def test_crowding_names_what_is_missing() -> None:
    up = moves(W, 0.0, 0.02)
    assert missing(read(FUNDING, given(W, up | {RANK: 0.5})), RATE)
    assert missing(read(FUNDING, given(W, up | {RATE: 0.1})), RANK)
    assert missing(read(FUNDING, given(W, up | CALM)), "funding_avg@24h:delta")
    assert missing(read(FUNDING, given(W, moves(W, 0.0, None))), "oi_usdtm_coin@45m:rate")


# --- pace --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "name", "severity"),
    [
        (below(0.01), "quiet", "none"), (0.01, "pace_calm", "none"), (above(0.01), "pace_calm",
         "none"), (below(0.03), "pace_calm", "none"), (0.03, "pace_brisk", "watch"),
        (below(0.08), "pace_brisk", "watch"), (0.08, "pace_spike", "elevated"),
        (0.5, "pace_spike", "elevated"),
    ],
)  # fmt: skip
def test_pace_of_a_day_either_way(change: float, name: str, severity: str) -> None:
    for sign in (1, -1):
        reading = read(PACE, given("24h", {DAY_COIN: sign * change, DAY_USD: 0.5}))
        assert (reading.name, reading.severity) == (name, severity)
        if name != "quiet":
            assert reading.direction == ("up" if sign > 0 else "down")
            assert "+50.0% in USD" in reading.because


def test_coin_decides_and_the_level_of_30_days_stands_beside_it() -> None:
    month = [3.0, *np.linspace(1.0, 5.0, 720)]
    at = given("24h", {DAY_COIN: 0.0, DAY_USD: 0.4, RANK_30: 0.9}, {MONTH: month})
    reading = read(PACE, at)
    assert reading.name == "quiet"
    assert {e.address: e.value for e in reading.evidence}[RANK_30] == 0.9
    assert reading.evidence[-1].value == 0.5


def test_the_place_in_the_range() -> None:
    assert range_position(np.array([5.0, 1.0, 5.0])) == 1.0
    assert range_position(np.array([1.0, 1.0, 5.0])) == 0.0
    assert range_position(np.array([2.0, 2.0])) is None
    assert range_position(np.array([math.nan, 1.0, 2.0])) is None
    assert range_position(np.array([2.0, math.nan, 1.0, 3.0])) == 0.5


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (below(0.25), "quiet"), (0.25, "leverage_heavy"), (above(0.25), "leverage_heavy"),
        (above(-0.25), "quiet"), (-0.25, "leverage_shed"), (below(-0.25), "leverage_shed"),
    ],
)  # fmt: skip
def test_a_quarter_in_a_week(change: float, name: str) -> None:
    assert named(WEEK, given("24h", {WEEK_COIN: change})) == name


OVERPAID = {RATE: 0.0005, RANK: 0.99}


@pytest.mark.parametrize(("usd", "told"), [(below(0.20), False), (0.20, True), (above(0.20), True)])
def test_twenty_percent_in_five_days_is_contrarian(usd: float, told: bool) -> None:
    at = given("24h", OVERPAID | {FIVE_USD: usd, FIVE_COIN: 0.1})
    reading = read(CONTRARIAN, at)
    assert (reading.name == "contrarian_setup") is told
    shorts = given("24h", {RATE: -0.0005, RANK: 0.01, FIVE_USD: usd, FIVE_COIN: 0.1})
    assert (read(CONTRARIAN, shorts).direction == "up") is told
    calm = given("24h", CALM | {FIVE_USD: usd, FIVE_COIN: 0.1})
    assert named(CONTRARIAN, calm) == "quiet"


def grown(rank_below: int) -> np.ndarray:
    """96 daily values whose last five-day growth beats that many of the 90 before it."""
    q = np.full(96, 100.0)
    growth = q[:-5] / q[5:] - 1
    assert growth.size == 91
    path = [100.0] * 96
    for k in range(90, -1, -1):  # oldest to newest
        wanted = 0.05 if k == 0 else (0.0 if k <= rank_below else 0.10)
        path[k] = path[k + 5] * (1 + wanted)
    return np.array(path)


def test_or_the_coins_own_99th_percentile() -> None:
    assert growth_rank(grown(90)) == 1.0
    assert growth_rank(grown(89)) == pytest.approx(89 / 90)  # 98.9 %: just under
    numbers = OVERPAID | {FIVE_USD: 0.01, FIVE_COIN: 0.05}
    assert named(CONTRARIAN, given("24h", numbers, {GROWTH: grown(90)})) == "contrarian_setup"
    assert named(CONTRARIAN, given("24h", numbers, {GROWTH: grown(89)})) == "quiet"


@pytest.mark.parametrize(("known", "told"), [(30, True), (29, False)])
def test_a_growth_rank_needs_thirty_growths(known: int, told: bool) -> None:
    path = np.full(96, math.nan)
    path[: known + 6] = np.linspace(2.0, 1.0, known + 6)
    assert (growth_rank(path) is not None) is told


def test_pace_rules_name_what_is_missing() -> None:
    assert missing(read(PACE, given("24h")), DAY_COIN)
    assert missing(read(WEEK, given("24h")), WEEK_COIN)
    assert missing(read(CONTRARIAN, given("24h", {FIVE_USD: 0.3})), RATE, RANK)
    assert missing(read(CONTRARIAN, given("24h", OVERPAID)), FIVE_USD)
    assert missing(read(CONTRARIAN, given("24h", OVERPAID | {FIVE_USD: 0.3})), FIVE_COIN)


# --- leverage against the coin, spot and volume ------------------------------------------------


@pytest.mark.parametrize(
    ("rank", "name"),
    [(below(0.10), "leverage_flushed"), (0.10, "leverage_flushed"), (above(0.10), "quiet"),
     (below(0.90), "quiet"), (0.90, "leverage_stretched"), (above(0.90), "leverage_stretched")],
)  # fmt: skip
def test_open_interest_against_market_value(rank: float, name: str) -> None:
    assert named(MARKET_CAP, given("24h", {MCAP: 0.02, MCAP_RANK: rank})) == name


@pytest.mark.parametrize(
    ("share", "word"),
    [(below(0.03), "below"), (0.03, "inside"), (0.05, "inside"), (above(0.05), "above")],
)
def test_the_textbook_zone_is_a_note_and_for_btc_alone(share: float, word: str) -> None:
    reading = read(MARKET_CAP, given("24h", {MCAP: share, MCAP_RANK: 0.5}))
    assert reading.name == "quiet"
    assert reading.notes[0].startswith(f"{word} the textbook zone of 3% to 5%")
    other = given("24h", {MCAP: share, MCAP_RANK: 0.5}, asset="ETH")
    assert read(MARKET_CAP, other).notes == ()


@pytest.mark.parametrize(
    ("oi", "spot", "told"),
    [(0.95, 0.2, True), (below(0.95), 0.1, False), (above(0.95), 0.2, True),
     (1.0, above(0.2), False), (1.0, below(0.2), True)],
)  # fmt: skip
def test_derivatives_tail(oi: float, spot: float, told: bool) -> None:
    at = given("24h", {OI_RANK: oi, SPOT_RANK: spot})
    assert named(TAIL, at) == ("derivatives_tail" if told else "quiet")


DAY_BAND = bands("24h")[1]


@pytest.mark.parametrize(
    ("rank", "rate", "name"),
    [
        (0.80, 0.0, "churn"), (below(0.80), 0.0, "quiet"), (above(0.80), DAY_BAND, "churn"),
        (0.80, above(DAY_BAND), "fresh_capital"), (below(0.80), 1.0, "quiet"),
        (0.80, -DAY_BAND, "churn"), (0.80, below(-DAY_BAND), "quiet"),
    ],
)  # fmt: skip
def test_churn_or_fresh_capital(rank: float, rate: float, name: str) -> None:
    at = given("24h", moves("24h", 0.0, rate) | {VOLUME_RANK: rank})
    assert named(VOLUME, at) == name


@pytest.mark.parametrize(
    ("price", "oi", "told"),
    [(1e-9, -1e-9, True), (0.0, -0.1, False), (0.1, 0.0, False), (-0.1, -0.1, False)],
)
def test_spot_led(price: float, oi: float, told: bool) -> None:
    numbers = {"price.mark@24h:rate[14]": price, "positioning.oi_usdtm_coin@24h:rate[14]": oi}
    assert named(SPOT_LED, given("24h", numbers)) == ("spot_led" if told else "quiet")


def test_leverage_rules_name_what_is_missing() -> None:
    assert missing(read(MARKET_CAP, given("24h", {MCAP: 0.1})), MCAP_RANK)
    assert missing(read(TAIL, given("24h")), OI_RANK)
    assert missing(read(TAIL, given("24h", {OI_RANK: 1.0})), SPOT_RANK)
    assert missing(read(VOLUME, given("24h")), VOLUME_RANK)
    assert missing(read(VOLUME, given("24h", {VOLUME_RANK: 0.9})), "oi_usdtm_coin@24h:rate")
    assert missing(read(SPOT_LED, given("24h")), "price.mark@24h:rate[14]")
