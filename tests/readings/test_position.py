"""Positions that cannot be, margin tiers, and where a position is liquidated."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tideline.domain.errors import BadInput, UnknownName
from tideline.domain.time import DAY, HOUR, parse_time
from tideline.readings.liquidation_price import liquidation_price
from tideline.readings.margin_tiers import MarginTiers, Tier, parse_tiers, shipped
from tideline.readings.position import Position, check_leverage

RECORDED = int(parse_time("2024-10-24T00:00:00Z"))
LONG = Position("long", 0.5, 67_000.0, 64_000.0, 10.0, 100_000.0)
SHORT = Position("short", 0.5, 67_000.0, 70_000.0, 10.0, 100_000.0)
BTC = shipped("BTC", RECORDED)


@pytest.mark.parametrize(
    ("change", "field", "nearest"),
    [
        ({"side": "buy"}, "side", None),
        ({"margin": "portfolio"}, "margin", None),
        ({"size_coin": 0.0}, "size", None),
        ({"size_coin": -1.0}, "size", None),
        ({"entry": math.nan}, "entry", None),
        ({"equity_usd": math.inf}, "equity", None),
        ({"leverage": 0.99}, "leverage", "1"),
        ({"stop": 67_000.0}, "stop", "below 67000"),
        ({"stop": 67_000.01}, "stop", "below 67000"),
        ({"equity_usd": 3_349.99}, "size", "0.499999 or less"),
        ({"horizon_us": HOUR - 1}, "horizon", "1h"),
        ({"horizon_us": 90 * DAY + 1}, "horizon", "90d"),
    ],
)
def test_what_cannot_be_is_refused(change, field, nearest) -> None:
    with pytest.raises(BadInput) as refused:
        replace(LONG, **change)
    assert refused.value.field == field
    if nearest:
        assert refused.value.nearest == nearest


@pytest.mark.parametrize(
    "change",
    [
        {"leverage": 1.0},
        {"stop": 66_999.99},
        {"equity_usd": 3_350.0},
        {"horizon_us": HOUR},
        {"horizon_us": 90 * DAY},
        {"margin": "cross"},
    ],
)
def test_what_just_can_be_is_taken(change) -> None:
    assert replace(LONG, **change).sign == 1


def test_the_stop_of_a_short_lies_above() -> None:
    with pytest.raises(BadInput, match="of a short lies above"):
        replace(SHORT, stop=67_000.0)
    assert replace(SHORT, stop=67_000.01).sign == -1


@pytest.mark.parametrize(
    ("notional", "leverage", "allowed"),
    [
        (50_000, 125, True),
        (50_000, 125.1, False),
        (50_001, 100, True),
        (50_001, 100.1, False),
        (600_000, 100, True),
        (600_001, 75.1, False),
        (1_800_000_000, 1, True),
    ],
)
def test_leverage_is_held_against_the_tier(notional, leverage, allowed) -> None:
    assert BTC is not None
    made = Position("long", notional / 1000.0, 1000.0, 999.0, leverage, 1e12)
    if allowed:
        check_leverage(made, BTC)
        return
    with pytest.raises(BadInput) as refused:
        check_leverage(made, BTC)
    assert refused.value.field == "leverage"


def test_a_size_above_the_last_tier_is_refused() -> None:
    assert BTC is not None
    with pytest.raises(BadInput, match="above the last tier") as refused:
        check_leverage(Position("long", 1_800_001.0, 1000.0, 999.0, 1.0, 1e12), BTC)
    assert refused.value.nearest == "1.8e+06 or less"


def test_shipped_tiers_say_when_they_were_recorded() -> None:
    assert shipped("NOTACOIN", RECORDED) is None
    now, before = shipped("ETH", RECORDED + DAY), shipped("ETH", RECORDED - 1)
    assert now is not None
    assert before is not None
    assert (now.early, before.early) == (False, True)
    assert now.tiers == before.tiers
    assert "2024-10-24" in now.words
    assert "later than the moment asked about" in before.words


def test_maintenance_goes_up_tier_by_tier() -> None:
    """Against the constants the venue itself publishes: rate × notional − amount."""
    assert BTC is not None
    for notional, rate, amount in (
        (50_000, 0.004, 0.0),
        (500_000, 0.005, 50.0),
        (2_000_000, 0.0065, 950.0),
        (10_000_000, 0.01, 11_450.0),
        (50_000_000, 0.02, 131_450.0),
        (1_500_000_000, 0.5, 421_481_450.0),
    ):
        assert BTC.maintenance_usd(notional) == pytest.approx(rate * notional - amount)


def test_liquidation_prices_by_hand() -> None:
    assert BTC is not None
    # 0.5 BTC at 67,000: 33,500 USD in the first tier, margin 3,350, no constant
    assert liquidation_price("long", 0.5, 67_000, 3_350, BTC) == pytest.approx(
        (33_500 - 3_350) / 0.996 / 0.5
    )
    assert liquidation_price("short", 0.5, 67_000, 3_350, BTC) == pytest.approx(
        (33_500 + 3_350) / 1.004 / 0.5
    )
    # 10 BTC at 67,000: 670,000 USD, and at the liquidation of the long in the second tier
    price = liquidation_price("long", 10, 67_000, 67_000, BTC)
    assert price == pytest.approx((670_000 - 67_000 - 950) / (1 - 0.0065) / 10)
    assert liquidation_price("long", 0.5, 67_000, 33_500, BTC) is None


tiers = st.builds(
    lambda steps: MarginTiers(
        "any",
        tuple(
            Tier(sum(s[0] for s in steps[: k + 1]), 1.0, sum(s[1] for s in steps[: k + 1]))
            for k in range(len(steps))
        ),
        "made",
    ),
    st.lists(st.tuples(st.floats(1e3, 1e6), st.floats(0.001, 0.1)), min_size=1, max_size=6),
)


@given(
    tiers, st.sampled_from(["long", "short"]), st.floats(0.01, 100), st.floats(1, 1e5),
    st.floats(0.02, 1.5),
)  # fmt: skip
def test_there_margin_and_loss_meet_the_maintenance(table, side, size, entry, share) -> None:
    wallet = share * size * entry
    # by more than rounding: else it is liquidated where it was opened
    assume(wallet > table.maintenance_usd(size * entry) * (1.0 + 1e-9))
    price = liquidation_price(side, size, entry, wallet, table)
    sign = 1 if side == "long" else -1
    if price is None:
        assert side == "long"
        assert wallet >= size * entry
        return

    def left(p: float) -> float:
        return wallet + sign * size * (p - entry) - table.maintenance_usd(size * p)

    assert left(price) == pytest.approx(0.0, abs=1e-6 * size * entry)
    assert sign * (price - entry) < 0
    assert left((price + entry) / 2) > 0  # before it, the position stands


@pytest.mark.parametrize(
    "text",
    [
        "not toml [",
        "tiers = 3",
        "tiers = []",
        "tiers = [[1000, 10]]",
        "tiers = [[1000, 10, 'x']]",
        "tiers = [[1000, 10, true]]",
        "tiers = [[1000, 0.5, 0.01]]",
        "tiers = [[1000, 10, 0.0]]",
        "tiers = [[1000, 10, 1.0]]",
        "tiers = [[1000, 10, 0.1]]",
        "tiers = [[1000, 10, 0.02], [1000, 5, 0.03]]",
        "tiers = [[1000, 10, 0.02], [2000, 5, 0.01]]",
    ],
)
def test_tiers_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(BadInput):
        parse_tiers(text)


def test_own_tiers() -> None:
    found = parse_tiers('venue = "mine"\ntiers = [[1000, 10, 0.02], [2000, 5, 0.03]]', "my.toml")
    assert found.tiers == (Tier(1000.0, 10.0, 0.02), Tier(2000.0, 5.0, 0.03))
    assert found.words == "given in my.toml"
    with pytest.raises(UnknownName):
        parse_tiers("tier = []")
