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
from aiohttp import web
from polars.testing import assert_frame_equal

from tests.planted import START
from tests.serve.world import Growing, minutes, simulated_rows
from tideline.client import AsyncClient, Client, Refused
from tideline.client.stream import Feed
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


def test_alerts_are_made_tried_listed_and_forgotten(url: str) -> None:
    """With and without async."""
    with Client(url) as tide:
        rule = "price.mark@1h > 0 and R1@45m != new_longs"
        past = tide.try_rule(rule, "BTC", every_s=300)
        assert past["text"].startswith("would have fired")
        assert tide.alerts().height == 0
        made = tide.create_alert(rule, ["BTC", "ETH"], "json://127.0.0.1:9/", name="mine")
        assert made["secret"]
        assert made["past"]["fired"] >= past["fired"]
        listed = tide.alerts()
        assert listed["id"].to_list() == [made["id"]]
        assert listed.schema["created"] == pl.Datetime("us", "UTC")
        assert tide.alert(made["id"])["rule"] == rule
        assert tide.alert_events(made["id"]).height >= 0
        assert tide.try_channel(made["id"])["taken"] is False

        async def again() -> list[str]:
            async with AsyncClient(url) as other:
                hook = {"kind": "webhook", "url": "http://127.0.0.1:9/x"}
                second = await other.create_alert("price.ret@1h > 9", "ETH", hook, cooldown_s=5)
                names = (await other.alerts())["id"].to_list()
                assert (await other.alert(second["id"]))["cooldown_s"] == 5
                assert (await other.alert_events(second["id"])).height == 0
                assert (await other.try_rule("price.ret@1h > 9", "ETH"))["fired"] == 0
                assert (await other.try_channel(second["id"]))["taken"] is False
                await other.delete_alert(second["id"])
                return names

        assert asyncio.run(again())[0] == made["id"]
        tide.delete_alert(made["id"])
        assert tide.alerts().height == 0
        with pytest.raises(Refused) as gone:
            tide.delete_alert(made["id"])
        assert gone.value.status == 404
        with pytest.raises(Refused, match=r"nearest valid: R3\.kind"):
            tide.try_rule("R3.knd@45m == short_squeeze", "BTC")


def test_a_stream_says_the_same_with_and_without_async(url: str) -> None:
    wanted = {"features": FEATURES, "readings": ["R1@45m", "R3@45m"], "evidence": False}

    async def first(count: int) -> list[dict]:
        async with AsyncClient(url) as tide:
            stream = tide.stream(["BTC"], **wanted)
            found = [await anext(stream) for _ in range(count)]
            await stream.aclose()
            return found

    with Client(url) as tide:
        stream = tide.stream("BTC", **wanted)
        mine = [next(stream) for _ in range(4)]
        stream.close()
        for one in (mine, asyncio.run(first(4))):
            assert one[0]["type"] == "subscribed"
            assert sorted(m["type"] for m in one[1:]) == ["standing", "standing", "values"]
        resumed = tide.stream("BTC", features=FEATURES, since=mine[-1]["seq"])
        assert next(resumed)["missed"]["commits"] == 0
        resumed.close()
        with pytest.raises(Refused, match=r"nearest valid: R3\.kind") as refused:
            next(tide.stream("BTC", readings=["R3.knd@45m"]))
        assert refused.value.status == 422


def test_a_stream_without_a_valid_key_is_refused(store: Path, tmp_path: Path) -> None:
    file = tmp_path / "keys.sqlite"
    ring = KeyRing(file, WallClock())
    key, _ = ring.create("desk", "discover")
    with running(store, "--keys", "--keys-file", str(file)) as url:
        with pytest.raises(Refused) as refused:
            next(Client(url, "fk_live_wrong").stream("BTC", gaps=True))
        assert refused.value.status == 401
        first = Client(url, key.text).stream("BTC", gaps=True)
        assert next(first)["type"] == "subscribed"
        with pytest.raises(Refused, match="1 streams") as refused:
            next(Client(url, key.text).stream("BTC", gaps=True))
        assert refused.value.status == 429
        first.close()
    ring.close()


class Scripted:
    """A stream service that says what the test wrote, one script a connection, then hangs up."""

    def __init__(self, *scripts: tuple[list[dict], int]) -> None:
        self.scripts, self.heard = list(scripts), list[dict]()

    async def answer(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.heard.append(await socket.receive_json())
        messages, code = self.scripts.pop(0)
        for message in messages:
            await socket.send_json(message)
        await socket.close(code=code)
        return socket


def test_after_a_cut_a_stream_goes_on_from_the_last_sequence() -> None:
    service = Scripted(
        ([{"type": "ready", "seq": 3}, {"type": "values", "seq": 7}], 1001),
        ([{"type": "ready", "seq": 9}], 1013),
        ([{"type": "gap", "seq": 6}, {"type": "values", "seq": 9}], 4401),
    )

    async def main() -> list[int]:
        app = web.Application()
        app.router.add_get("/v1/stream", service.answer)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = site._server.sockets[0].getsockname()[1]
        found = []
        async with AsyncClient(f"http://127.0.0.1:{port}") as tide:
            with pytest.raises(Refused) as refused:
                async for message in tide.stream("BTC", features=["price.ret@1h"]):
                    found.append(message["seq"])
        assert refused.value.status == 401
        await runner.cleanup()
        return found

    assert asyncio.run(main()) == [7, 6, 9]
    assert [said.get("since") for said in service.heard] == [None, 7, 7]
    assert service.heard[0]["assets"] == ["BTC"]


def test_it_comes_again_ever_later_and_at_once_after_a_message() -> None:
    feed = Feed("http://x/v1/stream", {}, ["BTC"], {"gaps": True}, 1.0)
    assert [feed.cut(1006) for _ in range(9)] == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]
    feed.heard('{"type": "gap", "seq": 4}')
    assert (feed.cut(None), feed.seq) == (0.5, 4)


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
