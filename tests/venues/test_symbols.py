"""Every form of every venue's symbols, and the refusals."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tideline.domain.errors import BadInput, UnknownName
from tideline.venues.symbols import PARSERS, parse_symbol

READ = [
    # venue, symbol, asset, quote, settle, kind, linear, multiple, contract size
    ("binance", "BTCUSDT", "BTC", "USDT", "USDT", "perpetual", True, 1, 1),
    ("binance", "BTCUSDC", "BTC", "USDC", "USDC", "perpetual", True, 1, 1),
    ("binance", "1000PEPEUSDT", "PEPE", "USDT", "USDT", "perpetual", True, 1e3, 1e3),
    ("binance", "1000000MOGUSDT", "MOG", "USDT", "USDT", "perpetual", True, 1e6, 1e6),
    ("binance", "1MBABYDOGEUSDT", "BABYDOGE", "USDT", "USDT", "perpetual", True, 1e6, 1e6),
    ("binance", "1INCHUSDT", "1INCH", "USDT", "USDT", "perpetual", True, 1, 1),
    ("binance", "BTCSTUSDT", "BTCST", "USDT", "USDT", "perpetual", True, 1, 1),
    ("binance", "币安人生USDT", "币安人生", "USDT", "USDT", "perpetual", True, 1, 1),
    ("binance", "BTCUSDT_261225", "BTC", "USDT", "USDT", "future", True, 1, 1),
    ("binance", "BTCUSD_PERP", "BTC", "USD", "BTC", "perpetual", False, 1, 100),
    ("binance", "ETHUSD_PERP", "ETH", "USD", "ETH", "perpetual", False, 1, 10),
    ("binance", "BTCUSD_261225", "BTC", "USD", "BTC", "future", False, 1, 100),
    ("bybit", "BTCUSDT", "BTC", "USDT", "USDT", "perpetual", True, 1, 1),
    ("bybit", "BTCPERP", "BTC", "USDC", "USDC", "perpetual", True, 1, 1),
    ("bybit", "BTCUSD", "BTC", "USD", "BTC", "perpetual", False, 1, 1),
    ("bybit", "BTC-27DEC26", "BTC", "USDC", "USDC", "future", True, 1, 1),
    ("bybit", "BTCUSDT-27DEC26", "BTC", "USDT", "USDT", "future", True, 1, 1),
    ("bybit", "BTCUSDZ26", "BTC", "USD", "BTC", "future", False, 1, 1),
    ("bybit", "SHIB1000USDT", "SHIB", "USDT", "USDT", "perpetual", True, 1e3, 1e3),
    ("okx", "BTC-USDT-SWAP", "BTC", "USDT", "USDT", "perpetual", True, 1, None),
    ("okx", "BTC-USD-SWAP", "BTC", "USD", "BTC", "perpetual", False, 1, None),
    ("okx", "BTC-USD-261225", "BTC", "USD", "BTC", "future", False, 1, None),
    ("okx", "BTC-USDT-261225", "BTC", "USDT", "USDT", "future", True, 1, None),
    ("okx", "BTC-USD_UM_XPERP-310404", "BTC", "USD", "USD", "perpetual", True, 1, None),
    ("okx", "BTC-USDT", "BTC", "USDT", "USDT", "spot", True, 1, 1),
    ("bitget", "BTCUSDT", "BTC", "USDT", "USDT", "perpetual", True, 1, 1),
    ("bitget", "BTCPERP", "BTC", "USDC", "USDC", "perpetual", True, 1, 1),
    ("bitget", "BTCUSD", "BTC", "USD", "BTC", "perpetual", False, 1, None),
    ("bitget", "BTCUSD_CM", "BTC", "USD", "BTC", "perpetual", False, 1, None),
    ("hyperliquid", "BTC", "BTC", "USD", "USDC", "perpetual", True, 1, 1),
    ("hyperliquid", "kPEPE", "PEPE", "USD", "USDC", "perpetual", True, 1e3, 1e3),
    ("hyperliquid", "xyz:TSLA", "TSLA", "USD", "USDC", "perpetual", True, 1, 1),
    ("coinbase", "BIP-20DEC30-CDE", "BTC", "USD", "USD", "perpetual", True, 1, 0.01),
    ("coinbase", "ETP-20DEC30-CDE", "ETH", "USD", "USD", "perpetual", True, 1, 0.1),
    ("coinbase", "BIT-24APR26-CDE", "BTC", "USD", "USD", "future", True, 1, 0.01),
    ("coinbase-gateway", "BTC_USDC-PERPETUAL", "BTC", "USDC", "USDC", "perpetual", True, 1, 1),
    ("coinbase-gateway", "BTC-PERPETUAL", "BTC", "USD", "BTC", "perpetual", False, 1, 1),
    ("reference", "BTC", "BTC", "USD", "USD", "reference", True, 1, None),
]


@pytest.mark.parametrize(
    ("venue", "symbol", "asset", "quote", "settle", "kind", "linear", "multiple", "size"), READ
)
def test_reads(venue, symbol, asset, quote, settle, kind, linear, multiple, size):
    found = parse_symbol(venue, symbol)
    assert (found.venue, found.symbol) == (venue, symbol)
    assert (found.asset, found.quote, found.settle, found.kind) == (asset, quote, settle, kind)
    assert (found.linear, found.multiple, found.contract_size) == (linear, multiple, size)


REFUSED = [
    ("binance", "btcusdt", "BTCUSDT"),
    ("binance", "BTC-USDT", "BTCUSDT"),
    ("binance", "BTCUSD", "BTCUSD_PERP"),
    ("binance", "BTCUSDT_261325", "BTCUSDT"),
    ("bybit", "BTC-USDT-SWAP", "BTCUSDT"),
    ("bybit", "BTC-32DEC26", "BTCUSDT"),
    ("okx", "BTCUSDT", "BTC-USDT-SWAP"),
    ("okx", "BTCUSD", "BTC-USD-SWAP"),
    ("hyperliquid", "btc", "BTC"),
    ("coinbase", "BTC-USD", "BIP-20DEC30-CDE"),
    ("coinbase", "ZZZ-20DEC30-CDE", "BIP-20DEC30-CDE"),
    ("bybit", "", "BTCUSDT"),
]


@pytest.mark.parametrize(("venue", "symbol", "nearest"), REFUSED)
def test_refuses_and_names_the_nearest_form(venue, symbol, nearest):
    with pytest.raises(BadInput) as caught:
        parse_symbol(venue, symbol)
    assert repr(symbol) in str(caught.value)
    assert caught.value.nearest == nearest
    parse_symbol(venue, nearest)


def test_unknown_venue_names_the_nearest():
    with pytest.raises(UnknownName, match="binance"):
        parse_symbol("binnance", "BTCUSDT")


def test_every_example_form_is_read():
    for venue, (_, forms) in PARSERS.items():
        for form in forms:
            assert parse_symbol(venue, form).venue == venue


@given(st.sampled_from(sorted(PARSERS)), st.text(max_size=24))
def test_any_text_is_read_or_refused_by_name(venue, text):
    try:
        found = parse_symbol(venue, text)
    except BadInput as error:
        assert error.nearest is not None
        parse_symbol(venue, error.nearest)
    else:
        assert found.symbol == text
        assert found.asset
        assert found.multiple >= 1


COINS = st.from_regex(r"[A-Z]{2,6}", fullmatch=True).filter(
    lambda c: "USD" not in c and "PERP" not in c
)


@given(COINS, st.sampled_from([1, 1000, 10000, 1000000]))
def test_multiples_belong_to_the_coin(coin, multiple):
    prefix = "" if multiple == 1 else str(multiple)
    for venue in ("binance", "bybit", "bitget"):
        found = parse_symbol(venue, f"{prefix}{coin}USDT")
        assert (found.asset, found.multiple) == (coin, multiple)
        assert found.usdt_linear_perpetual
