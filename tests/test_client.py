"""The client against a service on loopback: every call, with and without async."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from socket import socket
from time import monotonic, sleep

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from tests.planted import START
from tests.serve.world import Growing, minutes, simulated_rows
from tideline.client import AsyncClient, Client, Refused
from tideline.domain.time import WallClock, to_datetime
from tideline.readings.catalogue import RULES
from tideline.serve.keys.ring import KeyRing
from tideline.store import open_store

FEATURES = ["price.ret@1h", "positioning.oi_usdtm@1h:zscore", "flow.cvd@15m"]


@contextmanager
def running(store: Path, *more: str) -> Iterator[str]:
    """``tideline serve`` in a process of its own; its URL."""
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "tideline.cli", "serve", "--store", str(store)]
    child = subprocess.Popen(
        [*command, "--port", str(port), *more],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until = monotonic() + 120
        while not answers(port):
            assert child.poll() is None and monotonic() < until
            sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        child.terminate()
        assert child.wait(timeout=60) == 0


def answers(port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/v1/health")
        return connection.getresponse().status in (200, 401, 503)
    except OSError:
        return False
    finally:
        connection.close()


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("client") / "store"
    growing = Growing(path, simulated_rows(["BTC", "ETH"], 0.25))
    for _ in range(37):
        growing.advance(minutes(10))
    growing.close()
    return path


@pytest.fixture(scope="module")
def url(store: Path) -> Iterator[str]:
    with running(store) as found:
        yield found


def rows() -> pl.DataFrame:
    start = to_datetime(int(START) + minutes(300))
    times = [start + timedelta(minutes=7 * k) for k in range(8)]
    return pl.DataFrame({"asset": ["BTC", "ETH"] * 4, "as_of": times}).with_columns(
        pl.col("as_of").cast(pl.Datetime("us", "UTC"))
    )


def test_a_batch_is_what_the_store_itself_says(url: str, store: Path) -> None:
    with Client(url) as tide, open_store(store) as opened:
        for evidence in (False, True):
            mine = tide.historical(rows(), FEATURES, evidence=evidence)
            theirs = opened.historical(rows=rows(), features=FEATURES, evidence=evidence)
            assert_frame_equal(mine, theirs, check_exact=True)
        start, end = rows()["as_of"].min(), rows()["as_of"].max()
        line = tide.series("BTC", FEATURES[0], start, end, "15m")
        own = opened.series("BTC", FEATURES[0], start=start, end=end, step="15m")
        assert_frame_equal(line, own, check_exact=True)


def test_every_call_gives_a_frame(url: str) -> None:
    at = rows()["as_of"].max()
    with Client(url) as tide:
        assert tide.live(["BTC", "ETH"], FEATURES).height == 6
        assert tide.scan(as_of=at)["asset"].sort().to_list() == ["BTC", "ETH"]
        told = tide.readings("BTC", as_of=at)["entry"].to_list()
        assert told == [rule.key for rule in RULES for _ in rule.windows_for("45m")]
        position = {"side": "long", "entry": 60_000.0, "stop": 58_000.0, "size": 0.3,
                    "leverage": 5.0, "equity": 1e5}  # fmt: skip
        items = tide.report("BTC", as_of=at, **position)["items"]
        assert {item["verdict"] for item in items} <= {"pass", "fail", "cannot tell"}
        with pytest.raises(Refused) as refused:
            tide.report("BTC", as_of=at, **{**position, "side": "up"})
        assert refused.value.status == 422
        more = tide.scan(as_of=at, readings="all")["entry"].to_list()
        assert more.count("R1.state") == 2
        assert set(more) - {"R1.state"} <= set(told)
        assert "price.ret" in tide.catalog()["signal"].to_list()
        assert tide.assets()["asset"].to_list() == ["BTC", "ETH"]
        assert tide.venues()["venue"].to_list() == ["binance", "bybit", "okx"]
        assert tide.gaps().height == 0
        assert tide.health()["status"] == "ok"
        assert tide.assets().schema["last_event"] == pl.Datetime("us", "UTC")


def counted(url: str, key: str) -> int:
    """Answers of /v1/assets with 200, as the counters of all workers have it."""
    connection = HTTPConnection(url.removeprefix("http://"), timeout=30)
    connection.request("GET", "/metrics", headers={"Authorization": f"Bearer {key}"})
    text = connection.getresponse().read().decode()
    connection.close()
    found = re.search(r'assets",status="200"} ([0-9.]+)', text)
    return int(float(found[1])) if found else 0


def test_async_is_the_same(url: str) -> None:
    at = rows()["as_of"].max()

    async def ask() -> list[pl.DataFrame]:
        async with AsyncClient(url) as tide:
            return [
                await tide.historical(rows(), FEATURES),
                await tide.scan(as_of=at),
                await tide.readings("ETH", as_of=at),
                await tide.series("BTC", "price.ret@1h", at, at, "1h"),
                await tide.catalog(),
                await tide.assets(),
                await tide.venues(),
                await tide.gaps(),
            ]

    with Client(url) as tide:
        mine = [
            tide.historical(rows(), FEATURES),
            tide.scan(as_of=at),
            tide.readings("ETH", as_of=at),
            tide.series("BTC", "price.ret@1h", at, at, "1h"),
            tide.catalog(),
            tide.assets(),
            tide.venues(),
            tide.gaps(),
        ]
    for one, other in zip(mine, asyncio.run(ask()), strict=True):
        assert_frame_equal(one, other)


def test_a_refusal_says_why(url: str) -> None:
    with Client(url) as tide:
        with pytest.raises(Refused, match=r"nearest valid: price\.ret") as refused:
            tide.live("BTC", ["price.rets@1h"])
        assert refused.value.status == 422
        with pytest.raises(Refused, match="above the head"):
            tide.scan(as_of=datetime(2090, 1, 1, tzinfo=UTC))
        assert tide.assets().height == 2  # the connection lives on
    with pytest.raises(ValueError, match="has no offset"), Client(url) as tide:
        tide.scan(as_of=datetime(2026, 3, 2))  # noqa: DTZ001 - naive on purpose


@pytest.mark.slow
def test_keys_several_workers_and_a_revocation_that_all_of_them_see(
    store: Path, tmp_path: Path
) -> None:
    """55, 59: two processes; whatever worker answers, the key is refused within five seconds."""
    file = tmp_path / "keys.sqlite"
    ring = KeyRing(file, WallClock())
    key, record = ring.create("desk", "quant")
    with running(store, "--keys", "--keys-file", str(file), "--workers", "2") as url:
        with Client(url) as tide, pytest.raises(Refused) as refused:
            tide.assets()
        assert refused.value.status == 401
        for _ in range(8):
            with Client(url, key.text) as tide:
                assert tide.assets().height == 2
        assert counted(url, key.text) == 8  # whatever worker is asked tells of both
        ring.revoke(record.prefix)
        until = monotonic() + 5
        sleep(2)
        for _ in range(8):
            with Client(url, key.text) as tide, pytest.raises(Refused):
                tide.assets()
        assert monotonic() < until + 30
    ring.close()
