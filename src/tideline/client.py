"""The typed client of the HTTP interface: the same calls with and without ``async``.

    with Client("http://127.0.0.1:8787") as tide:
        tide.historical(rows, ["positioning.oi_usdtm@1h:zscore"])

    async with AsyncClient("https://data.example.org", key="fk_live_…") as tide:
        await tide.live("BTC", ["price.ret@1h"])

What a call asks and how its answer is read is written once (:class:`Call`). Answers are Polars
frames. It knows nothing of the rest of tideline.
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar
from urllib.parse import quote, urlencode, urlsplit

import aiohttp
import polars as pl
from yarl import URL

T = TypeVar("T")

JSON, ARROW = "application/json", "application/vnd.apache.arrow.stream"
ROWS_AT_ONCE = 10_000
"""Rows of a batch sent in one request; more go in several."""
Moment = datetime | str | int
"""An aware datetime, RFC 3339 with an offset, or integer milliseconds."""


class Refused(Exception):
    """The service did not answer: its ``status`` and its ``problem`` document."""

    def __init__(
        self, status: int, problem: Mapping[str, Any], retry_after_s: float | None
    ) -> None:
        self.status, self.problem, self.retry_after_s = status, dict(problem), retry_after_s
        super().__init__(f"{status}: {problem.get('detail', 'no particulars')}")


@dataclass(frozen=True)
class Call(Generic[T]):
    """One request, and how its answer is read."""

    method: str
    path: str
    read: Callable[[bytes], T]
    params: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    accept: str = JSON

    @property
    def target(self) -> str:
        """Path and query."""
        return f"{self.path}?{urlencode(self.params)}" if self.params else self.path


def live(asset: str | Sequence[str], features: Sequence[str]) -> Call[pl.DataFrame]:
    """One row for each asset and feature, with its evidence."""
    params = _params(asset=_listed(asset), features=_listed(features))
    return Call("GET", "/v1/features/live", _values, params)


def historical(
    rows: pl.DataFrame, features: Sequence[str], *, strict: bool, evidence: bool
) -> Iterator[Call[pl.DataFrame]]:
    """One call for every so many rows: ``rows`` has the columns asset and as_of."""
    for low in range(0, max(rows.height, 1), ROWS_AT_ONCE):
        part = rows.slice(low, ROWS_AT_ONCE)
        asked = [
            {"asset": asset, "as_of": _moment(as_of)}
            for asset, as_of in zip(part["asset"], part["as_of"], strict=True)
        ]
        body = json.dumps({"rows": asked, "features": list(features), "strict": strict}).encode()
        params = _params(evidence=None if evidence else "false")
        yield Call("POST", "/v1/features/historical", _table, params, body, ARROW)


def series(
    asset: str, feature: str, start: Moment, end: Moment, step: str, *, strict: bool
) -> Call[pl.DataFrame]:
    """Columns as_of and the feature."""
    edges = {"start": str(_moment(start)), "end": str(_moment(end)), "step": step}
    params = _params(asset=asset, feature=feature, strict="true" if strict else None, **edges)
    return Call("GET", "/v1/features/series", _series, params, None, ARROW)


def scan(
    window: str,
    states: Sequence[str] | None,
    min_severity: str | None,
    bands: str,
    as_of: Moment | None,
    readings: str | Sequence[str],
) -> Call[pl.DataFrame]:
    """One row for each asset (of R1) or state, the strongest first."""
    params = _params(
        window=window,
        states=None if states is None else _listed(states),
        min_severity=min_severity,
        bands=bands,
        readings=_listed(readings),
        as_of=None if as_of is None else str(_moment(as_of)),
    )
    return Call("GET", "/v1/scan", _named("readings"), params)


def readings(asset: str, window: str, as_of: Moment | None) -> Call[pl.DataFrame]:
    """All readings of one asset."""
    params = _params(window=window, as_of=None if as_of is None else str(_moment(as_of)))
    return Call("GET", f"/v1/readings/{quote(asset, safe='')}", _named("readings"), params)


def report(asset: str, position: Mapping[str, Any], as_of: Moment | None) -> Call[dict[str, Any]]:
    """The checklist of one position, as the service words it."""
    asked = {"asset": asset, **position, "as_of": None if as_of is None else _moment(as_of)}
    return Call("POST", "/v1/positions/report", json.loads, body=json.dumps(asked).encode())


def catalog() -> Call[pl.DataFrame]:
    """One row for each signal."""
    return Call("GET", "/v1/catalog", _named("signals"))


def assets() -> Call[pl.DataFrame]:
    """One row for each coin."""
    return Call("GET", "/v1/assets", _named("assets"))


def venues() -> Call[pl.DataFrame]:
    """One row for each venue."""
    return Call("GET", "/v1/venues", _named("venues"))


def gaps(asset: str | None, venue: str | None, since: Moment | None) -> Call[pl.DataFrame]:
    """One row for each gap."""
    begin = None if since is None else str(_moment(since))
    params = _params(asset=asset, venue=venue, since=begin)
    return Call("GET", "/v1/gaps", _named("gaps"), params)


def health() -> Call[dict[str, Any]]:
    """As it stands in the interface; also when it is unhealthy."""
    return Call("GET", "/v1/health", _plain)


class Client:
    """Sends one call after another over one connection."""

    def __init__(self, url: str, key: str | None = None, timeout_s: float = 30.0) -> None:
        parts = urlsplit(url)
        secure = parts.scheme == "https"
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        self._connection = kind(parts.netloc, timeout=timeout_s)
        self._headers = _headers(key)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def send(self, call: Call[T]) -> T:
        """Any call.

        Raises:
            Refused: the service said no, and why.
        """
        headers = {**self._headers, "Accept": call.accept}
        self._connection.request(call.method, call.target, call.body, headers)
        answer = self._connection.getresponse()
        return _read(call, answer.status, dict(answer.getheaders()), answer.read())

    def live(self, asset: str | Sequence[str], features: Sequence[str]) -> pl.DataFrame:
        """Values as of the head, one row for each asset and feature, with evidence."""
        return self.send(live(asset, features))

    def historical(
        self,
        rows: pl.DataFrame,
        features: Sequence[str],
        *,
        strict: bool = False,
        evidence: bool = False,
    ) -> pl.DataFrame:
        """One row for each of ``rows`` (asset, as_of), a column for each feature."""
        calls = historical(rows, features, strict=strict, evidence=evidence)
        return pl.concat([self.send(call) for call in calls])

    def series(
        self, asset: str, feature: str, start: Moment, end: Moment, step: str, *,
        strict: bool = False,
    ) -> pl.DataFrame:  # fmt: skip
        """One feature on a grid: columns as_of and the feature."""
        return self.send(series(asset, feature, start, end, step, strict=strict))

    def scan(
        self, window: str = "45m", *, states: Sequence[str] | None = None,
        min_severity: str | None = None, bands: str = "adaptive", as_of: Moment | None = None,
        readings: str | Sequence[str] = "R1",
    ) -> pl.DataFrame:  # fmt: skip
        """Every asset's state, the strongest first; ``readings``: R1, some of them, or all."""
        return self.send(scan(window, states, min_severity, bands, as_of, readings))

    def readings(self, asset: str, window: str = "45m",
                 as_of: Moment | None = None) -> pl.DataFrame:  # fmt: skip
        """All readings of one asset."""
        return self.send(readings(asset, window, as_of))

    def report(self, asset: str, *, as_of: Moment | None = None, **position: Any) -> dict[str, Any]:
        """A position's checklist: side, entry, stop, size, leverage, equity, margin, horizon."""
        return self.send(report(asset, position, as_of))

    def catalog(self) -> pl.DataFrame:
        """The signals."""
        return self.send(catalog())

    def assets(self) -> pl.DataFrame:
        """What is covered."""
        return self.send(assets())

    def venues(self) -> pl.DataFrame:
        """Where it comes from."""
        return self.send(venues())

    def gaps(
        self, asset: str | None = None, venue: str | None = None, since: Moment | None = None
    ) -> pl.DataFrame:
        """What is missing."""
        return self.send(gaps(asset, venue, since))

    def health(self) -> dict[str, Any]:
        """Is it fresh and whole; also when it is unhealthy."""
        return self.send(health())


class AsyncClient:
    """The same, for a program that does other things meanwhile. Use with ``async with``."""

    def __init__(self, url: str, key: str | None = None, timeout_s: float = 30.0) -> None:
        self._url, self._headers = url.rstrip("/"), _headers(key)
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
            return _read(call, answer.status, dict(answer.headers), await answer.read())

    async def live(self, asset: str | Sequence[str], features: Sequence[str]) -> pl.DataFrame:
        """See :meth:`Client.live`."""
        return await self.send(live(asset, features))

    async def historical(
        self, rows: pl.DataFrame, features: Sequence[str], *,
        strict: bool = False, evidence: bool = False,
    ) -> pl.DataFrame:  # fmt: skip
        """See :meth:`Client.historical`."""
        calls = historical(rows, features, strict=strict, evidence=evidence)
        return pl.concat([await self.send(call) for call in calls])

    async def series(
        self, asset: str, feature: str, start: Moment, end: Moment, step: str, *,
        strict: bool = False,
    ) -> pl.DataFrame:  # fmt: skip
        """See :meth:`Client.series`."""
        return await self.send(series(asset, feature, start, end, step, strict=strict))

    async def scan(
        self, window: str = "45m", *, states: Sequence[str] | None = None,
        min_severity: str | None = None, bands: str = "adaptive", as_of: Moment | None = None,
        readings: str | Sequence[str] = "R1",
    ) -> pl.DataFrame:  # fmt: skip
        """See :meth:`Client.scan`."""
        return await self.send(scan(window, states, min_severity, bands, as_of, readings))

    async def readings(self, asset: str, window: str = "45m",
                       as_of: Moment | None = None) -> pl.DataFrame:  # fmt: skip
        """See :meth:`Client.readings`."""
        return await self.send(readings(asset, window, as_of))

    async def report(self, asset: str, *, as_of: Moment | None = None,
                     **position: Any) -> dict[str, Any]:  # fmt: skip
        """See :meth:`Client.report`."""
        return await self.send(report(asset, position, as_of))

    async def catalog(self) -> pl.DataFrame:
        """See :meth:`Client.catalog`."""
        return await self.send(catalog())

    async def assets(self) -> pl.DataFrame:
        """See :meth:`Client.assets`."""
        return await self.send(assets())

    async def venues(self) -> pl.DataFrame:
        """See :meth:`Client.venues`."""
        return await self.send(venues())

    async def gaps(
        self, asset: str | None = None, venue: str | None = None, since: Moment | None = None
    ) -> pl.DataFrame:
        """See :meth:`Client.gaps`."""
        return await self.send(gaps(asset, venue, since))

    async def health(self) -> dict[str, Any]:
        """See :meth:`Client.health`."""
        return await self.send(health())


def _read(call: Call[T], status: int, headers: Mapping[str, str], body: bytes) -> T:
    """The answer, or why there is none. An unhealthy service still tells how it fares."""
    if status == 200 or (status == 503 and call.path == "/v1/health"):
        return call.read(body)
    names = {name.lower(): value for name, value in headers.items()}
    wait = names.get("retry-after", "")
    try:
        problem = json.loads(body)
    except ValueError:
        problem = {"detail": body[:200].decode("utf-8", "replace")}
    raise Refused(status, problem, float(wait) if wait.isdecimal() else None)


def _values(body: bytes) -> pl.DataFrame:
    rows = json.loads(body)["rows"]
    flat = [{"asset": row["asset"], **value} for row in rows for value in row["values"]]
    return _timed(pl.DataFrame(flat, infer_schema_length=None))


def _named(name: str) -> Callable[[bytes], pl.DataFrame]:
    def read(body: bytes) -> pl.DataFrame:
        return _timed(pl.DataFrame(json.loads(body)[name], infer_schema_length=None))

    return read


def _table(body: bytes) -> pl.DataFrame:
    return pl.read_ipc_stream(body)


def _series(body: bytes) -> pl.DataFrame:
    return pl.read_ipc_stream(body).drop("asset")


def _plain(body: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(body)
    return found


_TIMES = ("as_of", "start", "end", "known", "first_event", "last_event", "recorded_from")


def _timed(frame: pl.DataFrame) -> pl.DataFrame:
    """Text that is a time, as a time."""
    texts = [name for name in _TIMES if frame.schema.get(name) == pl.String]
    return frame.with_columns(pl.col(name).str.to_datetime(time_zone="UTC") for name in texts)


def _moment(value: Moment) -> str | int:
    """RFC 3339 or integer ms."""
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError(f"{value.isoformat()} has no offset")
        return value.isoformat()
    return value


def _listed(names: str | Sequence[str]) -> str:
    return names if isinstance(names, str) else ",".join(names)


def _params(**given: str | None) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in given.items() if value is not None)


def _headers(key: str | None) -> dict[str, str]:
    headers = {"Content-Type": JSON}
    return headers if key is None else {**headers, "Authorization": f"Bearer {key}"}
