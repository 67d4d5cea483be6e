"""Starting, refusing to start, ending: addresses, keys, hosts, slow clients (reliability 65, 9)."""

from __future__ import annotations

import json
from http.client import HTTPConnection
from pathlib import Path
from socket import create_connection
from threading import Thread
from time import monotonic, sleep

import pytest

from tests.test_client import running
from tideline.cli.app import run
from tideline.domain.errors import BadInput, NoStore
from tideline.domain.time import WallClock
from tideline.serve.keys.ring import KeyRing
from tideline.serve.process import Serving, is_loopback, options_of


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("127.0.0.1", True),
        ("127.8.9.1", True),
        ("::1", True),
        ("[::1]", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.168.1.4", False),
        ("::ffff:127.0.0.1", False),
        ("localhost.evil.test", False),
        ("", False),
    ],
)
def test_what_is_loopback(host: str, local: bool) -> None:
    assert is_loopback(host) == local


def test_a_public_address_needs_a_key_that_is_valid(small_store: Path, tmp_path: Path) -> None:
    """Off on loopback, on elsewhere, and it does not start before there is a key."""
    file = tmp_path / "keys.sqlite"

    def options(host: str, keys: bool | None = None):
        return options_of(Serving(small_store, host, keys=keys, keys_file=file))

    assert options("127.0.0.1").keys is None
    with pytest.raises(BadInput, match="has no key that is valid"):
        options("0.0.0.0")
    with pytest.raises(BadInput, match="which others can reach"):
        options("0.0.0.0", keys=False)
    with pytest.raises(BadInput, match="has no key"):
        options("127.0.0.1", keys=True)
    ring = KeyRing(file, WallClock())
    _, record = ring.create("desk", "edge")
    assert options("0.0.0.0").keys == file
    assert options("127.0.0.1", keys=True).keys == file
    ring.revoke(record.prefix)
    ring.close()
    with pytest.raises(BadInput, match="has no key that is valid"):
        options("0.0.0.0")


def test_the_names_it_answers_to(small_store: Path, tmp_path: Path) -> None:
    file = tmp_path / "keys.sqlite"
    ring = KeyRing(file, WallClock())
    ring.create("desk", "edge", days=1)
    ring.close()

    def hosts(host: str, *more: str) -> set[str]:
        return set(options_of(Serving(small_store, host, hosts=more, keys_file=file)).hosts)

    own = {"127.0.0.1", "localhost", "[::1]"}
    assert hosts("127.0.0.1") == own
    assert hosts("0.0.0.0", "data.example.org") == own | {"data.example.org"}
    assert hosts("192.168.1.4") == own | {"192.168.1.4"}
    assert hosts("fe80::1") == own | {"[fe80::1]"}


def test_nothing_to_serve_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(NoStore):
        options_of(Serving(tmp_path / "none"))


def test_keys_from_the_command_line(
    small_store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = str(tmp_path / "keys.sqlite")

    def say(*words: str) -> dict:
        assert run(["keys", *words, "--keys-file", file, "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    made = say("create", "--plan", "edge", "--owner", "north desk", "--days", "14")
    ring = KeyRing(Path(file), WallClock())
    caller = ring.caller(made["secret"])
    assert caller is not None
    assert (caller.owner, caller.plan.name) == ("north desk", "edge")
    new = say("rotate", made["key"])
    assert ring.caller(new["secret"]) is not None
    listed = say("list")["keys"]
    assert [key["valid"] for key in listed] == [False, True]
    assert "secret" not in json.dumps(listed)
    say("revoke", new["key"])
    assert not ring.any_valid()
    assert run(["keys", "create", "--plan", "egde", "--keys-file", file]) == 2
    assert "nearest valid: edge" in capsys.readouterr().err
    ring.close()


def test_keys_of_a_store_lie_in_it(
    small_store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["keys", "create", "--store", str(tmp_path / "none")]) == 1
    assert not (tmp_path / "none").exists()
    assert "no tideline store" in capsys.readouterr().err


@pytest.mark.slow
def test_slow_idle_and_giant_clients_are_ended_and_hold_nobody_up(own_store: Path) -> None:
    """65: headers that never end, sockets that say nothing, headers without bound."""
    with running(own_store) as url:
        port = int(url.rpartition(":")[2])
        slow = [create_connection(("127.0.0.1", port)) for _ in range(200)]
        for held in slow[:100]:
            held.sendall(b"GET /v1/health HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ")
        began = monotonic()
        assert asked(port) == 200
        assert monotonic() - began < 5
        with create_connection(("127.0.0.1", port)) as giant:
            giant.sendall(b"GET /v1/health HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Big: ")
            assert ended(giant, b"x" * 65_536)
        for held in slow[:100]:
            held.settimeout(20)
            answer = held.recv(4096)
            assert answer == b"" or answer.startswith(b"HTTP/1.1 4")
        assert asked(port) == 200
        for held in slow:
            held.close()


def ended(held, piece: bytes) -> bool:
    """Does the other side refuse or close, however much is sent?"""
    held.settimeout(10)
    try:
        for _ in range(200):
            held.sendall(piece)
        return held.recv(64).startswith((b"HTTP/1.1 4", b""))
    except OSError:
        return True


def asked(port: int, path: str = "/v1/health") -> int:
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.mark.slow
def test_an_answer_under_way_is_ended_before_it_stops(own_store: Path) -> None:
    """9: ``running`` sends SIGTERM while four questions are being answered."""
    found: list[int] = []
    with running(own_store) as url:
        port = int(url.rpartition(":")[2])
        assert asked(port, "/v1/scan?as_of=2026-03-02T05:00:00Z") == 200  # kernels are loaded
        held = [HTTPConnection("127.0.0.1", port, timeout=60) for _ in range(4)]
        for at, connection in enumerate(held):
            connection.request("GET", f"/v1/scan?as_of=2026-03-02T0{at + 1}:30:00Z&window=1h")
        sleep(0.02)

        def collect() -> None:
            found.extend(connection.getresponse().status for connection in held)

        waiting = Thread(target=collect)
        waiting.start()
    waiting.join()
    assert found == [200] * 4
