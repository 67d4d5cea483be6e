"""Table imports: the ready maps on cuts of the real files, and maps and files that do not hold."""

from __future__ import annotations

import polars as pl
import pytest

from tests.collect.stores import DATA, leg_of, new_log, rows_of
from tideline.collect.archives.map import load_map, parse_map, ready_maps
from tideline.collect.archives.table_import import import_table
from tideline.domain.errors import BadFile, BadInput, BadMap
from tideline.domain.time import format_time

HOUR = 3_600_000_000

# map, file, field, venue, instrument, asset, rows, first event, first known, value of the first row
READY = [
    (
        "binance_um_5m_oi",
        "BTCUSDT_oi_5m.parquet",
        "open_interest",
        "binance",
        "BTCUSDT",
        "BTC",
        6,
        "2025-12-01T00:05:00Z",
        "2025-12-01T00:10:00Z",
        89832.175,
    ),
    (
        "binance_um_5m_oi",
        "ETHUSDT_oi_5m.parquet",
        "mark_price",
        "binance",
        "ETHUSDT",
        "ETH",
        6,
        "2025-12-01T00:05:00Z",
        "2025-12-01T00:10:00Z",
        5610146798.731191 / 1878751.904,
    ),
    (
        "binance_um_5m_funding",
        "BTCUSDT_funding_8h_per_hour.parquet",
        "funding_rate_settled",
        "binance",
        "BTCUSDT",
        "BTC",
        4,
        "2025-12-01T00:00:00Z",
        "2025-12-01T00:00:00Z",
        4.4913e-06 * 8,
    ),
    (
        "binance_um_5m_funding",
        "BTCUSDT_funding_8h_per_hour.parquet",
        "funding_interval_h",
        "binance",
        "BTCUSDT",
        "BTC",
        4,
        "2025-12-01T00:00:00Z",
        "2025-12-01T00:00:00Z",
        8.0,
    ),
    (
        "bybit_linear_1h",
        "BTCUSDT_1h.parquet",
        "open_interest",
        "bybit",
        "BTCUSDT",
        "BTC",
        20,
        "2021-05-19T06:00:00Z",
        "2021-05-19T06:05:00Z",
        None,
    ),
    (
        "bybit_linear_1h",
        "BTCUSDT_1h.parquet",
        "volume_coin",
        "bybit",
        "BTCUSDT",
        "BTC",
        20,
        "2021-05-19T07:00:00Z",
        "2021-05-19T07:00:00Z",
        None,
    ),
    (
        "bybit_linear_1h",
        "BTCUSDT_1h.parquet",
        "funding_rate_settled",
        "bybit",
        "BTCUSDT",
        "BTC",
        3,
        "2021-05-19T08:00:00Z",
        "2021-05-19T08:00:00Z",
        None,
    ),
    (
        "okx_swap_1h",
        "BTC-USDT-SWAP_1h.parquet",
        "open_interest_usd",
        "okx",
        "BTC-USDT-SWAP",
        "BTC",
        6,
        "2026-01-05T00:00:00Z",
        "2026-01-05T00:05:00Z",
        2435833490.9543376,
    ),
    (
        "okx_swap_1h",
        "BTC-USDT-SWAP_1h.parquet",
        "mark_price",
        "okx",
        "BTC-USDT-SWAP",
        "BTC",
        6,
        "2026-01-05T01:00:00Z",
        "2026-01-05T01:00:00Z",
        92365.6,
    ),
    (
        "okx_swap_1h",
        "BTC-USDT-SWAP_1h.parquet",
        "volume_coin",
        "okx",
        "BTC-USDT-SWAP",
        "BTC",
        5,
        "2026-01-05T01:00:00Z",
        "2026-01-05T01:00:00Z",
        776756.51 * 0.01,
    ),
    (
        "hyperliquid_1h",
        "oi_usd.parquet",
        "open_interest_usd",
        "hyperliquid",
        "BTC",
        "BTC",
        2,
        "2025-12-07T11:00:00Z",
        "2025-12-07T11:00:00Z",
        1934030909.9089077,
    ),
    (
        "binance_15m_oi",
        "oi_15m.parquet",
        "open_interest",
        "binance",
        "BTCUSDT",
        "BTC",
        4,
        "2026-04-28T21:15:00Z",
        "2026-04-28T21:20:00Z",
        97659.46,
    ),
    (
        "binance_15m_oi",
        "eth_oi_15m.parquet",
        "open_interest",
        "binance",
        "ETHUSDT",
        "ETH",
        4,
        "2026-04-28T21:15:00Z",
        "2026-04-28T21:20:00Z",
        1981894.064,
    ),
    (
        "binance_15m_long_short",
        "long_short_15m.parquet",
        "lsr_top_positions",
        "binance",
        "BTCUSDT",
        "BTC",
        4,
        "2026-04-28T21:15:00Z",
        "2026-04-28T21:20:00Z",
        0.8304,
    ),
    (
        "binance_15m_taker",
        "taker_ratio_15m.parquet",
        "taker_buy_coin",
        "binance",
        "BTCUSDT",
        "BTC",
        4,
        "2026-04-28T21:15:00Z",
        "2026-04-28T21:20:00Z",
        251.064,
    ),
    (
        "binance_funding",
        "eth_funding.parquet",
        "funding_rate_settled",
        "binance",
        "ETHUSDT",
        "ETH",
        4,
        "2019-11-27T08:00:00Z",
        "2019-11-27T08:00:00Z",
        0.0001,
    ),
    (
        "bybit_15m_oi",
        "bybit_oi_15m.parquet",
        "open_interest",
        "bybit",
        "BTCUSDT",
        "BTC",
        4,
        "2026-05-20T23:45:00Z",
        "2026-05-20T23:50:00Z",
        51429.968 / 2,
    ),
    (
        "bybit_15m_klines",
        "bybit_perp_15m.parquet",
        "mark_price",
        "bybit",
        "BTCUSDT",
        "BTC",
        4,
        "2026-05-21T00:00:00Z",
        "2026-05-21T00:00:00Z",
        77518.9,
    ),
    (
        "bybit_15m_long_short",
        "bybit_long_short_15m.parquet",
        "lsr_global_accounts",
        "bybit",
        "BTCUSDT",
        "BTC",
        4,
        "2026-05-20T23:45:00Z",
        "2026-05-20T23:50:00Z",
        1.306805074971165,
    ),
    (
        "binance_1h_ohlcv",
        "BTCUSDT_1h_ohlcv.parquet",
        "taker_sell_coin",
        "binance",
        "BTCUSDT",
        "BTC",
        10,
        "2026-01-24T01:00:00Z",
        "2026-01-24T01:00:00Z",
        1266.587 - 712.648,
    ),
    (
        "binance_1h_ohlcv",
        "BTCUSDT_1h_ohlcv.parquet",
        "funding_rate_settled",
        "binance",
        "BTCUSDT",
        "BTC",
        2,
        "2026-01-24T00:00:00Z",
        "2026-01-24T00:00:00Z",
        1.531e-05,
    ),
    (
        "circulating_supply",
        "supply.csv",
        "circulating_supply",
        "reference",
        "BTC",
        "BTC",
        3,
        "2026-02-04T00:00:00Z",
        "2026-02-04T00:00:00Z",
        19980612.5,
    ),
]


@pytest.mark.parametrize(
    ("name", "file", "field", "venue", "instrument", "asset", "rows", "event", "known", "value"),
    READY,
)
def test_ready_maps(
    tmp_path, name, file, field, venue, instrument, asset, rows, event, known, value
):
    log, clock = new_log(tmp_path)
    report = import_table(log, [DATA / file], name, clock)
    found = leg_of(log, field, instrument, venue, asset)
    assert len(found) == rows
    assert (format_time(found[0]["event_time"]), format_time(found[0]["known_time"])) == (
        event,
        known,
    )
    if value is not None:
        assert found[0]["value"] == pytest.approx(value, rel=1e-15)
    again = import_table(log, [DATA / file], name, clock)
    assert (report.rows > 0, again.rows) == (True, 0)


def test_every_ready_map_is_tried():
    assert {row[0] for row in READY} == set(ready_maps())


def test_bybit_is_halved_and_the_change_of_counting_is_a_break(tmp_path):
    log, clock = new_log(tmp_path)
    report = import_table(log, [DATA / "BTCUSDT_1h.parquet"], "bybit_linear_1h", clock)
    raw = pl.read_parquet(DATA / "BTCUSDT_1h.parquet")
    coins = leg_of(log, "open_interest", venue="bybit")
    assert [r["value"] for r in coins] == (raw["open_interest"] / 2).to_list()
    assert log.source(coins[0]["source_id"]).sides == "2"
    breaks = leg_of(log, "break.open_interest", venue="bybit")
    assert [format_time(b["event_time"]) for b in breaks] == [
        "2021-05-19T15:00:00Z",
        "2021-05-19T16:00:00Z",
    ]
    assert [b["value"] for b in breaks] == pytest.approx([2.488286, 1.450466], rel=1e-5)
    assert all(b["known_time"] == b["event_time"] + 300_000_000 for b in breaks)
    assert len(leg_of(log, "break.open_interest_usd", venue="bybit")) == 2
    assert report.leg(("BTC", "bybit", "BTCUSDT", "open_interest")).breaks == 2
    usd = leg_of(log, "open_interest_usd", venue="bybit")
    marks = {r["event_time"]: r["value"] for r in leg_of(log, "mark_price", venue="bybit")}
    by_time = {r["event_time"]: r["value"] for r in coins}
    assert all(r["value"] == by_time[r["event_time"]] * marks[r["event_time"]] for r in usd)
    assert len(usd) == len(coins) - 1  # no close is known at the first instant
    assert log.source(usd[0]["source_id"]).derived == "coin*mark (trade_close)"


def test_notional_from_marks_of_the_log(tmp_path):
    log, clock = new_log(tmp_path)
    import_table(log, [DATA / "bybit_perp_15m.parquet"], "bybit_15m_klines", clock)
    import_table(log, [DATA / "bybit_oi_15m.parquet"], "bybit_15m_oi", clock)
    assert len(leg_of(log, "open_interest_usd", venue="bybit")) == 3


def test_sides_that_nobody_documents_are_said(tmp_path):
    log, clock = new_log(tmp_path)
    report = import_table(log, [DATA / "oi_usd.parquet"], "hyperliquid_1h", clock)
    assert any("one or both sides" in note for note in report.notes)
    assert any("lag 0" in note for note in report.notes)
    row = leg_of(log, "open_interest_usd", "BTC", "hyperliquid")[0]
    assert log.source(row["source_id"]).sides == "unknown"
    assert leg_of(log, "open_interest", "BTC", "hyperliquid") == []


def test_dry_run_says_what_it_understood_and_writes_nothing(tmp_path):
    log, clock = new_log(tmp_path)
    report = import_table(
        log, [DATA / "BTCUSDT_1h.parquet"], "bybit_linear_1h", clock, dry_run=True
    )
    assert log.legs() == []
    told = {entry["field"]: entry for entry in report.understood}
    assert told["open_interest"]["sides"] == "2"
    assert told["open_interest"]["times"] == 0.5
    assert told["open_interest"]["label"] == "instant"
    assert told["volume_coin"]["label"] == "start"
    first = next(row for row in report.first_rows if row["field"] == "open_interest")
    assert first["event_time"] == "2021-05-19T06:00:00Z"
    assert report.to_dict()["dry_run"] is True
    import_table(None, [DATA / "BTCUSDT_1h.parquet"], "bybit_linear_1h", clock, dry_run=True)


MAP = """
venue = "binance"
cadence_s = 300
[instrument]
constant = "BTCUSDT"
[time]
column = "t"
unit = "ms"
[[take]]
column = "oi"
field = "open_interest"
unit = "coin"
"""

T0 = 1_770_249_600_000


def _csv(tmp_path, text="t,oi\n1770249600000,5\n1770249900000,6\n", name="in.csv"):
    (tmp_path / name).write_text(text)
    return tmp_path / name


def test_formats_give_the_same_rows(tmp_path):
    frame = pl.DataFrame({"t": [T0, T0 + 300_000], "oi": [5.0, None]})
    frame.write_csv(tmp_path / "a.csv")
    frame.write_parquet(tmp_path / "b.parquet")
    frame.write_ipc(tmp_path / "c.feather")
    seen = []
    for name in ("a.csv", "b.parquet", "c.feather"):
        log, clock = new_log(tmp_path, name[0])
        import_table(log, [tmp_path / name], parse_map(MAP), clock)
        seen.append([(r["event_time"], r["value"]) for r in rows_of(log)])
    assert seen == [[(T0 * 1000, 5.0)]] * 3


@pytest.mark.parametrize(
    ("unit", "values", "more"),
    [
        ("s", [T0 // 1000], ""),
        ("us", [T0 * 1000], ""),
        ("ns", [T0 * 1_000_000], ""),
        ("%Y-%m-%d %H:%M", ["2026-02-05 00:00"], 'timezone = "UTC"'),
        ("%Y-%m-%dT%H:%M:%S%z", ["2026-02-05T02:00:00+0200"], ""),
    ],
)
def test_time_units(tmp_path, unit, values, more):
    pl.DataFrame({"t": values, "oi": [5.0]}).write_csv(tmp_path / "in.csv")
    text = MAP.replace('unit = "ms"', f'unit = "{unit}"\n{more}')
    log, clock = new_log(tmp_path)
    import_table(log, [tmp_path / "in.csv"], parse_map(text), clock)
    assert [r["event_time"] for r in rows_of(log)] == [T0 * 1000]


def test_label_start_with_pattern_factor_lag_and_filter(tmp_path):
    text = """
venue = "binance"
cadence_s = 300
[instrument]
column = "coin"
pattern = "{}USDT"
[time]
column = "t"
unit = "ms"
label = "start"
[[take]]
column = "v"
field = "volume_coin"
unit = "coin"
factor = 2
lag_s = 7
[[filter]]
column = "kind"
one_of = ["perp"]
"""
    body = f"t,coin,v,kind\n{T0},BTC,3,perp\n{T0},ETH,4,perp\n{T0},BTC,9,spot\n"
    log, clock = new_log(tmp_path)
    import_table(log, [_csv(tmp_path, body)], parse_map(text), clock)
    (btc,) = leg_of(log, "volume_coin")
    assert (btc["value"], btc["event_time"]) == (6.0, T0 * 1000 + 300_000_000)
    assert btc["known_time"] - btc["event_time"] == 7_000_000
    assert leg_of(log, "volume_coin", "ETHUSDT", asset="ETH")[0]["value"] == 8.0


BAD_MAPS = {
    "not toml": ("venue = ", "TOML"),
    "unknown key": (MAP + "\n[[takes]]\n", "nearest valid: take"),
    "unknown take key": (MAP.replace('unit = "coin"', 'units = "coin"'), "nearest valid: unit"),
    "unknown field": (
        MAP.replace('"open_interest"', '"open_intrest"'),
        "nearest valid: open_interest",
    ),
    "unknown venue": (MAP.replace('"binance"', '"binnance"'), "nearest valid: binance"),
    "unknown unit": (MAP.replace('"coin"', '"coins"'), "nearest valid: coin"),
    "unknown sides": (MAP.replace('unit = "coin"', 'unit = "coin"\nsides = "3"'), "sides"),
    "unknown label": (MAP + 'label = "begin"', "label"),
    "label without cadence": (
        MAP.replace("cadence_s = 300", "").replace('unit = "ms"', 'unit = "ms"\nlabel = "start"'),
        "cadence_s",
    ),
    "bar that is an instant": (
        MAP.replace('"open_interest"', '"volume_coin"'),
        "nearest valid: start",
    ),
    "unit of another field": (MAP.replace('unit = "coin"', 'unit = "ratio"'), "ratio"),
    "two columns for one field": (
        MAP + '[[take]]\ncolumn = "x"\nfield = "open_interest"\nunit = "coin"\n',
        "two columns",
    ),
    "two instruments": (MAP.replace("[time]", 'column = "coin"\n[time]'), "constant and column"),
    "no instrument": (MAP.replace('constant = "BTCUSDT"', 'pattern = "{}"'), "instrument"),
    "bad instrument": (MAP.replace('"BTCUSDT"', '"BTC-USDT"'), "nearest valid: BTCUSDT"),
    "zero factor": (MAP + "factor = 0", "factor"),
    "text factor": (MAP + 'factor = "2"', "factor"),
    "bad span": (MAP + 'every = "8"', "nearest valid: 8h"),
    "bad derivation": (
        MAP + '[[derive]]\nfield = "mark_price"\nfrom = "usd/coin"\n',
        "derive.from",
    ),
    "derivation without its parts": (
        MAP + '[[derive]]\nfield = "mark_price"\nfrom = "notional/coin"\n',
        "needs a take of open_interest_usd",
    ),
    "derivation of another field": (
        MAP + '[[derive]]\nfield = "index_price"\nfrom = "coin*mark"\n',
        "nearest valid: open_interest_usd",
    ),
    "column not in the file": (MAP.replace('column = "oi"', 'column = "oj"'), "nearest valid: oi"),
    "unit that contradicts the times": (MAP.replace('"ms"', '"s"'), "nearest valid: ms"),
    "datetime that is a number": (MAP.replace('"ms"', '"datetime"'), "nearest valid: ms"),
    "zone of another country": (
        MAP.replace('unit = "ms"', 'unit = "ms"\ntimezone = "CET"'),
        "nearest valid: UTC",
    ),
    "contracts of unknown size": (
        MAP.replace('"binance"', '"okx"')
        .replace('"BTCUSDT"', '"AVAX-USDT-SWAP"')
        .replace('"coin"', '"contracts"'),
        "take.unit",
    ),
}


@pytest.mark.parametrize("name", BAD_MAPS)
def test_a_map_that_contradicts_itself_or_the_file_is_refused(tmp_path, name):
    text, said = BAD_MAPS[name]
    log, clock = new_log(tmp_path)
    (tmp_path / "m.toml").write_text(text)
    with pytest.raises(BadMap, match=said):
        import_table(log, [_csv(tmp_path)], tmp_path / "m.toml", clock)
    assert log.legs() == []


BAD_FILES = {
    "mixed units": (f"t,oi\n{T0},5\n{T0 * 1000},6\n", "row 0 is in ms, row 1.*in us"),
    "blank time": (f"t,oi\n{T0},5\n,6\n", "row 1 has no t"),
    "not a number": (f"t,oi\n{T0},5\n{T0},1_000\n", "row 1: '1_000'"),
    "no rows": ("t,oi\n", "no rows"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_bad_file_is_refused_by_name(tmp_path, name):
    text, said = BAD_FILES[name]
    log, clock = new_log(tmp_path)
    with pytest.raises(BadFile, match=said) as caught:
        import_table(log, [_csv(tmp_path, text)], parse_map(MAP), clock)
    assert "in.csv" in str(caught.value)
    assert log.legs() == []


def test_one_bad_file_of_two_writes_nothing(tmp_path):
    log, clock = new_log(tmp_path)
    good, bad = _csv(tmp_path, name="a.csv"), _csv(tmp_path, BAD_FILES["mixed units"][0], "b.csv")
    with pytest.raises(BadFile, match=r"b\.csv"):
        import_table(log, [good, bad], parse_map(MAP), clock)
    assert log.legs() == []


@pytest.mark.parametrize("name", ["in.parquet", "in.feather", "in.pkl", "absent.csv"])
def test_broken_and_foreign_files(tmp_path, name):
    log, clock = new_log(tmp_path)
    if not name.startswith("absent"):
        (tmp_path / name).write_bytes(b"\x80\x04 not a table")
    with pytest.raises(BadFile, match=name):
        import_table(log, [tmp_path / name], parse_map(MAP), clock)


def test_naive_times_need_a_zone(tmp_path):
    frame = pl.DataFrame({"t": [T0, T0 + 300_000], "oi": [5.0, 6.0]})
    frame = frame.with_columns(pl.from_epoch("t", "ms"))
    frame.write_parquet(tmp_path / "in.parquet")
    log, clock = new_log(tmp_path)
    text = MAP.replace('"ms"', '"datetime"')
    with pytest.raises(BadMap, match="nearest valid: UTC"):
        import_table(log, [tmp_path / "in.parquet"], parse_map(text), clock)
    said = text.replace('"datetime"', '"datetime"\ntimezone = "UTC"')
    assert import_table(log, [tmp_path / "in.parquet"], parse_map(said), clock).rows == 2


def test_unknown_map_names_the_nearest():
    with pytest.raises(BadMap, match="nearest valid: bybit_linear_1h"):
        load_map("bybit_linear")


def test_negative_lag_is_refused(tmp_path):
    log, clock = new_log(tmp_path)
    with pytest.raises(BadInput, match="lag"):
        import_table(log, [_csv(tmp_path)], parse_map(MAP), clock, lag_s=-1)


def test_bars_of_another_length_are_left_out(tmp_path):
    text = MAP.replace('"open_interest"', '"volume_coin"').replace('"ms"', '"ms"\nlabel = "end"')
    hours = text.replace("cadence_s = 300", "cadence_s = 3600")
    log, clock = new_log(tmp_path)
    import_table(log, [_csv(tmp_path)], parse_map(text), clock)
    later = _csv(tmp_path, f"t,oi\n{T0 + 600_000},50\n{T0 + 7_200_000},60\n", "hours.csv")
    report = import_table(log, [later], parse_map(hours), clock)
    tally = report.leg(("BTC", "binance", "BTCUSDT", "volume_coin"))
    assert (tally.taken, tally.left_out) == (1, {"bars of another length stand there": 1})


def test_a_contract_size_change_inside_a_file_leaves_coins_continuous(tmp_path):
    """OKX DOGE, 2022-04-14: 1000 -> 10 coins a contract, a hundred times the contracts."""
    text = (
        MAP.replace('"binance"', '"okx"')
        .replace('"BTCUSDT"', '"DOGE-USDT-SWAP"')
        .replace('"coin"', '"contracts"')
    )
    change = 1_649_894_400_000
    times = [change + i * 300_000 for i in range(-3, 4)]
    contracts = [1_000_000.0] * 3 + [100_000_000.0] * 4
    pl.DataFrame({"t": times, "oi": contracts}).write_csv(tmp_path / "doge.csv")
    log, clock = new_log(tmp_path)
    report = import_table(log, [tmp_path / "doge.csv"], parse_map(text), clock)
    rows = leg_of(log, "open_interest", "DOGE-USDT-SWAP", "okx", "DOGE")
    assert [r["value"] for r in rows] == [1e9] * 7
    assert [r["status"] for r in rows] == ["ok"] * 7
    assert [log.source(r["source_id"]).contract_size for r in rows] == [1000.0] * 3 + [10.0] * 4
    assert [entry["times"] for entry in report.understood] == [1000.0, 10.0]
    assert not [leg for leg in log.legs() if leg.field.startswith("break.")]
