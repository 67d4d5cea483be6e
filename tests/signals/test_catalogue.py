"""The catalogue says what the page says, and every entry carries its words."""

from __future__ import annotations

import pytest

from tests.reference.signals import SPECS
from tideline.domain.fields import BY_NAME
from tideline.signals import BY_ADDRESS, CATALOGUE

UNITS = {
    "positioning.oi_usdtm": "USD",
    "positioning.oi_usdtm_coin": "coin",
    "positioning.oi_full_coin": "coin",
    "positioning.oi_hl": "USD",
    "positioning.oi_hl_coin": "coin",
    "positioning.oi_coinm": "USD",
    "positioning.oi_all": "USD",
    "positioning.oi_all_coin": "coin",
    "positioning.oi_change": "log",
    "positioning.oi_change_hl": "log",
    "positioning.oi_share_top": "fraction",
    "positioning.oi_mcap": "fraction",
    "positioning.oi_volume": "ratio",
    "positioning.lsr_top": "ratio",
    "positioning.lsr_top_accounts": "ratio",
    "positioning.lsr_global": "ratio",
    "positioning.taker_ratio": "ratio",
    "positioning.taker_imbalance": "[−1, 1]",
    "positioning.oi_price_divergence": "log",
    "funding.funding_avg": "fraction per 8 h",
    "funding.funding_usdtm": "fraction per 8 h",
    "funding.funding_dispersion": "fraction per 8 h",
    "funding.basis_usdtm": "fraction",
    "funding.minutes_until_funding": "minutes",
    "liquidations.liq_long_vol": "USD",
    "liquidations.liq_short_vol": "USD",
    "liquidations.liq_total_notional": "USD",
    "liquidations.liq_imbalance": "[−1, 1]",
    "liquidations.liq_long_full": "USD",
    "liquidations.liq_short_full": "USD",
    "liquidations.liq_long_coin": "coin",
    "liquidations.liq_short_coin": "coin",
    "liquidations.liq_long_full_coin": "coin",
    "liquidations.liq_short_full_coin": "coin",
    "liquidations.liq_oi_share": "fraction",
    "flow.cvd": "coin",
    "flow.volume_usdtm": "coin",
    "flow.volume_full": "coin",
    "flow.spot_perp_volume": "ratio",
    "price.mark": "USD",
    "price.ret": "log",
    "price.rv": "fraction",
}


def test_the_catalogue_is_the_page_no_more_and_no_less():
    assert [signal.address for signal in CATALOGUE] == list(BY_ADDRESS)
    assert set(BY_ADDRESS) == set(UNITS) == set(SPECS)
    assert len(CATALOGUE) == len(BY_ADDRESS)


@pytest.mark.parametrize("name", sorted(UNITS))
def test_kind_and_unit_are_those_of_the_page(name):
    signal = BY_ADDRESS[name]
    assert signal.kind == SPECS[name].kind
    assert signal.unit == UNITS[name]
    assert signal.level_only == (name == "funding.minutes_until_funding")


@pytest.mark.parametrize("name", sorted(UNITS))
def test_every_entry_says_what_it_means_its_sign_what_it_is_not_and_its_source(name):
    signal = BY_ADDRESS[name]
    for words in (signal.meaning, signal.sign, signal.is_not, signal.source, signal.text):
        assert len(words.split()) >= 2 or words == signal.text
    assert signal.meaning.endswith(".")
    assert signal.is_not.startswith("Not")


@pytest.mark.parametrize("name", sorted(UNITS))
def test_every_field_needed_exists(name):
    signal, spec = BY_ADDRESS[name], SPECS[name]
    assert set(signal.fields) <= set(BY_NAME)
    assert set(spec.stocks) | set(spec.flows) <= set(signal.fields)


def test_meanings_are_not_repeated():
    assert len({signal.meaning for signal in CATALOGUE}) == len(CATALOGUE)
