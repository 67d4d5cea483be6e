"""R3 as tables: at, just under and just over each number; every missing input named."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.readings.handed import above, bands, below, given, missing, moves, named, value
from tideline.domain.time import MINUTE
from tideline.readings.covering.building import BUILDING, published_falls
from tideline.readings.covering.flush import (
    BASIS,
    BEFORE,
    FLUSH,
    IMBALANCE,
    IMBALANCE_Z,
    RATE,
    REVERSAL,
    REVERSAL_PUBLISHED,
    SHARE,
    SHARP,
    TURNED,
)
from tideline.readings.covering.kind import FUNDING, KIND, LEFT, funding_rank, rank_of_full
from tideline.readings.covering.share import forced_share, interval
from tideline.readings.given import Path
from tideline.readings.own_history import changes_path, quantile, week_path
from tideline.readings.parameters import DEFAULTS
from tideline.readings.rule import read

W = "45m"
PRICE_BAND, OI_BAND = bands(W)
HOURS = 90 * 24


def history(window: str, lowest: float = -0.3, size: int = HOURS) -> dict[Path, np.ndarray]:
    """An own past whose quantiles are far below the published falls, or as given."""
    return {changes_path(window, DEFAULTS): np.log1p(np.linspace(lowest, 0.3, size))}


# --- covering that builds ----------------------------------------------------------------------

FIVES = {"15m": 3, "30m": 6}


def building(window: str, rate: float | None, ups: int, past: np.ndarray | None = None):
    steps = Path("price.ret", "5m", 5 * MINUTE, FIVES[window])
    rises = [0.001] * ups + [-0.001] * (FIVES[window] - ups)
    paths = {steps: rises}
    if past is not None:
        paths[changes_path(window, DEFAULTS)] = past
    rates = {f"positioning.oi_usdtm_coin@{window}:rate": rate}
    return read(BUILDING, given(window, rates, paths))


@pytest.mark.parametrize(
    ("rate", "severity"),
    [
        (above(-0.015), None), (-0.015, "watch"), (below(-0.015), "watch"),
        (above(-0.05), "watch"), (-0.05, "elevated"), (below(-0.05), "elevated"),
        (above(-0.10), "elevated"), (-0.10, "extreme"), (below(-0.10), "extreme"),
    ],
)  # fmt: skip
def test_the_published_falls_at_30m(rate: float, severity: str | None) -> None:
    reading = building("30m", rate, 6)
    assert (reading.name == "covering_building") is (severity is not None)
    if severity:
        assert reading.severity == severity
        assert "published" in reading.because
        assert "own history too short" in reading.because


def test_the_published_falls_are_scaled_to_15m_by_the_root_of_time() -> None:
    watch = published_falls("15m", DEFAULTS)[0]
    assert watch == pytest.approx(-0.015 / math.sqrt(2))
    assert building("15m", watch, 3).severity == "watch"
    assert building("15m", above(watch), 3).name == "quiet"


@pytest.mark.parametrize(("ups", "told"), [(3, False), (4, True), (5, True)])
def test_price_must_rise_in_two_thirds_of_the_sub_windows(ups: int, told: bool) -> None:
    assert (building("30m", -0.02, ups).name == "covering_building") is told


@pytest.mark.parametrize(("ups", "told"), [(1, False), (2, True)])
def test_two_of_three_are_two_thirds(ups: int, told: bool) -> None:
    assert (building("15m", -0.02, ups).name == "covering_building") is told


def own_past(at_two_percent: float) -> np.ndarray:
    """2001 hourly changes whose 2 % quantile (the 41st smallest) is that fall."""
    ascending = np.concatenate([np.full(40, 5 * at_two_percent), [at_two_percent], np.zeros(1960)])
    return np.log1p(ascending)


def test_the_own_quantile_counts_where_it_is_nearer_to_zero() -> None:
    past = own_past(-0.01)
    known = float(np.expm1(past[40]))
    for rate, told in ((above(known), False), (known, True), (below(known), True)):
        reading = building("30m", rate, 6, past)
        assert (reading.name == "covering_building") is told
    assert "own 2 % quantile of 90 days" in reading.because
    assert reading.notes == ("test that fired: own 2 % quantile of 90 days",)
    far = building("30m", -0.015, 6, own_past(-0.02))
    assert "published" in far.notes[0]


def test_no_fall_nearer_than_half_a_percent_counts() -> None:
    past = np.log1p(np.concatenate([np.full(40, -0.03), [-0.001], np.zeros(1960)]))
    assert building("30m", above(-0.005), 6, past).name == "quiet"
    reading = building("30m", -0.005, 6, past)
    assert (reading.name, reading.severity) == ("covering_building", "watch")
    assert "held at the least fall that counts" in reading.because


@pytest.mark.parametrize(("size", "own"), [(999, False), (1000, True)])
def test_an_own_quantile_needs_a_thousand_samples(size: int, own: bool) -> None:
    past = np.log1p(np.concatenate([np.full(100, -0.008), np.zeros(size - 100)]))
    assert (building("30m", -0.009, 6, past).name == "covering_building") is own


def test_building_names_what_is_missing() -> None:
    assert missing(building("30m", None, 6), "oi_usdtm_coin@30m:rate")
    steps = Path("price.ret", "5m", 5 * MINUTE, 6)
    rates = {"positioning.oi_usdtm_coin@30m:rate": -0.02}
    holed = given("30m", rates, {steps: [0.1, 0.1, 0.1, 0.1, 0.1, math.nan]})
    assert missing(read(BUILDING, holed), "sub-window of 30m")


def test_quantiles_lie_straight_between_two_samples() -> None:
    known = np.array([1.0, 2.0, 4.0])
    assert [quantile(known, q) for q in (0.0, 0.25, 0.5, 0.75, 1.0)] == [1.0, 1.5, 2.0, 3.0, 4.0]
    many = np.sort(np.random.default_rng(1).normal(size=501))
    assert quantile(many, 0.02) == pytest.approx(float(np.quantile(many, 0.02)))


# --- orderly or forced -------------------------------------------------------------------------

COVER = moves(W, 0.012, -0.02)
FALL = moves(W, -0.012, -0.02)
SHORT, LONG = rank_of_full("short", W, DEFAULTS), rank_of_full("long", W, DEFAULTS)
OI_SHARE = f"liquidations.liq_oi_share@{W}"
OI_SHARE_RANK = f"{OI_SHARE}:pctrank[672]"


def test_without_closing_there_is_no_kind() -> None:
    for move, rate in ((0.012, 0.02), (0.012, 0.0), (0.0, -0.02), (-0.012, 0.02)):
        assert named(KIND, given(W, moves(W, move, rate))) == "quiet"
    edge = moves(W, PRICE_BAND, -0.02)
    assert named(KIND, given(W, edge | {SHORT: 0.99})) == "quiet"


@pytest.mark.parametrize(
    ("rank", "forced"), [(below(0.98), False), (0.98, True), (above(0.98), True)]
)
def test_forced_flow_among_the_largest_makes_it_forced(rank: float, forced: bool) -> None:
    cover = read(KIND, given(W, COVER | {SHORT: rank, LONG: 1.0}))
    assert cover.name == ("short_squeeze" if forced else "orderly_covering")
    assert cover.severity == ("elevated" if forced else "watch")
    fall = read(KIND, given(W, FALL | {LONG: rank, SHORT: 1.0}))
    assert fall.name == ("liquidation_cascade" if forced else "long_exit")
    assert (cover.direction, fall.direction) == ("up", "down")


@pytest.mark.parametrize(
    ("share", "rank", "forced"),
    [
        (0.0001, 0.95, True), (above(0.0001), above(0.95), True),
        (below(0.0001), 1.0, False), (1.0, below(0.95), False), (None, 1.0, False),
    ],
)  # fmt: skip
def test_or_an_unusual_share_of_open_interest(
    share: float | None, rank: float, forced: bool
) -> None:
    numbers = COVER | {SHORT: 0.5, OI_SHARE: share, OI_SHARE_RANK: rank}
    assert named(KIND, given(W, numbers)) == ("short_squeeze" if forced else "orderly_covering")


def speed(ret_over_rv: float, rate: float, past_low: float, rarest: float = -0.5, **more):
    move = 0.012
    numbers = moves(W, move, rate) | {f"price.rv@{W}": math.log1p(move) / ret_over_rv, **more}
    past = np.concatenate([np.full(5, rarest), np.full(200, past_low), np.zeros(1800)])
    return read(KIND, given(W, numbers, {changes_path(W, DEFAULTS): np.log1p(past)}))


def test_without_a_complete_feed_it_is_decided_by_speed_and_says_so() -> None:
    fast = speed(1.01, -0.03, -0.02)
    assert fast.name == "short_squeeze"
    assert "decided by speed" in fast.because
    assert "decided by speed" in fast.notes
    assert speed(0.99, -0.03, -0.02).name == "orderly_covering"
    assert speed(1.01, -0.03, -0.04).name == "orderly_covering"
    rare = float(np.expm1(np.log1p(-0.02)))
    assert speed(1.01, rare, -0.02).name == "short_squeeze"
    assert speed(1.01, above(rare), -0.02).name == "orderly_covering"


def test_a_fall_of_one_in_a_thousand_is_fast_however_the_move_went() -> None:
    rarest = float(np.expm1(np.log1p(-0.5)))
    assert speed(0.1, rarest, -0.02).name == "short_squeeze"
    assert speed(0.1, above(rarest), -0.02).name == "orderly_covering"


@pytest.mark.parametrize(("events", "saturated"), [(1349, False), (1350, True)])
def test_a_sampled_feed_with_events_in_half_of_the_seconds_is_saturated(
    events: int, saturated: bool
) -> None:
    name = f"liquidations.liq_short_vol@{W}"
    reading = speed(1.01, -0.03, -0.02, **{name: value(name, 1e6, n=events)})
    assert any("saturated" in note for note in reading.notes) is saturated


def test_kind_names_what_is_missing() -> None:
    assert missing(read(KIND, given(W, moves(W, None, -0.02))), "price.ret@45m")
    assert missing(read(KIND, given(W, COVER)), "price.rv@45m")
    numbers = COVER | {f"price.rv@{W}": 0.01}
    assert missing(read(KIND, given(W, numbers)), "liq_short_full", "history is too short")


# --- the forced share --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("forced", "volume", "change", "low", "high"),
    [
        (10.0, 100.0, -40.0, 0.1, 0.25),
        (10.0, 100.0, -10.0, 0.1, 1.0),
        (10.0, 100.0, -5.0, 0.1, 1.0),  # more was liquidated than the book fell
        (10.0, 100.0, 0.0, 0.1, 1.0),  # an opener met every liquidation
        (10.0, 100.0, 5.0, 0.1, 1.0),
        (0.0, 100.0, -40.0, 0.0, 0.0),
    ],
)
def test_the_share_is_an_interval(
    forced: float, volume: float, change: float, low: float, high: float
) -> None:
    assert interval(forced, volume, change) == (low, high)


def test_complete_feeds_give_both_bounds_sampled_ones_the_lower_alone() -> None:
    full = {
        f"liquidations.liq_short_full_coin@{W}": 10.0,
        f"flow.volume_full@{W}": 100.0,
        f"positioning.oi_full_coin@{W}:delta": -40.0,
    }
    sampled = {f"liquidations.liq_short_coin@{W}": 12.0, f"flow.volume_usdtm@{W}": 400.0}
    both = forced_share(given(W, full | sampled), "short")
    assert both is not None
    assert (both.low, both.high, both.complete) == (0.1, 0.25, True)
    lower = forced_share(given(W, sampled), "short")
    assert lower is not None
    assert (lower.low, lower.high, lower.complete) == (0.03, None, False)
    assert forced_share(given(W, full | sampled), "long") is None  # nothing known of that side
    assert forced_share(given(W, {f"liquidations.liq_short_coin@{W}": 1.0}), "short") is None
    told = read(KIND, given(W, COVER | full | {SHORT: 0.99}))
    assert told.forced_share == both
    assert "10.0% to 25% of the closing of shorts was forced" in told.because


# --- more covering left ------------------------------------------------------------------------

RANK = funding_rank(DEFAULTS)


@pytest.mark.parametrize(
    ("rate", "rank", "told"),
    [
        (-0.0001, 0.5, True), (below(-0.0001), 0.5, True), (above(-0.0001), 0.5, False),
        (0.0, 0.05, True), (0.0, below(0.05), True), (0.0, above(0.05), False),
        (-0.0002, None, True),
    ],
)  # fmt: skip
def test_shorts_that_still_pay_have_covering_left(
    rate: float, rank: float | None, told: bool
) -> None:
    reading = read(LEFT, given(W, COVER | {FUNDING: rate, RANK: rank}))
    assert reading.name == ("more_covering_left" if told else "quiet")


def test_more_covering_needs_covering_and_funding() -> None:
    assert named(LEFT, given(W, FALL | {FUNDING: -0.01, RANK: 0.0})) == "quiet"
    assert missing(read(LEFT, given(W, COVER | {RANK: 0.5})), FUNDING)
    assert missing(read(LEFT, given(W, COVER | {FUNDING: 0.0})), RANK)


# --- sharp deleveraging and flush --------------------------------------------------------------


def hour(rate: float | None, past: np.ndarray | None = None, **more: float | None):
    paths = {}
    if past is not None:
        paths = {changes_path("1h", DEFAULTS): past, week_path("1h"): past[:168]}
    return given("1h", {RATE: rate, **more}, paths)


@pytest.mark.parametrize(
    ("rate", "told"), [(above(-0.05), False), (-0.05, True), (below(-0.05), True), (0.0, False)]
)
def test_five_percent_in_an_hour_is_sharp(rate: float, told: bool) -> None:
    assert named(SHARP, hour(rate)) == ("sharp_deleveraging" if told else "quiet")


def rare_past(limit: float) -> np.ndarray:
    """2001 samples whose 0.1 % quantile (the third smallest) is ``limit``."""
    return np.log1p(np.concatenate([np.zeros(1998), [2 * limit, 2 * limit, limit]]))


def test_or_the_own_quantile_where_it_is_nearer_to_zero() -> None:
    past = rare_past(-0.02)
    known = float(np.expm1(past[-1]))
    assert named(SHARP, hour(above(known), past)) == "quiet"
    assert named(SHARP, hour(known, past)) == "sharp_deleveraging"
    assert "own 0.1 % quantile" in read(SHARP, hour(below(known), past)).because
    # far below −5 % the published fall is the nearer one
    assert named(SHARP, hour(-0.05, rare_past(-0.2))) == "sharp_deleveraging"


def test_last_week_alone_can_show_that_a_fall_is_nothing_special() -> None:
    """The short cut and the whole past agree, whatever last week held."""
    rng = np.random.default_rng(7)
    for _ in range(200):
        past = np.log1p(np.clip(rng.normal(0, 0.01, HOURS), -0.5, 0.5))
        rate = float(rng.choice([np.expm1(np.sort(past)[rng.integers(0, 12)]), -0.02, -0.001]))
        limit = float(np.quantile(np.expm1(past), 0.001))
        told = rate <= -0.05 or rate <= limit
        near = abs(rate - limit) < 1e-12
        if not near:
            assert (named(SHARP, hour(rate, past)) == "sharp_deleveraging") is told


@pytest.mark.parametrize(
    ("liquidated", "word"),
    [(0.03, "cascade"), (above(0.03), "cascade"), (below(0.03), "coordinated exit"),
     (None, "cannot tell whether")],
)  # fmt: skip
def test_a_sharp_fall_is_a_cascade_if_liquidations_explain_it(
    liquidated: float | None, word: str
) -> None:
    reading = read(SHARP, hour(-0.06, **{SHARE: liquidated}))
    assert word in reading.because


@pytest.mark.parametrize(("rate", "severity"), [(-0.0999, "elevated"), (-0.10, "extreme")])
def test_twice_the_fall_is_extreme(rate: float, severity: str) -> None:
    assert read(SHARP, hour(rate)).severity == severity


@pytest.mark.parametrize(
    ("ret", "rate", "imbalance", "told"),
    [
        (-0.01, -0.05, 0.5, True), (-0.01, -0.05, above(0.5), True),
        (-0.01, -0.05, below(0.5), False), (0.0, -0.05, 1.0, False),
        (-1e-9, -0.05, 1.0, True), (-0.01, above(-0.05), 1.0, False),
    ],
)  # fmt: skip
def test_forced_deleveraging_takes_all_three(
    ret: float, rate: float, imbalance: float, told: bool
) -> None:
    at = hour(rate, **{"price.ret@1h": ret, IMBALANCE: imbalance})
    assert named(FLUSH, at) == ("forced_deleveraging" if told else "quiet")


def test_flush_and_sharp_name_what_is_missing() -> None:
    assert missing(read(SHARP, hour(None)), RATE)
    assert missing(read(FLUSH, hour(-0.06)), "price.ret@1h")
    assert missing(read(FLUSH, hour(-0.06, **{"price.ret@1h": -0.01})), IMBALANCE)


# --- the reversal set-up -----------------------------------------------------------------------

FLUSHED = rank_of_full("long", "15m", DEFAULTS)
SET_UP = {IMBALANCE: 0.9, IMBALANCE_Z: 2.5, FLUSHED: 0.99, TURNED: 5.0, FUNDING: -0.0001,
          BASIS: -0.001}  # fmt: skip


def turned(before: float = -3.0, **changed: float | None):
    return given("15m", SET_UP | changed, {BEFORE: [before]})


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({}, True),
        ({IMBALANCE: 0.5}, True), ({IMBALANCE: below(0.5)}, False),
        ({FLUSHED: 0.98}, True), ({FLUSHED: below(0.98)}, False),
        ({TURNED: 1e-9}, True), ({TURNED: 0.0}, False),
        ({FUNDING: 0.0}, True), ({BASIS: 0.0}, True),
        ({FUNDING: 0.0, BASIS: 0.0}, False), ({FUNDING: 0.0, BASIS: -1e-9}, True),
        ({FUNDING: None}, True), ({BASIS: None}, True),
    ],
)  # fmt: skip
def test_the_set_up_takes_every_leg(changed: dict, told: bool) -> None:
    assert named(REVERSAL, turned(**changed)) == ("reversal_setup" if told else "quiet")


@pytest.mark.parametrize(("before", "told"), [(-1e-9, True), (0.0, False), (3.0, False)])
def test_takers_must_have_sold_before(before: float, told: bool) -> None:
    assert (named(REVERSAL, turned(before)) == "reversal_setup") is told


@pytest.mark.parametrize(("z", "told"), [(2.0, True), (below(2.0), False), (-3.0, False)])
def test_the_published_form_is_a_name_of_its_own(z: float, told: bool) -> None:
    at = turned(**{IMBALANCE_Z: z, IMBALANCE: 0.1})
    assert named(REVERSAL, at) == "quiet"
    assert named(REVERSAL_PUBLISHED, at) == ("reversal_setup_published" if told else "quiet")


@pytest.mark.parametrize("lost", [IMBALANCE, FLUSHED, TURNED])
def test_the_set_up_names_what_is_missing(lost: str) -> None:
    assert missing(read(REVERSAL, turned(**{lost: None})), lost)


def test_the_set_up_names_missing_flow_and_funding() -> None:
    assert missing(read(REVERSAL, turned(math.nan)), "flow.cvd@15m")
    assert missing(read(REVERSAL, turned(**{FUNDING: None, BASIS: None})), FUNDING, BASIS)
    assert missing(read(REVERSAL_PUBLISHED, turned(**{IMBALANCE_Z: None})), IMBALANCE_Z)
