"""Posting to a webhook over aiohttp, failing closed.

1. The URL is looked at again (:mod:`.destination`): what was saved may be older than the rules.
2. The name is resolved once; every address must be public, else there is no connection.
3. The socket goes to the addresses that were looked at, TLS is verified against the name (SNI),
   so a name server that answers otherwise a moment later changes nothing.
4. A redirect is a refusal. Cookies and proxies of the environment are not used; of the answer no
   more than its status is read.
"""

from __future__ import annotations

import socket
import ssl
from types import TracebackType
from typing import NamedTuple, Self

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from tideline.collect.addresses import is_public
from tideline.domain.errors import BadInput
from tideline.serve.alerts.destination import check_url

TOTAL_S = 10.0
CONNECT_S = 4.0
USER_AGENT = "tideline/0.1 (alerts)"


class Outcome(NamedTuple):
    """What came of one attempt. ``gone``: the receiver said never again (410)."""

    taken: bool
    note: str
    gone: bool = False


class _NotPublic(OSError):
    """A name that leads to an address which is not public."""


class VettedResolver(AbstractResolver):
    """Names to addresses; one address that is not public refuses the name."""

    def __init__(self, inner: AbstractResolver) -> None:
        self._inner = inner

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._inner.resolve(host, port, family)
        for result in found:
            if not is_public(result["host"]):
                raise _NotPublic(f"{host} leads to an address that is not public")
        return found

    async def close(self) -> None:
        await self._inner.close()


class Webhooks:
    """Use as an async context manager. ``anywhere`` is for the operator's own machine."""

    def __init__(
        self,
        *,
        anywhere: bool = False,
        resolver: AbstractResolver | None = None,
        tls: ssl.SSLContext | None = None,
        total_s: float = TOTAL_S,
    ) -> None:
        self._anywhere, self._inner, self._tls = anywhere, resolver, tls
        self._total_s = total_s
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        inner = self._inner or aiohttp.ThreadedResolver()
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                resolver=inner if self._anywhere else VettedResolver(inner),
                use_dns_cache=False,
                ssl=self._tls or ssl.create_default_context(),
                limit=20,
                force_close=True,
            ),
            timeout=aiohttp.ClientTimeout(total=self._total_s, sock_connect=CONNECT_S),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": USER_AGENT},
            trust_env=False,
            auto_decompress=False,
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

    async def post(self, url: str, body: bytes, headers: dict[str, str]) -> Outcome:
        """One attempt. Never raises for what the receiver or the network does."""
        if self._session is None:
            raise RuntimeError("the webhooks are not open")
        try:
            check_url(url, anywhere=self._anywhere)
        except BadInput as error:
            return Outcome(False, error.problem)
        given = {"Content-Type": "application/json", **headers}
        try:
            async with self._session.post(
                url, data=body, headers=given, allow_redirects=False
            ) as answer:
                return _read(answer.status)
        except _NotPublic as error:
            return Outcome(False, str(error))
        except aiohttp.ClientConnectorDNSError as error:
            return Outcome(False, _dns(error))
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            return Outcome(False, type(error).__name__)


def _read(status: int) -> Outcome:
    if 200 <= status < 300:
        return Outcome(True, str(status))
    if 300 <= status < 400:
        return Outcome(False, f"{status}: a redirect, which is not followed")
    return Outcome(False, str(status), gone=status == 410)


def _dns(error: aiohttp.ClientConnectorDNSError) -> str:
    cause = error.os_error
    return str(cause) if isinstance(cause, _NotPublic) else "the name does not resolve"
