"""The conventions table: what it says, what it refuses, and what amounts make of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tideline.domain import conventions
from tideline.domain.amounts import Price, RawAmount, coin_scale, to_coin, to_usd
from tideline.domain.errors import BadInput, UnknownName
from tideline.domain.fields import FIELDS
from tideline.domain.time import parse_time
from tideline.venues.symbols import parse_symbol

TABLE = conventions.load()
AT = int(parse_time("2026-07-01T00:00:00Z"))


@pytest.mark.parametrize(
    ("venue", "product", "field", "symbol", "unit", "sides"),
    [
        ("binance", "linear", "open_interest", "BTCUSDT", "coin", "1"),
        ("binance", "inverse", "open_interest", "BTCUSD_PERP", "contracts", "1"),
        ("bybit", "linear", "open_interest", "BTCUSDT", "coin", "2"),
        ("bybit", "linear", "singleOpenInterest", "BTCUSDT", "coin", "1"),
        ("bybit", "inverse", "open_interest", "BTCUSD", "usd", "2"),
        ("okx", "linear", "open_interest", "BTC-USDT-SWAP", "contracts", "unknown"),
        ("bitget", "linear", "open_interest", "BTCUSDT", "coin", "unknown"),
        ("hyperliquid", "linear", "open_interest", "BTC", "coin", "unknown"),
        ("coinbase", "cde", "open_interest", "BIP-20DEC30-CDE", "contracts", "unknown"),
        ("coinbase-gateway", "inverse", "open_interest", "BTC-PERPETUAL", "usd", "unknown"),
    ],
)
def test_units_and_sides(venue, product, field, symbol, unit, sides):
    assert conventions.product_of(parse_symbol(venue, symbol)) == product
    row = TABLE.lookup(venue, product, field, AT, instrument=symbol)
    assert (row.unit, row.sides) == (unit, sides)
    assert row.source


def test_single_open_interest_has_a_beginning():
    before = int(parse_time("2026-06-10T23:59:59Z"))
    assert TABLE.find("bybit", "linear", "singleOpenInterest", before) is None


def test_liquidation_feeds_are_complete_only_where_the_venue_says_so():
    day = int(parse_time("2025-02-20T00:00:00Z"))
    full = {
        (row.venue, row.product)
        for row in TABLE
        if row.completeness == "full" and row.valid_from <= AT < row.valid_to
    }
    assert full == {("bybit", "linear"), ("bybit", "inverse")}
    assert TABLE.lookup("bybit", "linear", "liquidation", day - 1).completeness == "sampled"
    for venue in ("binance", "okx", "bitget"):
        assert TABLE.lookup(venue, "linear", "liquidation", AT).completeness == "sampled"


def test_bybit_change_of_counting_is_a_break_of_both_hours():
    starts = [row.valid_from for row in TABLE.breaks("bybit", "linear", "open_interest")]
    assert starts == [
        int(parse_time("2021-05-19T15:00:00Z")),
        int(parse_time("2021-05-19T16:00:00Z")),
    ]


def test_contract_size_change_leaves_coins_continuous():
    doge = parse_symbol("okx", "DOGE-USDT-SWAP")
    change = int(parse_time("2022-04-14T00:00:00Z"))
    coins = []
    for at, contracts in ((change - 1, 1_234_567.0), (change, 123_456_700.0)):
        row = TABLE.lookup("okx", "linear", "open_interest", at, instrument=doge.symbol)
        coins.append(to_coin(RawAmount(contracts, "contracts", "unknown"), doge, row))
    assert coins[0] == coins[1] == 1_234_567_000.0


def test_two_sided_is_halved_and_a_thousand_is_a_thousand_coins():
    row = TABLE.lookup("bybit", "linear", "open_interest", AT)
    assert to_coin(RawAmount(52664.642, "coin", "2"), parse_symbol("bybit", "ETHUSDT"), row) == (
        26332.321
    )
    pepe = parse_symbol("bybit", "1000PEPEUSDT")
    assert to_coin(RawAmount(10.0, "coin", "2"), pepe, row) == 5000.0


def test_inverse_contracts_need_a_price():
    perp = parse_symbol("binance", "BTCUSD_PERP")
    row = TABLE.lookup("binance", "inverse", "open_interest", AT, instrument=perp.symbol)
    raw = RawAmount(13_069_401.0, "contracts", "1")
    with pytest.raises(BadInput, match="price"):
        to_coin(raw, perp, row)
    coins = to_coin(raw, perp, row, Price(82_734.0))
    assert coins == pytest.approx(15_796.97, rel=1e-4)
    assert to_usd(coins, Price(82_734.0)) == pytest.approx(1_306_940_100.0)


def test_amounts_refuse_another_unit_or_side():
    row = TABLE.lookup("bybit", "linear", "open_interest", AT)
    btc = parse_symbol("bybit", "BTCUSDT")
    with pytest.raises(BadInput, match="nearest valid: coin"):
        to_coin(RawAmount(1.0, "contracts", "2"), btc, row)
    with pytest.raises(BadInput, match="nearest valid: 2"):
        to_coin(RawAmount(1.0, "coin", "1"), btc, row)


def test_contracts_of_unknown_size_are_refused():
    swap = parse_symbol("okx", "AVAX-USDT-SWAP")
    row = TABLE.lookup("okx", "linear", "open_interest", AT, instrument=swap.symbol)
    with pytest.raises(BadInput, match="contract_size"):
        coin_scale(swap, row)


ROW = """[[convention]]
venue = "bybit"
product = "linear"
field = "open_interest"
unit = "coin"
sides = "2"
source = "somewhere"
"""


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (ROW + ROW, "two rows"),
        (
            ROW
            + 'valid_to = "2026-01-01T00:00:00Z"\n'
            + ROW
            + 'valid_from = "2025-12-31T00:00:00Z"\n',
            "two rows",
        ),
        (ROW.replace("unit", "units"), "units"),
        (ROW.replace('"2"', '"3"'), "sides"),
        (ROW.replace("bybit", "bibit"), "bybit"),
        (ROW.replace("linear", "linaer"), "linear"),
        (ROW + "contract_size = -1.0\n", "contract_size"),
        (ROW + 'valid_from = "2026-01-01"\n', "2026-01-01"),
        (
            ROW + 'valid_from = "2026-01-02T00:00:00Z"\nvalid_to = "2026-01-01T00:00:00Z"\n',
            "valid_to",
        ),
        (ROW.replace('source = "somewhere"\n', ""), "source"),
        ("[[convention", "TOML"),
    ],
)
def test_a_bad_table_is_refused_by_name(text, named):
    with pytest.raises(BadInput, match=named):
        conventions.parse(text)


def test_rows_that_touch_do_not_overlap():
    text = (
        ROW + 'valid_to = "2026-01-01T00:00:00Z"\n' + ROW + 'valid_from = "2026-01-01T00:00:00Z"\n'
    )
    assert len(list(conventions.parse(text))) == 2


def test_unknown_convention_is_named():
    with pytest.raises(UnknownName, match="bybit linear open_intrest"):
        TABLE.lookup("bybit", "linear", "open_intrest", AT)


def test_the_units_page_prints_this_table():
    page = Path(__file__).resolve().parents[2] / "docs" / "units.md"
    text = page.read_text("utf-8")
    assert text.endswith(conventions.as_markdown(TABLE))
    for field in FIELDS:
        assert f"| `{field.name}` | {field.unit} | {field.event_time_is} |" in text
