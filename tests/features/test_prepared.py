"""Prepared questions answer as the batch engine does, moment after moment."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from tests.planted import END, START, tables
from tideline.domain.time import HOUR, MINUTE
from tideline.features.address import parse_address
from tideline.features.answers import EVIDENCE
from tideline.features.detail import group_details
from tideline.features.engine import evaluate_legs
from tideline.features.legs import make_legs
from tideline.features.planned import Planned
from tideline.features.prepared import Prepared
from tideline.features.reasons import REASONS
from tideline.features.sampling import samples
from tideline.features.window import WINDOWS
from tideline.signals import BY_ADDRESS
from tideline.venues.symbols import parse_symbol

ADDRESSES = [
    "positioning.oi_usdtm_coin@1h:rate",
    "positioning.oi_usdtm_coin@1h",
    "positioning.oi_usdtm_coin@4h:zscore",
    "positioning.oi_change@1h:zscore",
    "price.ret@45m",
    "price.rv@1h",
    "funding.funding_avg@4h:pctrank[20]",
    "flow.cvd@15m",
    "liquidations.liq_long_full@15m:pctrank[100]",
    "positioning.oi_mcap@24h",
]


@pytest.fixture(scope="module")
def market():
    rows = pa.concat_tables(tables()).unify_dictionaries()
    keep = pa.array([word == "BTC" for word in rows["asset"].to_pylist()])
    legs = make_legs(rows.filter(keep))
    known = {(v, i): parse_symbol(v, i) for v, i, _ in legs.index}
    return legs, known


def test_values_and_reasons_are_those_of_the_batch(market) -> None:
    legs, known = market
    moments = np.arange(int(START), int(END) + HOUR, 7 * HOUR + 13 * MINUTE)
    whole = evaluate_legs(legs, BY_ADDRESS, known, moments, ADDRESSES)
    for given in (ADDRESSES, ADDRESSES[:3], []):  # what is not announced is planned when asked
        prepared = Prepared(legs, BY_ADDRESS, known, given)
        for r, moment in enumerate(moments.tolist()):
            for k, address in enumerate(ADDRESSES):
                value, reason = prepared.value(address, moment)
                assert np.array_equal(value, whole.values[r, k], equal_nan=True), address
                assert reason == whole.reason[r, k]
    assert np.isfinite(whole.values[-2]).sum() > 5


def test_evidence_paths_and_groups_are_those_of_the_batch(market) -> None:
    legs, known = market
    moment = int(END) - 3 * HOUR
    prepared = Prepared(legs, BY_ADDRESS, known)
    whole = evaluate_legs(legs, BY_ADDRESS, known, np.array([moment]), ADDRESSES, evidence=True)
    for k, address in enumerate(ADDRESSES):
        found = prepared.evidence(address, moment)
        assert np.array_equal(found.value, whole.values[0, k], equal_nan=True)
        assert (found.n, found.reason) == (whole.n[0, k], REASONS[whole.reason[0, k]])
    back = np.arange(60) * HOUR
    for signal in ("price.ret", "positioning.oi_usdtm_coin", "flow.cvd", "positioning.oi_mcap"):
        one = samples(legs, BY_ADDRESS[signal], WINDOWS["1h"], known, np.array([moment]), back)[0]
        again = prepared.samples(signal, WINDOWS["1h"], moment, back)
        assert np.array_equal(one, again, equal_nan=True)
    address = parse_address(ADDRESSES[0])
    groups = group_details(legs, BY_ADDRESS[address.signal], address, known, moment)
    assert [repr(g) for g in prepared.groups(ADDRESSES[0], moment)] == [repr(g) for g in groups]
    assert len(groups) == 3


def test_planned_once_is_planned_each_time(market) -> None:
    legs, known = market
    moments = np.arange(int(START), int(END) + HOUR, 5 * HOUR + 11 * MINUTE)
    whole = evaluate_legs(legs, BY_ADDRESS, known, moments, ADDRESSES, evidence=True)
    planned = Planned(legs, BY_ADDRESS, known, ADDRESSES)
    for r, moment in enumerate(moments.tolist()):
        found, bare = planned.at(moment, evidence=True), planned.at(moment)
        assert np.array_equal(bare.values, found.values, equal_nan=True)
        for name in ("values", "reason", *EVIDENCE):
            one, many = getattr(found, name)[0], getattr(whole, name)[r]
            assert np.array_equal(one, many, equal_nan=one.dtype.kind == "f"), name
