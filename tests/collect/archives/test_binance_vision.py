"""The Binance archive import on small files cut from real ones, and on made ones."""

from __future__ import annotations

import shutil

import pytest

from tests.collect.stores import (
    DATA,
    HEADER,
    START,
    STEP,
    leg_of,
    metrics_line,
    new_log,
    rows_of,
    zipped,
)
from tideline.collect.archives.binance_vision import import_binance_vision
from tideline.domain.errors import BadFile, BadInput
from tideline.domain.time import format_time, parse_time

HOUR = 3_600_000_000


@pytest.fixture
def store(tmp_path):
    return new_log(tmp_path)


def _days(folder, *days):
    for day in days:
        for suffix in ("", ".CHECKSUM"):
            source = DATA / f"BTCUSDT-metrics-{day}.zip{suffix}"
            if source.exists():
                shutil.copy(source, folder / source.name)
    return [folder / f"BTCUSDT-metrics-{day}.zip" for day in days]


def _made(path, lines, header=HEADER):
    return zipped(path, "\n".join([header, *lines]) + "\n")


def test_golden_day(store):
    log, clock = store
    report = import_binance_vision(log, [DATA / "BTCUSDT-metrics-2026-02-05.zip"], clock)
    assert report.rows == 16 * 7
    first = {row["field"]: row for row in rows_of(log) if row["event_time"] == START + STEP}
    assert {name: row["value"] for name, row in first.items()} == {
        "open_interest": 93774.675,
        "open_interest_usd": 6849882282.148008,
        "mark_price": 6849882282.148008 / 93774.675,
        "lsr_top_accounts": 3.57418468,
        "lsr_top_positions": 1.929587,
        "lsr_global_accounts": 2.87660265,
        "taker_ratio_bar": 0.888983,
    }
    assert {row["known_time"] for row in first.values()} == {START + 2 * STEP}
    assert {(row["basis"], row["status"], row["cadence_s"]) for row in first.values()} == {
        ("assumed", "ok", 300.0)
    }
    given, derived = (
        log.source(first["open_interest"]["source_id"]),
        log.source(first["mark_price"]["source_id"]),
    )
    assert (given.unit, given.sides, given.derived) == ("coin", "1", "")
    assert derived.derived == "notional/coin"
    assert report.files[0].note == "labels are the end of the period (labels)"


def test_twice_adds_nothing_and_a_csv_of_it_neither(store, tmp_path):
    log, clock = store
    days = _days(tmp_path, "2026-02-04", "2026-02-05")
    assert import_binance_vision(log, days, clock).rows == 32 * 7
    again = import_binance_vision(log, days, clock)
    assert (again.rows, [note.skipped for note in again.files]) == (0, [True, True])
    import zipfile

    with zipfile.ZipFile(days[0]) as archive:
        text = archive.read(archive.namelist()[0])
    (tmp_path / "BTCUSDT-metrics-2026-02-04.csv").write_bytes(text)
    csv = [tmp_path / "BTCUSDT-metrics-2026-02-04.csv"]
    assert import_binance_vision(log, csv, clock).rows == 0
    (tmp_path / "BTCUSDT-metrics-2026-02-04.csv").write_bytes(text + b"\n\n")
    other = import_binance_vision(log, csv, clock)
    assert (other.rows, other.total("duplicates")) == (0, 16 * 7)


def test_one_by_one_in_any_order_equals_all_at_once(tmp_path):
    days = _days(tmp_path, "2026-01-28", "2026-02-04", "2026-02-05")
    whole, clock = new_log(tmp_path, "whole")
    import_binance_vision(whole, days, clock)
    parts, clock = new_log(tmp_path, "parts")
    for day in reversed(days):
        import_binance_vision(parts, [day], clock)
    told = [
        [
            (r["field"], r["event_time"], r["known_time"], r["value"], r["status"])
            for r in rows_of(log)
        ]
        for log in (whole, parts)
    ]
    assert told[0] == told[1]


def test_stamps_off_the_grid_stay_as_they_are(store):
    log, clock = store
    import_binance_vision(log, [DATA / "BTCUSDT-metrics-2026-01-28.zip"], clock)
    times = [format_time(row["event_time"]) for row in leg_of(log, "open_interest")]
    assert "2026-01-28T09:45:01Z" in times
    assert "2026-01-28T09:45:00Z" not in times


def test_start_labels_are_moved_to_the_snapshot(tmp_path):
    end, clock = new_log(tmp_path, "end")
    start, _ = new_log(tmp_path, "start")
    folder = tmp_path / "start-files"
    folder.mkdir()
    times = [START + i * STEP for i in range(1, 289)]
    lines = [(t, 90_000 + i, (90_000 + i) * 70_000.5) for i, t in enumerate(times)]

    def text(us):
        return format_time(us).replace("T", " ").removesuffix("Z")

    _made(
        tmp_path / "BTCUSDT-metrics-2026-02-05.zip",
        [metrics_line(text(t), c, u) for t, c, u in lines],
    )
    _made(
        folder / "BTCUSDT-metrics-2026-02-05.zip",
        [metrics_line(text(t - STEP), c, u) for t, c, u in lines],
    )
    import_binance_vision(end, [tmp_path / "BTCUSDT-metrics-2026-02-05.zip"], clock)
    report = import_binance_vision(start, [folder], clock)
    assert report.files[0].note.startswith("labels are the start")
    same = [
        [(r["field"], r["event_time"], r["known_time"], r["value"]) for r in rows_of(log)]
        for log in (end, start)
    ]
    assert same[0] == same[1]
    assert len(same[0]) == 288 * 7


def test_blank_is_no_row_and_zero_is_a_suspect(store, tmp_path):
    log, clock = store
    lines = [
        metrics_line("2026-02-05 00:00:00", 100, 7_000_000),
        metrics_line("2026-02-05 00:05:00", "", 7_000_100, more=",1.4,1.3,1.2"),
        metrics_line("2026-02-05 00:10:00", 0, 0),
        metrics_line("2026-02-05 00:15:00", 101, 7_100_000),
    ]
    import_binance_vision(log, [_made(tmp_path / "BTCUSDT-metrics-2026-02-05.zip", lines)], clock)
    coins = [(r["event_time"], r["value"], r["status"]) for r in leg_of(log, "open_interest")]
    assert coins == [
        (START + STEP, 100.0, "ok"),
        (START + 3 * STEP, 0.0, "suspect"),
        (START + 4 * STEP, 101.0, "ok"),
    ]
    assert [r["status"] for r in leg_of(log, "open_interest_usd")] == ["ok", "ok", "suspect", "ok"]
    assert len(leg_of(log, "lsr_top_accounts")) == 3
    assert len(leg_of(log, "mark_price")) == 2


def test_not_a_number_is_kept_as_a_suspect(store, tmp_path):
    log, clock = store
    lines = [
        metrics_line("2026-02-05 00:00:00", 100, 7_000_000),
        metrics_line("2026-02-05 00:05:00", "NaN", 7_000_100, more="NaN,inf,1.3,1.2"),
    ]
    import_binance_vision(log, [_made(tmp_path / "BTCUSDT-metrics-2026-02-05.zip", lines)], clock)
    assert [r["status"] for r in leg_of(log, "open_interest")] == ["ok", "suspect"]
    assert [r["status"] for r in leg_of(log, "lsr_top_positions")] == ["ok", "suspect"]


def test_conflicting_rows_are_revisions_and_reported(store, tmp_path):
    log, clock = store
    lines = [
        metrics_line("2026-02-05 00:00:00", 100, 7_000_000),
        metrics_line("2026-02-05 00:05:00", 101, 7_070_000),
        metrics_line("2026-02-05 00:05:00", 101, 7_070_000),
        metrics_line("2026-02-05 00:05:00", 102, 7_140_000),
    ]
    report = import_binance_vision(
        log, [_made(tmp_path / "BTCUSDT-metrics-2026-02-05.zip", lines)], clock
    )
    tally = report.leg(("BTC", "binance", "BTCUSDT", "open_interest"))
    assert (tally.offered, tally.taken, tally.duplicates, tally.restated) == (4, 3, 1, 1)
    revisions = [r for r in leg_of(log, "open_interest") if r["event_time"] == START + 2 * STEP]
    assert [r["value"] for r in revisions] == [101.0, 102.0]
    assert revisions[0]["known_time"] == START + 3 * STEP
    assert revisions[1]["known_time"] >= clock.now()


def test_a_republished_day_is_a_restatement(store, tmp_path):
    log, clock = store
    path = tmp_path / "BTCUSDT-metrics-2026-02-05.zip"
    import_binance_vision(
        log, [_made(path, [metrics_line("2026-02-05 00:00:00", 100, 7e6)])], clock
    )
    clock.advance(HOUR)
    report = import_binance_vision(
        log, [_made(path, [metrics_line("2026-02-05 00:00:00", 103, 7.21e6)])], clock
    )
    assert report.total("restated") == 2  # coins and notional: the mark they imply stands
    head = leg_of(log, "open_interest")
    assert [(r["value"], r["known_time"] > clock.now() - HOUR // 2) for r in head] == [
        (100.0, False),
        (103.0, True),
    ]


def test_klines_give_flows_and_confirm_the_labels(store):
    log, clock = store
    files = [DATA / "BTCUSDT-metrics-2026-02-05.zip", DATA / "BTCUSDT-1h-2026-02-05.csv"]
    import_binance_vision(log, files, clock)
    bars = leg_of(log, "volume_coin")
    assert len(bars) == 24
    assert bars[0]["event_time"] == bars[0]["known_time"] == START + HOUR
    buys, sells = leg_of(log, "taker_buy_coin"), leg_of(log, "taker_sell_coin")
    for bar, buy, sell in zip(bars, buys, sells, strict=True):
        assert buy["value"] + sell["value"] == pytest.approx(bar["value"], rel=1e-12)
    assert log.source(sells[0]["source_id"]).derived == "volume-taker_buy"
    marks = {r["event_time"]: log.source(r["source_id"]).derived for r in leg_of(log, "mark_price")}
    assert marks[START + 12 * HOUR] == "trade_close"
    assert marks[START + STEP] == "notional/coin"
    assert marks[START + 24 * HOUR] == "notional/coin"  # a better mark stands at that END


def test_a_truncated_day_is_read_by_klines_or_refused(tmp_path):
    import polars as pl

    log, clock = new_log(tmp_path)
    bars = pl.read_csv(DATA / "BTCUSDT-1h-2026-02-05.csv")
    close = dict(zip(bars["open_time"].to_list(), bars["close"].to_list(), strict=True))
    lines = []
    for hour in range(1, 24):
        time = START + hour * HOUR
        price = close[(time - HOUR) // 1000]
        lines.append((time - STEP, 100.0, 100.0 * price))  # START labels: 5 min before the snapshot
        lines.append((time, 100.0, 100.0 * (price + 300.0)))
    body = [metrics_line(format_time(t).replace("T", " ")[:19], c, u) for t, c, u in lines]
    day = _made(tmp_path / "BTCUSDT-metrics-2026-02-05.zip", body)
    with pytest.raises(BadFile, match="truncated day"):
        import_binance_vision(log, [day], clock)
    assert log.legs() == []
    report = import_binance_vision(log, [day, DATA / "BTCUSDT-1h-2026-02-05.csv"], clock)
    assert report.files[-1].note == "labels are the start of the period (implied price)"
    told, _ = new_log(tmp_path, "told")
    forced = import_binance_vision(told, [day], clock, labels="start")
    assert forced.files[0].note == "labels are the start of the period (as told)"


def test_spot_klines_are_spot_fields(store, tmp_path):
    log, clock = store
    folder = tmp_path / "spot"
    folder.mkdir()
    start = START // 1
    row = f"{start},70000,70100,69900,70050,10.5,{start + 60_000_000 - 1},735000.5,9,5.5,385000,0"
    (folder / "BTCUSDT-1m-2026-02-05.csv").write_text(row + "\n")
    import_binance_vision(log, [folder], clock)
    values = {r["field"]: (r["value"], r["event_time"]) for r in rows_of(log)}
    assert values == {
        "spot_volume_usd": (735000.5, START + 60_000_000),
        "spot_price": (70050.0, START + 60_000_000),
    }


def test_funding_files_write_rate_and_interval(store, tmp_path):
    log, clock = store
    at = START // 1000
    head = "calc_time,funding_interval_hours,last_funding_rate"
    text = f"{head}\n{at},8,0.0001\n{at + 14400004},4,-0.0002\n"
    import_binance_vision(log, [zipped(tmp_path / "BTCUSDT-fundingRate-2026-02.zip", text)], clock)
    rates, hours = leg_of(log, "funding_rate_settled"), leg_of(log, "funding_interval_h")
    assert [(r["value"], r["event_time"], r["cadence_s"]) for r in rates] == [
        (0.0001, START, 28800.0),
        (-0.0002, START + 4 * HOUR + 4000, 14400.0),
    ]
    assert [r["value"] for r in hours] == [8.0, 4.0]
    assert [r["event_time"] for r in hours] == [r["event_time"] for r in rates]


def test_a_thousand_is_a_thousand_coins(store, tmp_path):
    log, clock = store
    line = metrics_line("2026-02-05 00:00:00", 5_000_000, 25_000, symbol="1000PEPEUSDT")
    import_binance_vision(
        log, [_made(tmp_path / "1000PEPEUSDT-metrics-2026-02-05.zip", [line])], clock
    )
    values = {r["field"]: r["value"] for r in rows_of(log, "PEPE")}
    assert values["open_interest"] == 5e9
    assert values["open_interest_usd"] == 25_000
    assert values["mark_price"] == pytest.approx(5e-6)


def test_coin_margined_metrics_are_contracts_and_coins(store, tmp_path):
    log, clock = store
    line = metrics_line("2026-02-05 00:00:00", 13_069_401, 15_796.96988405, symbol="BTCUSD_PERP")
    import_binance_vision(
        log, [_made(tmp_path / "BTCUSD_PERP-metrics-2026-02-05.zip", [line])], clock
    )
    values = {r["field"]: r for r in rows_of(log)}
    assert values["open_interest"]["value"] == 15_796.96988405
    assert values["open_interest_usd"]["value"] == 1_306_940_100.0
    assert values["mark_price"]["value"] == pytest.approx(82_734, rel=1e-4)
    assert values["open_interest"]["event_time"] == START + STEP  # always START labels


def test_lag_override(store):
    log, clock = store
    import_binance_vision(log, [DATA / "BTCUSDT-metrics-2026-02-05.zip"], clock, lag_s={"*": 60})
    row = leg_of(log, "open_interest")[0]
    assert row["known_time"] - row["event_time"] == 60_000_000
    assert log.imports()[0].detail["lag_s"]["open_interest"] == 60.0


def test_progress_is_told(store, tmp_path):
    log, clock = store
    told = []
    import_binance_vision(
        log,
        _days(tmp_path, "2026-02-04", "2026-02-05"),
        clock,
        progress=lambda done, total, what: told.append((done, total, what)),
    )
    assert told[-1] == (2, 2, "done")
    assert any(what == "writing" for _, _, what in told)


BROKEN = {
    "broken zip": (
        lambda f: (f / "BTCUSDT-metrics-2026-02-05.zip").write_bytes(b"PK\3\4 no"),
        "broken zip",
    ),
    "cut zip": (
        lambda f: (f / "BTCUSDT-metrics-2026-02-05.zip").write_bytes(
            (DATA / "BTCUSDT-metrics-2026-02-05.zip").read_bytes()[:400]
        ),
        "broken zip",
    ),
    "flipped byte": (
        lambda f: (f / "BTCUSDT-metrics-2026-02-05.zip").write_bytes(
            bytes(
                b ^ (i == 200)
                for i, b in enumerate((DATA / "BTCUSDT-metrics-2026-02-05.zip").read_bytes())
            )
        ),
        "broken zip",
    ),
    "not a zip": (
        lambda f: (f / "BTCUSDT-metrics-2026-02-05.zip").write_text("hello"),
        "broken zip",
    ),
    "slip": (
        lambda f: zipped(f / "BTCUSDT-metrics-2026-02-05.zip", HEADER, "../../etc/x.csv"),
        "outside",
    ),
    "no csv inside": (
        lambda f: zipped(f / "BTCUSDT-metrics-2026-02-05.zip", "x", "x.pkl"),
        "no csv",
    ),
    "empty": (lambda f: _made(f / "BTCUSDT-metrics-2026-02-05.zip", []), "no rows"),
    "another symbol": (
        lambda f: _made(
            f / "BTCUSDT-metrics-2026-02-05.zip",
            [metrics_line("2026-02-05 00:00:00", 1, 1, symbol="ETHUSDT")],
        ),
        "ETHUSDT",
    ),
    "another day": (
        lambda f: _made(
            f / "BTCUSDT-metrics-2026-02-05.zip", [metrics_line("2026-02-07 00:00:00", 1, 1)]
        ),
        "2026-02-07",
    ),
    "unreadable time": (
        lambda f: _made(f / "BTCUSDT-metrics-2026-02-05.zip", [metrics_line("05/02/2026", 1, 1)]),
        "05/02/2026",
    ),
    "unreadable number": (
        lambda f: _made(
            f / "BTCUSDT-metrics-2026-02-05.zip", [metrics_line("2026-02-05 00:00:00", "1_000", 1)]
        ),
        "1_000",
    ),
    "arabic digits": (
        lambda f: _made(
            f / "BTCUSDT-metrics-2026-02-05.zip", [metrics_line("2026-02-05 00:00:00", "١٢٣", 1)]
        ),
        "BTCUSDT-metrics",
    ),
    "missing column": (
        lambda f: _made(
            f / "BTCUSDT-metrics-2026-02-05.zip",
            ["2026-02-05 00:00:00,BTCUSDT,1"],
            "create_time,symbol,sum_open_interest",
        ),
        "sum_open_interest_value",
    ),
    "mixed time units": (
        lambda f: (f / "BTCUSDT-1m-2026-02-05.csv").write_text(
            "1770249600000,1,1,1,1,1,1770249659999,1,1,1,1,0\n"
            "1770249660000000,1,1,1,1,1,1770249719999999,1,1,1,1,0\n"
        ),
        "mixes units",
    ),
    "bars of another length": (
        lambda f: (f / "BTCUSDT-5m-2026-02-05.csv").write_text(
            "1770249600000,1,1,1,1,1,1770249659999,1,1,1,1,0\n"
        ),
        "not a bar",
    ),
    "unknown csv": (lambda f: (f / "things.csv").write_text("a,b\n1,2\n"), "import table"),
    "not an archive": (lambda f: (f / "things.txt").write_text("a"), "neither|holds no"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_bad_file_is_named_and_nothing_is_written(name, store, tmp_path):
    log, clock = store
    folder = tmp_path / "in"
    folder.mkdir()
    make, said = BROKEN[name]
    make(folder)
    shutil.copy(DATA / "BTCUSDT-metrics-2026-02-04.zip", folder / "A-good.zip")
    paths = sorted(folder.iterdir())
    with pytest.raises(BadInput, match=said) as caught:
        import_binance_vision(log, paths, clock)
    culprit = next(p for p in paths if p.name != "A-good.zip")
    assert culprit.name in str(caught.value)
    assert log.legs() == []
    assert log.imports() == []


def test_a_wrong_checksum_is_refused(store, tmp_path):
    log, clock = store
    (day,) = _days(tmp_path, "2026-02-05")
    beside = day.with_name(day.name + ".CHECKSUM")
    beside.write_text("0" * 64 + f"  {day.name}\n")
    with pytest.raises(BadFile, match="CHECKSUM"):
        import_binance_vision(log, [day], clock)
    assert log.legs() == []


def test_a_bomb_is_refused(store, tmp_path, monkeypatch):
    log, clock = store
    monkeypatch.setattr("tideline.collect.archives.archive_file.MAX_BYTES", 10_000)
    path = zipped(tmp_path / "BTCUSDT-metrics-2026-02-05.zip", HEADER + "\n" + "0" * 20_000)
    with pytest.raises(BadFile, match="unpacks to more"):
        import_binance_vision(log, [path], clock)


def test_nothing_there_is_said(store, tmp_path):
    log, clock = store
    with pytest.raises(BadFile, match="does not exist"):
        import_binance_vision(log, [tmp_path / "nowhere.zip"], clock)
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadFile, match="no zip"):
        import_binance_vision(log, [tmp_path / "empty"], clock)


def test_the_start_of_the_day_is_where_it_should_be():
    assert int(parse_time("2026-02-05T00:00:00Z")) == START


def test_a_killed_import_goes_on_where_it_stopped(store, tmp_path, monkeypatch):
    monkeypatch.setattr("tideline.collect.archives.binance_vision.COMMIT_ROWS", 1)
    log, clock = store
    days = _days(tmp_path, "2026-01-28", "2026-02-04", "2026-02-05")

    class Killed(Exception):
        pass

    def kill(done, total, what):
        if what == "writing" and done == 2:
            raise Killed

    with pytest.raises(Killed):
        import_binance_vision(log, days, clock, progress=kill)
    assert len(log.imports()) == 2
    report = import_binance_vision(log, days, clock)
    assert [note.skipped for note in report.files] == [True, True, False]
    whole, _ = new_log(tmp_path, "whole")
    import_binance_vision(whole, days, clock)
    assert [(r["field"], r["event_time"], r["known_time"], r["value"]) for r in rows_of(log)] == [
        (r["field"], r["event_time"], r["known_time"], r["value"]) for r in rows_of(whole)
    ]


ODD = {
    "carriage returns": lambda lines: "\r\n".join([*lines, ""]).encode(),
    "byte order mark": lambda lines: b"\xef\xbb\xbf" + "\n".join(lines).encode(),
    "quotes": lambda lines: "\n".join(
        ",".join(f'"{word}"' for word in line.split(",")) for line in lines
    ).encode(),
    "columns the other way round": lambda lines: "\n".join(
        ",".join(reversed(line.split(","))) for line in lines
    ).encode(),
    "rows the other way round": lambda lines: "\n".join([lines[0], *lines[:0:-1]]).encode(),
}


@pytest.mark.parametrize("name", ODD)
def test_odd_but_readable_files(store, tmp_path, name):
    log, clock = store
    lines = [
        HEADER,
        metrics_line("2026-02-05 00:00:00", 100, 7_000_000),
        metrics_line("2026-02-05 00:05:00", 101, 7_070_000),
    ]
    (tmp_path / "BTCUSDT-metrics-2026-02-05.csv").write_bytes(ODD[name](lines))
    assert (
        import_binance_vision(log, [tmp_path / "BTCUSDT-metrics-2026-02-05.csv"], clock).rows == 14
    )
    assert [r["value"] for r in leg_of(log, "open_interest")] == [100.0, 101.0]


@pytest.mark.parametrize("digits", ["9" * 4000, "1e999", str(2**64 + 1)])
def test_numbers_that_no_market_has_are_suspects(store, tmp_path, digits):
    log, clock = store
    lines = [
        metrics_line("2026-02-05 00:00:00", 100, 7_000_000),
        metrics_line("2026-02-05 00:05:00", digits, 1),
    ]
    import_binance_vision(log, [_made(tmp_path / "BTCUSDT-metrics-2026-02-05.zip", lines)], clock)
    assert [r["status"] for r in leg_of(log, "open_interest")] == ["ok", "suspect"]
