"""Samples that are kept from moment to moment are those worked out anew at each of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.properties.engine import table_of
from tests.reference.model import Row
from tideline.domain.time import HOUR, MINUTE, SECOND, parse_time
from tideline.features.in_place import InPlaceLegs
from tideline.features.legs import LegSet, make_legs
from tideline.features.prepared import Prepared
from tideline.signals import BY_ADDRESS
from tideline.venues.symbols import parse_symbol

START = int(parse_time("2026-02-01T00:00:00Z"))
GROUPS = (("binance", "BTCUSDT"), ("bybit", "BTCUSDT"))
PACES = {
    "open_interest": 60, "open_interest_usd": 60, "mark_price": 20, "index_price": 20,
    "funding_rate_quoted": 60, "funding_interval_h": 600, "next_funding_time": 600,
    "funding_rate_settled": 3600, "lsr_top_positions": 300, "lsr_global_accounts": 300,
    "taker_buy_coin": 300, "taker_sell_coin": 300, "volume_coin": 300, "spot_volume_usd": 300,
    "liquidation_long_usd": 90, "liquidation_short_usd": 90,
    "liquidation_long_coin": 90, "liquidation_short_coin": 90,
    "alive.taker": 120, "alive.liquidation": 60,
    "gap.taker": 30_000, "gap.liquidation": 30_000, "break.open_interest": 500_000,
}  # fmt: skip
"""About how many seconds lie between two rows of a leg."""
BARS = ("taker_buy_coin", "taker_sell_coin", "volume_coin", "spot_volume_usd")
LEGS = [(*group, field) for group in GROUPS for field in PACES]
KNOWN = {group: parse_symbol(*group) for group in GROUPS}
ADDRESSES = (
    "positioning.oi_usdtm_coin@15m:rate",
    "positioning.oi_usdtm_coin@15m:zscore[6]",
    "positioning.oi_change@15m:pctrank[8]",
    "positioning.oi_volume@15m:zscore[4]",
    "positioning.oi_share_top@15m:delta",
    "positioning.oi_price_divergence@15m:zscore[6]",
    "positioning.lsr_top@15m:rate",
    "positioning.taker_imbalance@15m:zscore[6]",
    "price.ret@15m:zscore[6]",
    "price.rv@1h",
    "price.mark@15m:max",
    "funding.funding_avg@15m:zscore[6]",
    "funding.funding_dispersion@15m:zscore[6]",
    "funding.minutes_until_funding@1h",
    "funding.basis_usdtm@15m:delta",
    "flow.volume_usdtm@15m:zscore[6]",
    "flow.cvd@15m:ewma",
    "flow.spot_perp_volume@15m:ewma",
    "liquidations.liq_imbalance@15m:zscore[6]",
    "liquidations.liq_long_full@15m:pctrank[6]",
    "liquidations.liq_oi_share@15m:zscore[6]",
)
PATHS = tuple(dict.fromkeys(text.partition("@")[0] for text in ADDRESSES))
BACK = np.arange(9) * 13 * MINUTE


def drawn(rng: np.random.Generator, hours: int, late: float) -> list[Row]:
    """Rows in the order of the log: ``late`` is the share of rows that come late or once more."""
    rows: list[Row] = []
    for leg in LEGS:
        field = leg[2]
        lead = PACES[field] if field.startswith(("break.", "gap.")) else 600
        at = START + int(rng.integers(0, lead)) * SECOND
        while at < START + hours * HOUR:
            known = at + int(rng.integers(0, 3)) * SECOND
            value = float(rng.uniform(50, 150))
            if field.startswith("gap."):
                value = float(at + int(rng.integers(1, 900)) * SECOND)
                known = int(value) + SECOND  # told of when it is over
            elif field == "next_funding_time":
                value = float(at // (8 * HOUR) * 8 * HOUR + 8 * HOUR)
            elif field.startswith("funding"):
                value = float(rng.choice([1.0, 4.0, 8.0]))
            cadence = PACES[field] * (4.0 if field in BARS and rng.random() < 0.1 else 1.0)
            basis = "assumed" if rng.random() < 0.1 else "recorded"
            rows.append(Row(*leg, at, known, value, basis, cadence_s=cadence))
            if rng.random() < late:
                again = known + int(rng.integers(1, 40)) * MINUTE
                rows.append(Row(*leg, at, again, value + 1.0, cadence_s=cadence))
            if rng.random() < late:
                later = rows[-1].known_time + int(rng.integers(1, 90)) * MINUTE
                rows[-1] = replace(rows[-1], known_time=later)
            step = PACES[field] * (1.0 if field in BARS else float(rng.exponential()))
            silent = HOUR if rng.random() < 0.01 else 0
            at += max(1, round(step)) * SECOND + silent
    return sorted(rows, key=lambda row: row.known_time)


def same(kept: Prepared, legs: LegSet, moment: int) -> None:
    """As one that has kept nothing says; no further back than it may."""
    fresh = Prepared(legs, BY_ADDRESS, KNOWN)
    for address in ADDRESSES:
        one, other = kept.value(address, moment), fresh.value(address, moment)
        assert repr(one) == repr(other), (address, moment)
    for signal in PATHS:
        for window in (15 * MINUTE, HOUR):
            one = kept.samples(signal, window, moment, BACK)
            other = fresh.samples(signal, window, moment, BACK)
            assert np.array_equal(one, other, equal_nan=True), (signal, window, moment)


@given(st.integers(0, 2**32 - 1), st.sampled_from([0.0, 0.02, 0.2]))
@settings(max_examples=6, deadline=None)
def test_on_legs_that_hold_what_is_not_known_yet(seed: int, late: float) -> None:
    rng = np.random.default_rng(seed)
    legs = make_legs(table_of(drawn(rng, 30, late)))
    kept = Prepared(legs, BY_ADDRESS, KNOWN, ADDRESSES)
    moment = START + 26 * HOUR
    for _ in range(60):
        same(kept, legs, moment)
        step = int(rng.choice([1, 5, 5, 5, 60, 900])) * SECOND
        moment += -step * 3 if rng.random() < 0.05 else step


@given(st.integers(0, 2**32 - 1), st.sampled_from([0.0, 0.02, 0.2]))
@settings(max_examples=6, deadline=None)
def test_on_legs_that_are_appended_to(seed: int, late: float) -> None:
    rng = np.random.default_rng(seed)
    rows = drawn(rng, 30, late)
    taken = sum(row.known_time <= START + 26 * HOUR for row in rows)
    held = InPlaceLegs(make_legs(table_of(rows[:taken])))
    kept = Prepared(held.legs, BY_ADDRESS, KNOWN, ADDRESSES)
    moment = START + 26 * HOUR
    for _ in range(60):
        moment += int(rng.choice([1, 5, 5, 5, 60, 300])) * SECOND
        new = []
        reach = moment + 2 * SECOND  # some of them are not known yet
        while taken < len(rows) and rows[taken].known_time <= reach:
            new.append(rows[taken])
            taken += 1
        done = held.append(
            np.array([held.legs.leg(*row.group, row.field) for row in new], np.int64),
            np.array([row.event_time for row in new], np.int64),
            np.array([row.known_time for row in new], np.int64),
            np.array([row.value for row in new], np.float64),
            np.array([round(row.cadence_s * SECOND) for row in new], np.int64),
            np.array([row.basis == "assumed" for row in new], np.int64),
        )
        if done < len(new):  # an older row: read anew, as an evaluator does
            held = InPlaceLegs(make_legs(table_of(rows[:taken])))
            kept = Prepared(held.legs, BY_ADDRESS, KNOWN, ADDRESSES)
        same(kept, held.legs, moment)


def test_the_past_is_worked_out_once() -> None:
    rng = np.random.default_rng(1)
    legs = make_legs(table_of(drawn(rng, 8, 0.0)))
    kept = Prepared(legs, BY_ADDRESS, KNOWN)
    moment, back = START + 6 * HOUR, np.arange(1, 5) * HOUR
    told = []
    for k in range(120):
        found = kept.samples("positioning.oi_usdtm_coin", HOUR, moment + k * SECOND, back)
        again = kept.samples("positioning.oi_usdtm_coin", HOUR, moment + k * SECOND, back)
        assert found is again  # the same array where nothing changed
        told.append(found)
    anew = len({id(one) for one in told})
    assert 2 < anew < 40  # a row a minute and leg, four samples of two legs, two minutes
    with pytest.raises(ValueError, match="read-only"):
        found[0] = 1.0
