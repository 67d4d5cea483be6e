"""R9, item by item: at, just under and just over every number; then the page."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tideline.domain.errors import BadInput
from tideline.domain.time import DAY
from tideline.readings.analogue import Analogue, Analogues, Following, Spread
from tideline.readings.level_chart import bars, chart
from tideline.readings.margin_tiers import shipped
from tideline.readings.numbers.position import PositionNumbers
from tideline.readings.parameters import DEFAULTS
from tideline.readings.position import Position
from tideline.readings.position_costs import break_even_price, costs_of
from tideline.readings.position_report import ReportInputs, position_report
from tideline.readings.price_oi import STATES
from tideline.readings.price_words import price_words
from tideline.readings.reading import CANNOT_TELL, Direction, Evidence, FeatureValue, Reading
from tideline.readings.report_text import NO_ADVICE, markdown

T = 20_500 * DAY
LONG = Position("long", 0.3, 67_600.0, 64_500.0, 10.0, 100_000.0)
SHORT = replace(LONG, side="short", stop=70_700.0)


def reading(
    name: str, window: str = "4h", because: str = "Because.", direction: Direction = "up"
) -> Reading:
    evidence = (
        Evidence("price.ret@4h", 0.02, 0.015),
        Evidence("positioning.oi_usdtm_coin@4h:rate", 0.03, 0.02),
    )
    return Reading(name, "BTC", window, T, "watch", direction, 1.2, evidence, because, "rule",
                   price_change=0.02, oi_change=0.03)  # fmt: skip


def no_analogues() -> Analogues:
    return Analogues("BTC", "4h", T, "Cannot tell: 3 independent moments.", "R8", (), (), 9, 0, 1,
                     (), ())  # fmt: skip


def inputs(**changes) -> ReportInputs:
    made = ReportInputs(
        asset="BTC",
        as_of=T,
        position=LONG,
        slow=reading("new_longs"),
        fast=reading("balanced", "45m"),
        mark=FeatureValue("price.mark@4h", 67_600.0),
        oi=FeatureValue("positioning.oi_usdtm_coin@4h", 100_000.0),
        oi_then=97_000.0,
        oi_band=0.02,
        funding=FeatureValue("funding.funding_avg@4h", 0.0001),
        funding_rank=FeatureValue("funding.funding_avg@4h:pctrank[180]", 0.5),
        funding_history=[0.0001] * 300,
        tiers=shipped("BTC", T),
        analogues=no_analogues(),
        breadth=reading("broad"),
        persistence=reading("structural"),
        path_mark=[67_000.0 + 10 * k for k in range(73)],
        path_oi=[97_000.0 + 40 * k for k in range(73)],
    )
    return replace(made, **changes)


def verdict(key: str, **changes) -> str:
    return position_report(inputs(**changes)).item(key).verdict


@pytest.mark.parametrize("state", [state.name for state in STATES])
@pytest.mark.parametrize("side", ["long", "short"])
def test_only_money_entering_on_the_side_is_alignment(state: str, side: str) -> None:
    expected = {"long": "new_longs", "short": "new_shorts"}[side]
    position = LONG if side == "long" else SHORT
    found = verdict("alignment", slow=reading(state), position=position)
    assert found == ("pass" if state == expected else "fail")


@pytest.mark.parametrize("state", [state.name for state in STATES])
def test_the_impulse_of_a_squeeze_is_the_closing_that_pushes_the_side(state: str) -> None:
    fast = reading(state, "45m")
    assert verdict("impulse", fast=fast) == ("fail" if state == "short_covering" else "pass")
    short = verdict("impulse", fast=fast, position=SHORT)
    assert short == ("fail" if state == "long_liquidation" else "pass")


@pytest.mark.parametrize(
    ("key", "name", "expected"),
    [
        ("breadth", "broad", "pass"),
        ("breadth", "partial", "fail"),
        ("breadth", "local", "fail"),
        ("breadth", "quiet", "fail"),
        ("breadth", CANNOT_TELL, "cannot tell"),
        ("persistence", "structural", "pass"),
        ("persistence", "noise", "fail"),
        ("persistence", CANNOT_TELL, "cannot tell"),
    ],
)
def test_venues_and_days_come_from_their_readings(key: str, name: str, expected: str) -> None:
    item = {"breadth": "skew", "persistence": "duration"}[key]
    assert verdict(item, **{key: reading(name)}) == expected
    assert verdict(item, **{key: None}) == "cannot tell"
    if expected == "pass":  # unwinding is no build-up, on however many venues or days
        assert verdict(item, **{key: reading(name, direction="down")}) == "fail"


def test_what_r1_cannot_tell_stays_untold() -> None:
    lost = reading(CANNOT_TELL, because="Cannot tell: nothing is known.")
    report = position_report(inputs(slow=lost, fast=lost))
    assert report.item("alignment").verdict == report.item("impulse").verdict == "cannot tell"
    assert "nothing is known" in report.item("alignment").because


@pytest.mark.parametrize(
    ("side", "rate", "rank", "expected"),
    [
        ("long", 0.0002, 0.95, "fail"),
        ("long", 0.0002, 0.9499, "pass"),
        ("long", 0.000199, 0.99, "pass"),  # not 0.01 % from the interest baseline
        ("long", 0.00021, 0.951, "fail"),
        ("long", -0.0002, 0.01, "pass"),  # extreme, but the long receives
        ("short", 0.0, 0.05, "fail"),
        ("short", 0.0, 0.0501, "pass"),
        ("short", 0.000001, 0.01, "pass"),
        ("short", -0.0002, 0.049, "fail"),
        ("short", 0.0003, 0.99, "pass"),
        ("long", None, 0.5, "cannot tell"),
        ("long", 0.0001, None, "cannot tell"),
    ],
)
def test_funding(side, rate, rank, expected) -> None:
    position = LONG if side == "long" else SHORT
    changes = {
        "position": position,
        "funding": FeatureValue("funding.funding_avg@4h", rate, reason="" if rate else "stale"),
        "funding_rank": FeatureValue("rank", rank),
    }
    assert verdict("funding", **changes) == expected


@pytest.mark.parametrize(("over", "expected"), [(-0.01, "pass"), (0.0, "pass"), (0.01, "fail")])
def test_one_percent_of_equity(over: float, expected: str) -> None:
    costs = costs_of(LONG, 0.0001, [0.0001] * 300, DEFAULTS)
    position = replace(LONG, equity_usd=costs.risk_usd * 100 - over)
    report = position_report(inputs(position=position))
    assert report.item("risk").verdict == expected


def test_the_size_that_would_meet_it_meets_it() -> None:
    report = position_report(inputs(position=replace(LONG, size_coin=1.3)))
    assert report.item("risk").verdict == "fail"
    met = position_report(inputs(position=replace(LONG, size_coin=report.size_for_risk)))
    assert met.risk_share == pytest.approx(0.01)
    assert met.size_for_risk == pytest.approx(report.size_for_risk)


def test_unknown_funding_lets_risk_fail_but_not_pass() -> None:
    none = FeatureValue("funding.funding_avg@4h", None, reason="no_data")
    lost = {"funding": none, "funding_history": []}
    assert verdict("risk", **lost) == "cannot tell"
    assert verdict("risk", position=replace(LONG, size_coin=1.3), **lost) == "fail"
    assert verdict("break_even", **lost) == "cannot tell"


def test_costs_by_hand() -> None:
    """0.3 × 3,100 at the stop; 0.05 % and 0.02 % of 0.3 × 132,100; 0.01 % × 6 of 20,280."""
    found = costs_of(LONG, 0.0001, [0.0002] * 300, DEFAULTS)
    assert found.stop_loss_usd == pytest.approx(930.0)
    assert found.fees_usd == pytest.approx(19.815)
    assert found.slippage_usd == pytest.approx(7.926)
    assert found.funding_usd == pytest.approx(12.168)
    assert found.funding_bad_usd == pytest.approx(24.336)
    assert found.risk_usd == pytest.approx(930 + 19.815 + 7.926 + 24.336)
    assert found.break_even == pytest.approx(0.0014 + 0.0006)
    assert found.break_even_bad == pytest.approx(0.0014 + 0.0012)
    assert break_even_price(LONG, found.break_even) == pytest.approx(67_600 * 1.002)
    assert break_even_price(SHORT, found.break_even) == pytest.approx(67_600 * 0.998)


def test_a_receipt_lowers_no_risk() -> None:
    paid, got = (costs_of(p, 0.0004, [0.0004] * 300, DEFAULTS) for p in (LONG, SHORT))
    assert got.funding_usd == pytest.approx(-(paid.funding_usd or 0.0))
    assert got.funding_risk_usd == 0.0
    assert got.break_even == pytest.approx(0.0014 - 0.0024)


@pytest.mark.parametrize(("count", "known"), [(199, False), (200, True), (201, True)])
def test_the_dear_rate_needs_its_hours(count: int, known: bool) -> None:
    history = [0.0001] * count + [None, math.nan]
    assert (costs_of(LONG, 0.0, history, DEFAULTS).bad_rate is not None) is known


def test_the_dear_rate_is_the_95th_percentile_against_the_side() -> None:
    history = list(np.linspace(-0.001, 0.001, 1001))
    long, short = (costs_of(p, 0.0, history, DEFAULTS).bad_rate for p in (LONG, SHORT))
    assert long == pytest.approx(0.0009)
    assert short == pytest.approx(-0.0009)


@pytest.mark.parametrize(("share", "expected"), [(0.249, "pass"), (0.25, "pass"), (0.251, "fail")])
def test_costs_against_the_stops_distance(share: float, expected: str) -> None:
    flat = PositionNumbers(taker_fee=0.001, slippage=0.0)
    numbers = replace(DEFAULTS, taker_fee=flat.taker_fee, slippage=0.0)
    position = replace(LONG, entry=1024.0, stop=1024.0 * (1 - 0.002 / share), size_coin=1.0)
    mark = FeatureValue("price.mark@4h", 1024.0)
    given_ = inputs(
        position=position, mark=mark, funding=FeatureValue("f", 0.0), funding_history=[0.0] * 300
    )
    exact = replace(numbers, cost_share=numbers.cost_share * (1 + 1e-12))
    assert position_report(given_, exact).item("break_even").verdict == expected


@pytest.mark.parametrize(
    ("position", "off", "expected"),
    [(LONG, 1.0, "pass"), (LONG, 0.0, "fail"), (LONG, -1.0, "fail"),
     (SHORT, -1.0, "pass"), (SHORT, 0.0, "fail"), (SHORT, 1.0, "fail")],
)  # fmt: skip
def test_a_stop_beyond_the_liquidation_fails(position, off, expected) -> None:
    dear = replace(position, leverage=40.0)
    price = position_report(inputs(position=dear)).liquidation
    assert price is not None
    assert verdict("liquidation", position=replace(dear, stop=price + off)) == expected


def test_cross_margin_moves_the_liquidation_away() -> None:
    own = position_report(inputs()).liquidation
    cross = position_report(inputs(position=replace(LONG, margin="cross")))
    assert own is not None
    assert cross.liquidation is None  # 100,000 USD behind a long of 20,280
    assert cross.item("liquidation").verdict == "pass"
    half = position_report(inputs(position=replace(LONG, margin="cross", equity_usd=9_000.0)))
    assert half.liquidation is not None
    assert half.liquidation < own


def test_without_tiers_it_cannot_be_told() -> None:
    report = position_report(inputs(tiers=None))
    assert report.item("liquidation").verdict == "cannot tell"
    assert report.liquidation is None
    with pytest.raises(BadInput):
        position_report(inputs(position=replace(LONG, leverage=125.5)))


@pytest.mark.parametrize(
    ("state", "then", "level", "falls"),
    [
        ("new_longs", 97_000.0, 97_000.0, True),
        ("new_longs", 99_000.0, 98_000.0, True),  # nearer than one band: the band
        ("short_covering", 105_000.0, 105_000.0, False),
        ("short_covering", 101_000.0, 102_000.0, False),
        ("balanced", 97_000.0, 98_000.0, True),
        ("new_longs", None, 98_000.0, True),
    ],
)
def test_the_invalidator_is_where_the_flow_is_undone(state, then, level, falls) -> None:
    report = position_report(inputs(slow=reading(state), oi_then=then))
    assert report.invalidator.oi_coin == pytest.approx(level)
    assert report.invalidator.oi_falls is falls
    assert report.invalidator.price == LONG.stop


@pytest.mark.parametrize(
    ("mark", "expected"), [(64_500.01, "pass"), (64_500.0, "fail"), (64_499.99, "fail")]
)
def test_a_price_that_is_past_the_stop_already(mark: float, expected: str) -> None:
    assert verdict("invalidator", mark=FeatureValue("price.mark@4h", mark)) == expected


def test_no_open_interest_no_level() -> None:
    gone = FeatureValue("oi", None, reason="stale")
    assert verdict("invalidator", oi=gone) == "cannot tell"


def test_there_is_no_map_of_liquidations_yet() -> None:
    assert verdict("cluster") == "cannot tell"


@pytest.mark.parametrize(
    ("mark", "taken"),
    [(135_200.0, True), (135_200.1, False), (33_800.0, True), (33_799.9, False), (67.6, False)],
)
def test_an_entry_that_is_no_price_of_the_coin_is_refused(mark: float, taken: bool) -> None:
    changed = inputs(mark=FeatureValue("price.mark@4h", mark))
    if taken:
        position_report(changed)
        return
    with pytest.raises(BadInput, match="2 times away from the mark") as refused:
        position_report(changed)
    assert refused.value.nearest == price_words(mark)


def test_odds_are_counts_for_the_side() -> None:
    price = [-0.05, -0.046, -0.01, 0.0, 0.001, 0.004, 0.02, 0.03]
    chosen = tuple(Analogue(k, 0.1, (x, x, x)) for k, x in enumerate(price))
    spread = Spread(8, (0.0,) * 5, 4)
    following = tuple(
        Following("price", h, spread, Spread(100, (0.0,) * 5, 60)) for h in ("1h", "4h", "24h")
    )
    found = replace(no_analogues(), chosen=chosen, following=following)
    flat = {"funding": FeatureValue("f", 0.0), "funding_history": [0.0] * 300, "analogues": found}
    odds = position_report(inputs(**flat)).odds[2]
    assert (odds.count, odds.your_way, odds.earned, odds.beyond_stop) == (8, 4, 3, 2)
    assert (odds.usual_count, odds.usual_your_way) == (100, 60)
    short = position_report(inputs(position=SHORT, **flat)).odds[2]
    assert (short.your_way, short.earned, short.beyond_stop) == (3, 3, 0)
    assert short.usual_your_way == 40
    assert position_report(inputs()).odds == ()


def test_the_page() -> None:
    page = markdown(position_report(inputs()))
    assert page.startswith("# BTC long: 9 pass, 0 fail, 1 cannot tell\n")
    assert NO_ADVICE in page
    assert page.count("| ✓ pass |") == 9
    assert "entry 67,600" in page
    assert "3 independent moments" in page
    for word in ("should", "recommend", "will rise", "will fall", "buy now", "sell now"):
        assert word not in page.lower()


def test_a_far_entry_is_noted() -> None:
    far = position_report(inputs(mark=FeatureValue("price.mark@4h", 75_000.0)))
    assert any("from the mark 75,000" in note for note in far.notes)
    assert position_report(inputs()).notes == ()
    lost = position_report(inputs(mark=FeatureValue("price.mark@4h", None, reason="stale")))
    assert "not known (stale)" in lost.notes[0]


@pytest.mark.parametrize(
    ("horizon", "noted"), [(2 * DAY - 1, True), (2 * DAY, False), (2 * DAY + 1, False)]
)
def test_a_horizon_under_two_days_is_noted(horizon: int, noted: bool) -> None:
    report = position_report(inputs(position=replace(LONG, horizon_us=horizon)))
    assert any("under 2 days" in note for note in report.notes) is noted


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (71_234.5, "71,234.5"),
        (1_234_567.8, "1,234,568"),
        (0.0000123456789, "0.0000123456"),
        (0.5, "0.5"),
        (3.14159265, "3.14159"),
        (0.0, "0"),
        (None, "not known"),
        (math.nan, "not known"),
    ],
)
def test_prices_in_words(value, text) -> None:
    assert price_words(value) == text


@given(
    st.lists(st.one_of(st.none(), st.floats(1e-6, 1e6)), max_size=80),
    st.dictionaries(st.sampled_from(["entry", "stop", "liquidation"]), st.floats(1e-6, 1e6)),
)
def test_the_chart_draws_every_price_and_names_every_level(path, levels) -> None:
    lines = chart(path, levels)
    known = [x for x in path if x is not None]
    assert bool(lines) is bool(known)
    if known:
        text = "\n".join(lines)
        assert text.count("●") == len(known)
        for name, price in levels.items():
            assert f"{name} {price_words(price)}" in text
    assert len(bars(path)) == (len(path) if known else 0)


def test_a_rising_path_rises() -> None:
    lines = chart([1.0, 2.0, 3.0], {"stop": 1.0, "far": 100.0}, height=3)
    assert lines == ["↑ far 100", "  ●", " ●", "●──  stop 1"]
    assert bars([1.0, None, 8.0]) == "▁ █"
    assert bars([2.0, 2.0]) == "▄▄"
