"""Collecting from the command line: the plan, wrong input, and a whole life on loopback."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tideline.cli.app import run
from tideline.domain.fields import MARKET
from tideline.log import Log, Source
from tideline.store import open_store
from tideline.venues.catalogue import VENUES


def test_the_plan_names_every_feed_and_fits_every_limit(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["collect", "--top", "50", "--plan", "--json"]) == 0
    plan = json.loads(capsys.readouterr().out)
    assert [one["venue"] for one in plan["venues"]] == [venue.name for venue in VENUES]
    for one, venue in zip(plan["venues"], VENUES, strict=True):
        feeds = {sweep["feed"] for sweep in one["sweeps"]}
        assert feeds >= {poll.name for poll in venue.listings}
        assert all(load["used"] <= load["allowed"] * 1.0001 for load in one["loads"]), one["venue"]
        assert all(sweep["cadence_s"] >= sweep["declared_s"] for sweep in one["sweeps"])
    assert run(["collect", "--assets", "BTC,ETH", "--venues", "okx,bybit", "--plan"]) == 0
    text = capsys.readouterr().out
    assert "bybit.linear.tickers" in text
    assert "okx.swap.open_interest" in text
    assert "binance" not in text


def hosts_file(tmp_path: Path, text: str) -> str:
    path = tmp_path / "hosts.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


@pytest.mark.parametrize(
    ("given", "named"),
    [
        (["--assets", "btc"], ("assets", "'btc'", "BTC")),
        (["--assets", "BTC,BTC"], ("assets", "twice")),
        (["--assets", "BTC", "--top", "5"], ("--top",)),
        (["--venues", "bybt"], ("'bybt'", "bybit")),
        (["--trust", "okex"], ("'okex'", "okx")),
        (["--thin-s", "61"], ("--thin-s",)),
        (["--hosts", "nowhere.toml"], ("nowhere.toml",)),
        (["--top", "0"], ("--top",)),
        (["--raw-gb", "-1"], ("--raw-gb",)),
    ],
)
def test_wrong_input_is_named(
    given: list[str], named: tuple[str, ...], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert run(["collect", "--store", str(tmp_path / "s"), *given]) == 2
    text = capsys.readouterr().err
    for word in named:
        assert word in text
    assert not (tmp_path / "s").exists()


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('[bybt]\nrest = "http://127.0.0.1:1"', ("'bybt'", "bybit")),
        ('[bybit]\nrset = "http://127.0.0.1:1"', ("'rset'", "rest")),
        ('[bybit]\nrest = "ws://127.0.0.1:1"', ("bybit.rest", "https://api.bybit.com")),
        ("[bybit]\nrest = 5", ("bybit.rest", "5")),
        ('[bybit]\nrest = "http://relay.example"', ("bybit.rest", "https://relay.example")),
        ("bybit = 5", ("hosts of bybit",)),
        ("[[", ("hosts file",)),
    ],
)
def test_a_wrong_hosts_file_is_named(
    text: str, named: tuple[str, ...], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    given = ["collect", "--plan", "--hosts", hosts_file(tmp_path, text)]
    assert run(given) == 2
    said = capsys.readouterr().err
    for word in named:
        assert word in said


def test_real_and_simulated_rows_never_meet(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    from tests.planted import fill

    fill(tmp_path / "demo")
    assert run(["collect", "--store", str(tmp_path / "demo"), "--assets", "BTC"]) == 2
    assert "simulated" in capsys.readouterr().err
    with Log.create(tmp_path / "real") as log, log.writer() as writer:
        writer.note(lambda db: None)
    given = ["up", "--simulated", "--assets", "NOCOIN", "--store", str(tmp_path / "real")]
    assert run(given) == 2
    assert "NOCOIN" in capsys.readouterr().err


def test_status_without_a_collector_says_so(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    Log.create(tmp_path / "store").close()
    assert run(["status", "--store", str(tmp_path / "store")]) == 2
    assert "nothing has collected" in capsys.readouterr().err


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A store that a real process filled from the venue servers on loopback, and what it said."""
    store = tmp_path_factory.mktemp("up") / "store"
    command = [sys.executable, "-m", "tideline.cli", "up", "--simulated", "--assets", "BTC,PEPE"]
    command += ["--backfill-days", "0.1", "--store", str(store)]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8"
    )
    try:
        deadline = time.monotonic() + 60
        while not _has_everything(store) and time.monotonic() < deadline:
            assert process.poll() is None, process.stdout and process.stdout.read()
            time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 0, said
    return store, said


def _has_everything(store: Path) -> bool:
    """Has every venue given open interest?"""
    if not (store / "status.json").exists():
        return False
    with Log.open(store) as log:
        legs = log.legs("BTC") if "BTC" in log.assets() else []
    venues = {leg.venue for leg in legs if leg.field == "open_interest_usd"}
    return venues >= {venue.name for venue in VENUES}


def test_a_life_on_loopback(
    collected: tuple[Path, str], capsys: pytest.CaptureFixture[str]
) -> None:
    store, said = collected
    assert "SIMULATED" in said
    assert "stopped:" in said
    assert "Traceback" not in said
    assert run(["verify", "--store", str(store)]) == 0
    capsys.readouterr()
    with open_store(store) as opened:
        answer = opened.value("BTC", "positioning.oi_all@1h")
    assert answer["simulated"] is True
    assert answer["value"] > 1e9
    assert {leg["venue"] for leg in answer["legs"] if leg["used"]} >= {"binance", "bybit", "okx"}
    assert "coinbase-gateway" not in {leg["venue"] for leg in answer["legs"]}
    with open_store(store) as opened:
        pepe = opened.value("PEPE", "price.mark@1h")
    assert 1e-7 < pepe["value"] < 1e-4
    assert {leg["instrument"] for leg in pepe["legs"]} >= {"1000PEPEUSDT", "PEPE-USDT-SWAP"}


def test_status_tells_of_it(
    collected: tuple[Path, str], capsys: pytest.CaptureFixture[str]
) -> None:
    store, _ = collected
    assert run(["status", "--store", str(store)]) == 0
    text = capsys.readouterr().out
    assert "stopped at" in text
    for word in ("open_interest_usd", "lsr_top_accounts", "coinbase-gateway", "clock skew"):
        assert word in text
    assert "bybit.linear.stream" not in text
    assert run(["status", "--store", str(store), "--feeds"]) == 0
    assert "bybit.linear.stream" in capsys.readouterr().out
    assert run(["status", "--store", str(store), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["running"] is False
    assert set(facts["venues"]) == {venue.name for venue in VENUES}
    for name, venue in facts["venues"].items():
        assert venue["crash"] == "", name
        assert venue["fields"]["open_interest_usd"]["rows"] > 0, name
        assert all(not feed["crash"] for feed in venue["feeds"].values()), name


def test_a_concern_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from tideline.collect.status import FeedStatus, FieldStatus, Status, VenueStatus, write_status

    fields = {"mark_price": FieldStatus(rows=7, instruments=3, newest_at=1, gaps=2)}
    feeds = {"okx.swap.stream": FeedStatus(dropped=3, errors={"BadWire": 2})}
    concern = "open interest held back: 1e+12 USD"
    venue = VenueStatus(concern=concern, fields=fields, feeds=feeds)
    Log.create(tmp_path / "store").close()
    write_status(tmp_path / "store", Status(1, 1, {"okx": venue}))
    assert run(["status", "--store", str(tmp_path / "store")]) == 0
    text = capsys.readouterr().out
    assert "open interest held back" in text
    assert "NOT RUNNING" in text
    assert "2 silent" in text
    assert "BadWire 2" in text


def test_without_a_commit_the_status_says_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from tideline.collect.status import Status, write_status

    Log.create(tmp_path / "store").close()
    said = Status(1, 1, commit_failures=3, commit_error="PermissionError: raw")
    said.refused, said.refused_why = 2, "field: 'x' is no field"
    write_status(tmp_path / "store", said)
    assert run(["status", "--store", str(tmp_path / "store")]) == 0
    text = capsys.readouterr().out
    assert "0 commits, the last at –" in text
    assert "PermissionError: raw" in text
    assert "2 batches were refused by the log: field: 'x' is no field" in text


def test_what_was_taken_is_kept_when_the_collector_breaks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tideline.cli.running import Job
    from tideline.cli.running import run as collect
    from tideline.collect.live.record import Universe
    from tideline.collect.raw.reading import Reading
    from tideline.collect.supervisor import Collector

    record = Universe(1_800_000_000_000_000, "bybit", ("BTCUSDT",))

    async def broken(self: Collector) -> None:
        self._sink.take(record)
        raise RuntimeError("a slip of ours")

    monkeypatch.setattr(Collector, "run", broken)
    with pytest.raises(RuntimeError, match="a slip of ours"):
        collect(Job(tmp_path / "store", VENUES[1:2], ("BTC",)))
    assert record in list(Reading(tmp_path / "store" / "raw").entries())


def test_reparse_gives_the_same_log(
    collected: tuple[Path, str], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    store, _ = collected
    again = tmp_path / "again"
    assert run(["reparse", "--store", str(store), "--into", str(again), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["refused"] == []
    assert facts["damage"] == []
    columns = ["venue", "instrument", "field", "event_time", "known_time", "value", "basis"]
    with Log.open(store) as first, Log.open(again) as second:
        # judgements were worked out and not received: no frame holds them
        assert [asset for asset in first.assets() if asset != MARKET] == second.assets()
        head = min(first.head(), second.head())
        for asset in second.assets():
            one, two = (
                log.read(asset, head).select([*columns, "status"]).to_pylist()
                for log in (first, second)
            )
            assert [row for row in one if row["venue"] != "tideline"] == two
        assert {source.kind for source in second.sources()} == {"simulated"}
    assert run(["reparse", "--store", str(store), "--into", str(again)]) == 2
    assert "not empty" in capsys.readouterr().err
    assert run(["reparse", "--store", str(tmp_path), "--into", str(again)]) == 2
    assert "no raw frames" in capsys.readouterr().err


def test_a_second_collector_is_refused(
    collected: tuple[Path, str], capsys: pytest.CaptureFixture[str]
) -> None:
    store, _ = collected
    with Log.open(store) as log, log.writer():
        assert run(["collect", "--store", str(store), "--simulated", "--assets", "BTC"]) == 1
    assert "is being written by process" in capsys.readouterr().err


def test_a_source_says_how_it_was_counted(collected: tuple[Path, str]) -> None:
    store, _ = collected
    with Log.open(store) as log:
        sources = list(log.sources())
        bybit = [one for one in sources if one.name == "bybit.linear.tickers" and one.sides == "2"]
        assert bybit
        one: Source = bybit[0]
        assert (one.unit, one.factor) == ("coin", 0.5)
        assert len(one.sha256) == 64
        assert one.received_time is not None
        segment = str(one.raw["segment"])
    assert list((store / "raw").glob(f"{segment}*.zst"))


def test_calibrate_names_what_each_venue_is_counted_as(
    collected: tuple[Path, str], capsys: pytest.CaptureFixture[str]
) -> None:
    store, _ = collected
    assert run(["calibrate", "sides", "--store", str(store), "--assets", "BTC", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["sides"]
    counted = {row["venue"]: row["counted_as"] for row in rows}
    assert counted["bybit"] == "2"
    assert counted["binance"] == "1"
    assert counted["okx"] == "unknown"
    assert all(row["agrees"] is not False for row in rows)
    assert run(["calibrate", "sides", "--store", str(store), "--assets", "BTX"]) == 2
    assert "BTC" in capsys.readouterr().err
