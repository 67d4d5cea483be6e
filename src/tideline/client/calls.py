"""What each call asks and how its answer is read, whoever sends it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar
from urllib.parse import quote, urlencode

import polars as pl

T = TypeVar("T")

JSON, ARROW = "application/json", "application/vnd.apache.arrow.stream"
ANSWERED = (200, 201, 204)
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
    return Call("GET", "/v1/scan", named("readings"), params)


def readings(asset: str, window: str, as_of: Moment | None) -> Call[pl.DataFrame]:
    """All readings of one asset."""
    params = _params(window=window, as_of=None if as_of is None else str(_moment(as_of)))
    return Call("GET", f"/v1/readings/{quote(asset, safe='')}", named("readings"), params)


def report(asset: str, position: Mapping[str, Any], as_of: Moment | None) -> Call[dict[str, Any]]:
    """The checklist of one position, as the service words it."""
    asked = {"asset": asset, **position, "as_of": None if as_of is None else _moment(as_of)}
    return Call("POST", "/v1/positions/report", plain, body=json.dumps(asked).encode())


def catalog() -> Call[pl.DataFrame]:
    """One row for each signal."""
    return Call("GET", "/v1/catalog", named("signals"))


def assets() -> Call[pl.DataFrame]:
    """One row for each coin."""
    return Call("GET", "/v1/assets", named("assets"))


def venues() -> Call[pl.DataFrame]:
    """One row for each venue."""
    return Call("GET", "/v1/venues", named("venues"))


def gaps(asset: str | None, venue: str | None, since: Moment | None) -> Call[pl.DataFrame]:
    """One row for each gap."""
    begin = None if since is None else str(_moment(since))
    params = _params(asset=asset, venue=venue, since=begin)
    return Call("GET", "/v1/gaps", named("gaps"), params)


def health() -> Call[dict[str, Any]]:
    """As it stands in the interface; also when it is unhealthy."""
    return Call("GET", "/v1/health", plain)


def read_answer(call: Call[T], status: int, headers: Mapping[str, str], body: bytes) -> T:
    """The answer. An unhealthy service still tells how it fares.

    Raises:
        Refused: why there is none.
    """
    if status in ANSWERED or (status == 503 and call.path == "/v1/health"):
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
    return timed(pl.DataFrame(flat, infer_schema_length=None))


def named(name: str) -> Callable[[bytes], pl.DataFrame]:
    """The list of that name as a frame."""

    def read(body: bytes) -> pl.DataFrame:
        return timed(pl.DataFrame(json.loads(body)[name], infer_schema_length=None))

    return read


def _table(body: bytes) -> pl.DataFrame:
    return pl.read_ipc_stream(body)


def _series(body: bytes) -> pl.DataFrame:
    return pl.read_ipc_stream(body).drop("asset")


def plain(body: bytes) -> dict[str, Any]:
    """As it stands in the interface."""
    found: dict[str, Any] = json.loads(body)
    return found


_TIMES = ("as_of", "created", "start", "end", "known", "first_event", "last_event", "recorded_from")


def timed(frame: pl.DataFrame) -> pl.DataFrame:
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


def headers_of(key: str | None) -> dict[str, str]:
    """What every request bears."""
    headers = {"Content-Type": JSON}
    return headers if key is None else {**headers, "Authorization": f"Bearer {key}"}
