"""The one place that opens sockets to venues: HTTPS and WSS over aiohttp, failing closed.

1. The address: ``https``/``wss`` of the venue's hosts table, or a replacement from ``urls``;
   plain ``http``/``ws`` only towards this machine.
2. The name: every address that the name server gives must be public, else there is no connection;
   the socket goes to the address that was looked at.
3. TLS is verified, redirects are an error, cookies and proxies of the environment are not used.
4. The body: counted while it streams, compressed and decompressed, and given up beyond 8 MiB.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Self

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from tideline.collect.addresses import is_loopback, is_public, literal
from tideline.venues.declaration import Host
from tideline.venues.transport import Socket, TransportError
from tideline.venues.wire import Reply, Request

USER_AGENT = "tideline/0.1 (market data collector)"


@dataclass(frozen=True, slots=True)
class Limits:
    """What one exchange with a venue may take. A dead address must be noticed within 5 s."""

    connect_s: float = 4.0
    read_s: float = 10.0
    total_s: float = 30.0
    body_bytes: int = 8 * 1024 * 1024
    frame_bytes: int = 8 * 1024 * 1024
    ping_s: float = 15.0
    per_host: int = 20

    def stretched(self, by: float) -> Limits:
        """The same with ``by`` times as much time for everything."""
        return replace(
            self,
            connect_s=self.connect_s * by,
            read_s=self.read_s * by,
            total_s=self.total_s * by,
            ping_s=self.ping_s * by,
        )


class _Private(OSError):
    """A name that leads to an address which is not public."""


class _Redirected(Exception):
    """An answer that points elsewhere."""


class PublicResolver(AbstractResolver):
    """Names to addresses, refusing a name altogether when one of its addresses is not public.

    ``local`` are the names that were put in place of venues on purpose (``localhost``).
    """

    def __init__(self, inner: AbstractResolver, local: frozenset[str] = frozenset()) -> None:
        self._inner, self._local = inner, local

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._inner.resolve(host, port, family)
        if host not in self._local:
            for result in found:
                if not is_public(result["host"]):
                    problem = f"{host} leads to {result['host']}, which is not public"
                    raise _Private(errno.EHOSTUNREACH, problem)
        return found

    async def close(self) -> None:
        await self._inner.close()


class WebTransport:
    """A Transport over the network. Use as an async context manager.

    ``urls`` replaces the base URL of hosts by name; a replacement by plain http or ws must be a
    loopback address.
    """

    def __init__(
        self,
        urls: Mapping[str, str] | None = None,
        *,
        limits: Limits | None = None,
        resolver: AbstractResolver | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._urls = dict(urls or {})
        self._limits = limits or Limits()
        self._resolver = resolver
        self._tls = tls or ssl.create_default_context()
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        local = frozenset(URL(url).host or "" for url in self._urls.values() if is_loopback(url))
        resolver = PublicResolver(self._resolver or aiohttp.ThreadedResolver(), local)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                resolver=resolver, ssl=self._tls, limit_per_host=self._limits.per_host
            ),
            timeout=aiohttp.ClientTimeout(
                total=self._limits.total_s,
                sock_connect=self._limits.connect_s,
                sock_read=self._limits.read_s,
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": USER_AGENT, "Accept-Encoding": "gzip"},
            auto_decompress=False,
            trust_env=False,
            middlewares=(_no_redirects,),
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def ask(self, host: Host, request: Request) -> Reply:
        """See Transport.ask."""
        url = self._url(host, request.target, ("https", "http"))
        headers = {"Content-Type": "application/json"} if request.body else None
        try:
            async with self._open().request(
                request.method,
                url,
                data=request.body or None,
                headers=headers,
                allow_redirects=False,
            ) as answer:
                body = await self._body(host, answer)
                return Reply(answer.status, body, _lower(answer.headers))
        except Exception as error:
            raise _as_transport_error(host, error) from error

    async def connect(self, host: Host, target: str) -> Socket:
        """See Transport.connect."""
        url = self._url(host, target, ("wss", "ws"))
        try:
            async with asyncio.timeout(self._limits.read_s):
                found = await self._open().ws_connect(
                    url,
                    max_msg_size=self._limits.frame_bytes,
                    heartbeat=self._limits.ping_s,
                    timeout=aiohttp.ClientWSTimeout(ws_close=2.0),
                    decode_text=False,
                    compress=0,
                )
        except Exception as error:
            raise _as_transport_error(host, error) from error
        return WebSocket(host, found)

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise RuntimeError("the transport is not open")
        return self._session

    def _url(self, host: Host, target: str, schemes: tuple[str, str]) -> URL:
        """The address of ``target``; the second scheme is the one allowed on this machine only."""
        base = self._urls.get(host.name, host.url).rstrip("/")
        url = URL(base + target, encoded=True)
        replaced = host.name in self._urls
        allowed = schemes if replaced and is_loopback(base) else schemes[:1]
        if url.scheme not in allowed:
            raise TransportError("tls", host.name, f"{url.scheme} instead of {allowed[0]}")
        name = url.host or ""
        if literal(name) and not is_public(name) and not (replaced and is_loopback(base)):
            raise TransportError("connect", host.name, f"{name} is not a public address")
        return url

    async def _body(self, host: Host, answer: aiohttp.ClientResponse) -> bytes:
        """The body, decompressed, counted while it comes."""
        most = self._limits.body_bytes
        encoding = answer.headers.get("Content-Encoding", "identity").strip().lower()
        if encoding not in ("identity", "", "gzip", "x-gzip"):
            raise TransportError("bad_encoding", host.name, f"encoding {encoding[:40]!r}")
        unzip = zlib.decompressobj(wbits=31) if "gzip" in encoding else None
        parts: list[bytes] = []
        came = size = 0
        async for chunk in answer.content.iter_any():
            came += len(chunk)
            part = unzip.decompress(chunk, most - size + 1) if unzip else chunk
            size += len(part)
            parts.append(part)
            if came > most or size > most or (unzip and unzip.unconsumed_tail):
                answer.close()
                raise TransportError("too_large", host.name, f"a body of more than {most} bytes")
        if unzip and came and (not unzip.eof or unzip.unused_data):
            raise TransportError("bad_encoding", host.name, "the gzip body is not whole")
        return b"".join(parts)


class WebSocket:
    """An open WebSocket; pings of the protocol are answered, and sent, underneath."""

    def __init__(self, host: Host, inner: aiohttp.ClientWebSocketResponse[bool]) -> None:
        self._host, self._inner = host, inner

    async def send(self, text: str) -> None:
        """See Socket.send."""
        try:
            await self._inner.send_str(text)
        except (aiohttp.ClientError, ConnectionError, RuntimeError) as error:
            raise TransportError("closed", self._host.name, str(error)) from error

    async def receive(self) -> bytes | None:
        """See Socket.receive."""
        message = await self._inner.receive()
        if message.type in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY):
            data = message.data
            return data.encode() if isinstance(data, str) else bytes(data)
        error = self._inner.exception()
        code = getattr(error, "code", None) or self._inner.close_code
        if code == aiohttp.WSCloseCode.MESSAGE_TOO_BIG:
            raise TransportError("too_large", self._host.name, "a frame beyond the limit")
        return None

    async def close(self) -> None:
        """See Socket.close."""
        await self._inner.close()


async def _no_redirects(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    answer = await handler(request)
    if answer.status in (301, 302, 303, 307, 308):
        answer.close()
        raise _Redirected(f"{answer.status} to {answer.headers.get('Location', '?')[:200]}")
    return answer


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _as_transport_error(host: Host, error: Exception) -> TransportError:
    """What went wrong, in the words of TransportError."""
    if isinstance(error, TransportError):
        return error
    detail = f"{type(error).__name__}: {error}"[:300]
    if isinstance(error, aiohttp.WSServerHandshakeError):
        reply = Reply(error.status, b"", _lower(error.headers or {}))
        return TransportError("refused", host.name, f"handshake answered {error.status}", reply)
    kinds: tuple[tuple[type[Exception] | tuple[type[Exception], ...], str], ...] = (
        (_Redirected, "redirect"),
        ((aiohttp.ClientSSLError, ssl.SSLError), "tls"),
        (TimeoutError, "timeout"),
        ((aiohttp.ClientConnectorError, _Private, OSError), "connect"),
        (zlib.error, "bad_encoding"),
        ((aiohttp.ClientPayloadError, aiohttp.ServerDisconnectedError), "closed"),
        (aiohttp.ClientError, "closed"),
        ((ValueError, RuntimeError), "connect"),
    )
    for found, kind in kinds:
        if isinstance(error, found):
            return TransportError(kind, host.name, detail)
    raise error
