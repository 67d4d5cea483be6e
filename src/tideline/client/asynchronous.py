"""The client of a program that does other things meanwhile."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, TypeVar, Unpack

import aiohttp
import polars as pl
from yarl import URL

from tideline.client import alerts, calls
from tideline.client.alerts import RuleOptions
from tideline.client.calls import Call, Moment, headers_of, read_answer
from tideline.client.stream import STREAM, Feed, Message, Wanted, follow

T = TypeVar("T")


class AsyncClient:
    """The same, for a program that does other things meanwhile. Use with ``async with``."""

    def __init__(self, url: str, key: str | None = None, timeout_s: float = 30.0) -> None:
        self._url, self._headers = url.rstrip("/"), headers_of(key)
        self._timeout_s = timeout_s
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> AsyncClient:
        self._session = aiohttp.ClientSession(timeout=self._timeout)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()

    async def send(self, call: Call[T]) -> T:
        """Any call.

        Raises:
            Refused: the service said no, and why.
        """
        if self._session is None:
            raise RuntimeError("use it with: async with AsyncClient(…) as tide")
        headers = {**self._headers, "Accept": call.accept}
        url = URL(self._url + call.target, encoded=True)
        async with self._session.request(
            call.method, url, data=call.body, headers=headers, allow_redirects=False
        ) as answer:
            return read_answer(call, answer.status, dict(answer.headers), await answer.read())

    async def live(self, asset: str | Sequence[str], features: Sequence[str]) -> pl.DataFrame:
        """See :meth:`Client.live`."""
        return await self.send(calls.live(asset, features))

    async def historical(
        self, rows: pl.DataFrame, features: Sequence[str], *,
        strict: bool = False, evidence: bool = False,
    ) -> pl.DataFrame:  # fmt: skip
        """See :meth:`Client.historical`."""
        parts = calls.historical(rows, features, strict=strict, evidence=evidence)
        return pl.concat([await self.send(call) for call in parts])

    async def series(
        self, asset: str, feature: str, start: Moment, end: Moment, step: str, *,
        strict: bool = False,
    ) -> pl.DataFrame:  # fmt: skip
        """See :meth:`Client.series`."""
        return await self.send(calls.series(asset, feature, start, end, step, strict=strict))

    async def scan(
        self, window: str = "45m", *, states: Sequence[str] | None = None,
        min_severity: str | None = None, bands: str = "adaptive", as_of: Moment | None = None,
        readings: str | Sequence[str] = "R1",
    ) -> pl.DataFrame:  # fmt: skip
        """See :meth:`Client.scan`."""
        return await self.send(calls.scan(window, states, min_severity, bands, as_of, readings))

    async def readings(self, asset: str, window: str = "45m",
                       as_of: Moment | None = None) -> pl.DataFrame:  # fmt: skip
        """See :meth:`Client.readings`."""
        return await self.send(calls.readings(asset, window, as_of))

    async def report(self, asset: str, *, as_of: Moment | None = None,
                     **position: Any) -> dict[str, Any]:  # fmt: skip
        """See :meth:`Client.report`."""
        return await self.send(calls.report(asset, position, as_of))

    async def catalog(self) -> pl.DataFrame:
        """See :meth:`Client.catalog`."""
        return await self.send(calls.catalog())

    async def assets(self) -> pl.DataFrame:
        """See :meth:`Client.assets`."""
        return await self.send(calls.assets())

    async def venues(self) -> pl.DataFrame:
        """See :meth:`Client.venues`."""
        return await self.send(calls.venues())

    async def gaps(
        self, asset: str | None = None, venue: str | None = None, since: Moment | None = None
    ) -> pl.DataFrame:
        """See :meth:`Client.gaps`."""
        return await self.send(calls.gaps(asset, venue, since))

    async def health(self) -> dict[str, Any]:
        """See :meth:`Client.health`."""
        return await self.send(calls.health())

    async def alerts(self) -> pl.DataFrame:
        """See :meth:`Client.alerts`."""
        return await self.send(alerts.alerts())

    async def alert(self, alert_id: str) -> dict[str, Any]:
        """See :meth:`Client.alert`."""
        return await self.send(alerts.alert(alert_id))

    async def alert_events(self, alert_id: str) -> pl.DataFrame:
        """See :meth:`Client.alert_events`."""
        return await self.send(alerts.alert_events(alert_id))

    async def try_rule(
        self, rule: str, assets: str | Sequence[str], **options: Unpack[RuleOptions]
    ) -> dict[str, Any]:
        """See :meth:`Client.try_rule`."""
        return await self.send(alerts.try_rule(rule, assets, options))

    async def create_alert(
        self, rule: str, assets: str | Sequence[str], channel: str | Mapping[str, str],
        **options: Unpack[RuleOptions],
    ) -> dict[str, Any]:  # fmt: skip
        """See :meth:`Client.create_alert`."""
        return await self.send(alerts.create_alert(rule, assets, channel, options))

    async def try_channel(self, alert_id: str) -> dict[str, Any]:
        """See :meth:`Client.try_channel`."""
        return await self.send(alerts.try_channel(alert_id))

    async def delete_alert(self, alert_id: str) -> None:
        """See :meth:`Client.delete_alert`."""
        return await self.send(alerts.delete_alert(alert_id))

    def stream(
        self, assets: str | Sequence[str], **wanted: Unpack[Wanted]
    ) -> AsyncIterator[Message]:
        """See :meth:`Client.stream`: ``async for message in tide.stream(…)``."""
        chosen = [assets] if isinstance(assets, str) else list(assets)
        return follow(Feed(self._url + STREAM, self._headers, chosen, wanted, self._timeout_s))
