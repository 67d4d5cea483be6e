"""The transport against a real server on this machine: limits, redirects, bombs, certificates."""

from __future__ import annotations

import asyncio
import gzip
import shutil
import socket
import ssl
import subprocess
import zlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import WSMsgType, web
from aiohttp.abc import AbstractResolver, ResolveResult

from tideline.collect.addresses import is_loopback, is_public
from tideline.collect.transport import Limits, WebTransport
from tideline.venues.declaration import Host
from tideline.venues.transport import TransportError
from tideline.venues.wire import Reply, Request

REST = Host("rest", "https://api.venue.example", "venue")
WS = Host("ws", "wss://stream.venue.example", "venue.ws")
SMALL = Limits(connect_s=2.0, read_s=0.5, total_s=2.0, body_bytes=100_000, frame_bytes=10_000)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def serve(
    handler: Handler,
    talk: Callable[[WebTransport], Awaitable[Any]],
    *,
    tls: ssl.SSLContext | None = None,
    trust: ssl.SSLContext | None = None,
    limits: Limits = SMALL,
) -> Any:
    """Talk to a server on a loopback port through a transport whose hosts are replaced by it."""

    async def main() -> Any:
        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", handler)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
        await site.start()
        port = site._server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
        secure = "s" if tls else ""
        urls = {
            "rest": f"http{secure}://127.0.0.1:{port}",
            "ws": f"ws{secure}://127.0.0.1:{port}",
        }
        try:
            async with WebTransport(urls, limits=limits, tls=trust) as transport:
                return await talk(transport)
        finally:
            await runner.cleanup()

    return asyncio.run(main())


def ask(handler: Handler, request: Request | None = None, **more: Any) -> Reply:
    wanted = request or Request("rest", "/x")
    return serve(handler, lambda transport: transport.ask(REST, wanted), **more)  # type: ignore[no-any-return]


def failure(handler: Handler, **more: Any) -> TransportError:
    with pytest.raises(TransportError) as caught:
        ask(handler, **more)
    return caught.value


def answers(body: bytes, status: int = 200, **headers: str) -> Handler:
    async def handler(_: web.Request) -> web.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.Response(body=body, status=status, headers=named)

    return handler


def test_a_request_goes_out_as_it_is_and_the_reply_comes_back_as_it_is() -> None:
    seen: list[Any] = []

    async def handler(request: web.Request) -> web.Response:
        seen.append((request.method, request.path_qs, await request.read(), dict(request.headers)))
        return web.Response(body=b'{"a":1}', status=418, headers={"X-MBX-Used": "7"})

    request = Request("rest", "/v5/x", (("b", "1"), ("a", "x y")), "POST", b'{"type":"meta"}')
    reply = ask(handler, request)
    method, target, body, headers = seen[0]
    assert (method, target, body) == ("POST", "/v5/x?b=1&a=x+y", b'{"type":"meta"}')
    assert headers["User-Agent"].startswith("tideline/")
    assert headers["Content-Type"] == "application/json"
    assert (reply.status, reply.body, reply.headers["x-mbx-used"]) == (418, b'{"a":1}', "7")


def test_html_and_empty_bodies_are_replies() -> None:
    assert ask(answers(b"<html>", 403)).body == b"<html>"
    assert ask(answers(b"")).body == b""


def test_gzip_is_undone() -> None:
    raw = b"x" * 50_000
    assert ask(answers(gzip.compress(raw), Content_Encoding="gzip")).body == raw


@pytest.mark.parametrize(
    ("body", "encoding", "kind"),
    [
        (gzip.compress(b"\0" * 50_000_000), "gzip", "too_large"),
        (b"x" * 100_001, "identity", "too_large"),
        (gzip.compress(b"x" * 1000)[:-9], "gzip", "bad_encoding"),
        (gzip.compress(b"x") + b"rest", "gzip", "bad_encoding"),
        (b"not gzip at all", "gzip", "bad_encoding"),
        (zlib.compress(b"x"), "deflate", "bad_encoding"),
        (b"x", "br", "bad_encoding"),
    ],
    ids=["bomb", "large", "cut", "more", "no gzip", "deflate", "brotli"],
)
def test_bodies_that_are_refused(body: bytes, encoding: str, kind: str) -> None:
    assert failure(answers(body, Content_Encoding=encoding)).kind == kind


def test_a_bomb_without_end_is_given_up() -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b"x" * 10_000)

    assert failure(handler).kind == "too_large"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(status: int) -> None:
    seen: list[str] = []

    async def handler(request: web.Request) -> web.Response:
        seen.append(request.path)
        return web.Response(status=status, headers={"Location": "/elsewhere"})

    assert failure(handler).kind == "redirect"

    async def connect(transport: WebTransport) -> None:
        await transport.connect(WS, "/ws")

    with pytest.raises(TransportError) as caught:
        serve(handler, connect)
    assert caught.value.kind == "redirect"
    assert "/elsewhere" not in seen


def test_silence_is_a_timeout() -> None:
    async def handler(_: web.Request) -> web.Response:
        await asyncio.sleep(30)
        return web.Response()

    assert failure(handler).kind == "timeout"


def test_nobody_there_is_no_connection() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]

        async def main() -> None:
            async with WebTransport({"rest": f"http://127.0.0.1:{port}"}) as transport:
                await transport.ask(REST, Request("rest", "/"))

        with pytest.raises(TransportError) as caught:
            asyncio.run(main())
    assert caught.value.kind == "connect"


def sockets(behave: Callable[[web.WebSocketResponse], Awaitable[None]]) -> Handler:
    async def handler(request: web.Request) -> web.StreamResponse:
        found = web.WebSocketResponse()
        await found.prepare(request)
        await behave(found)
        return found

    return handler


def test_frames_go_both_ways_and_the_end_is_none() -> None:
    async def behave(found: web.WebSocketResponse) -> None:
        message = await found.receive()
        assert message.type is WSMsgType.TEXT
        await found.send_str("text " + message.data)
        await found.send_bytes(b"bytes \xff")
        await found.ping()
        await found.close()

    async def talk(transport: WebTransport) -> list[bytes | None]:
        connected = await transport.connect(WS, "/ws?streams=a/b")
        await connected.send("hello ü")
        got = [await connected.receive() for _ in range(3)]
        await connected.close()
        with pytest.raises(TransportError):
            await connected.send("more")
        return got

    assert serve(sockets(behave), talk) == ["text hello ü".encode(), b"bytes \xff", None]


def test_a_giant_frame_is_refused() -> None:
    async def behave(found: web.WebSocketResponse) -> None:
        await found.send_str("x" * 20_000)
        await found.receive()

    async def talk(transport: WebTransport) -> None:
        connected = await transport.connect(WS, "/ws")
        await connected.receive()

    with pytest.raises(TransportError) as caught:
        serve(sockets(behave), talk)
    assert caught.value.kind == "too_large"


def test_a_line_that_breaks_is_the_end() -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        found = web.WebSocketResponse()
        await found.prepare(request)
        assert request.transport is not None
        request.transport.abort()
        return found

    async def talk(transport: WebTransport) -> bytes | None:
        connected = await transport.connect(WS, "/ws")
        return await connected.receive()

    assert serve(handler, talk) is None


def test_a_half_open_line_is_noticed_by_the_protocols_own_pings() -> None:
    async def behave(found: web.WebSocketResponse) -> None:
        found._reader.feed_data = lambda *_: None  # type: ignore[union-attr, method-assign]
        await asyncio.sleep(3)

    async def handler(request: web.Request) -> web.StreamResponse:
        found = web.WebSocketResponse(autoping=False)
        await found.prepare(request)
        await behave(found)
        return found

    async def talk(transport: WebTransport) -> bytes | None:
        connected = await transport.connect(WS, "/ws")
        return await asyncio.wait_for(connected.receive(), 2.5)

    assert serve(handler, talk, limits=Limits(ping_s=0.4)) is None


def test_a_handshake_that_is_answered_otherwise_carries_the_answer() -> None:
    async def talk(transport: WebTransport) -> None:
        await transport.connect(WS, "/ws")

    with pytest.raises(TransportError) as caught:
        serve(answers(b"slow down", 429, Retry_After="30"), talk)
    assert caught.value.kind == "refused"
    assert caught.value.reply is not None
    assert caught.value.reply.status == 429
    assert caught.value.reply.headers["retry-after"] == "30"


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("http://api.venue.example", "tls"),
        ("ws://api.venue.example", "tls"),
        ("https://127.0.0.1:1", "connect"),
        ("https://169.254.169.254", "connect"),
        ("https://[::ffff:10.0.0.1]", "connect"),
        ("https://10.1.2.3", "connect"),
    ],
)
def test_an_address_of_the_table_must_be_secure_and_public(url: str, kind: str) -> None:
    async def main() -> None:
        async with WebTransport(limits=SMALL) as transport:
            await transport.ask(Host("rest", url, "venue"), Request("rest", "/"))

    with pytest.raises(TransportError) as caught:
        asyncio.run(main())
    assert caught.value.kind == kind


@pytest.mark.parametrize("url", ["http://10.0.0.1", "http://api.venue.example", "https://10.0.0.1"])
def test_a_replacement_must_be_secure_and_public_or_this_machine(url: str) -> None:
    async def main() -> None:
        async with WebTransport({"rest": url}, limits=SMALL) as transport:
            await transport.ask(REST, Request("rest", "/"))

    with pytest.raises(TransportError) as caught:
        asyncio.run(main())
    assert caught.value.kind in ("tls", "connect")


class Names(AbstractResolver):
    """A name server that says what it is told to say."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = addresses

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=0,
            )
            for address in self.addresses
        ]

    async def close(self) -> None:
        return


@pytest.mark.parametrize(
    "addresses",
    [
        ("127.0.0.1",),
        ("10.0.0.7",),
        ("169.254.169.254",),
        ("::1",),
        ("::ffff:192.168.1.1",),
        ("64:ff9b::7f00:1",),
        ("93.184.216.34", "127.0.0.1"),  # one of them is enough
    ],
)
def test_a_name_that_leads_inside_is_refused(addresses: tuple[str, ...]) -> None:
    async def main() -> None:
        async with WebTransport(limits=SMALL, resolver=Names(*addresses)) as transport:
            await transport.ask(REST, Request("rest", "/"))

    with pytest.raises(TransportError, match="not public") as caught:
        asyncio.run(main())
    assert caught.value.kind == "connect"


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1:248:1893:25c8:1946", True),
        ("0.0.0.0", False),
        ("100.64.0.1", False),
        ("172.16.3.4", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("2002:7f00:1::", False),
        ("::ffff:93.184.216.34", True),
        ("venue.example", False),
        ("0x7f.1", False),
        ("64:ff9b::808:808", True),
        ("64:ff9b:1::808:808", False),
        ("::127.0.0.1", False),
        ("::ffff:0:127.0.0.1", False),
        ("fec0::1", False),
    ],
)
def test_public_addresses(address: str, public: bool) -> None:
    assert is_public(address) is public


def test_loopback_urls() -> None:
    assert is_loopback("http://127.0.0.1:80/x")
    assert is_loopback("ws://[::1]:80")
    assert is_loopback("http://localhost:1")
    assert not is_loopback("http://localhost.venue.example")
    assert not is_loopback("http://10.0.0.1")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no openssl to make a certificate with")
    folder = tmp_path_factory.mktemp("tls")
    cert, key = folder / "cert.pem", folder / "key.pem"
    made = f"req -x509 -newkey rsa:2048 -nodes -keyout {key} -out {cert} -days 2 -subj /CN=venue"
    alt = ["-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([openssl, *made.split(), *alt], check=True, capture_output=True)
    return cert, key


def test_a_certificate_that_nobody_vouches_for_is_refused(certificate: tuple[Path, Path]) -> None:
    cert, key = certificate
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(cert, key)
    assert failure(answers(b"{}"), tls=server).kind == "tls"
    trust = ssl.create_default_context(cafile=str(cert))
    assert ask(answers(b"{}"), tls=server, trust=trust).body == b"{}"
