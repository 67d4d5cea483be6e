"""The client of a program that waits for each answer."""

from __future__ import annotations

import http.client
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar, Unpack
from urllib.parse import urlsplit

import polars as pl

from tideline.client import alerts, calls
from tideline.client.alerts import RuleOptions
from tideline.client.calls import Call, Moment, headers_of, read_answer
from tideline.client.stream import STREAM, Feed, Message, Wanted, follow_blocking

T = TypeVar("T")


class Client:
    """Sends one call after another over one connection."""

    def __init__(self, url: str, key: str | None = None, timeout_s: float = 30.0) -> None:
        self._url, self._timeout_s = url.rstrip("/"), timeout_s
        parts = urlsplit(url)
        secure = parts.scheme == "https"
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        self._connection = kind(parts.netloc, timeout=timeout_s)
        self._headers = headers_of(key)

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
        return read_answer(call, answer.status, dict(answer.getheaders()), answer.read())

    def live(self, asset: str | Sequence[str], features: Sequence[str]) -> pl.DataFrame:
        """Values as of the head, one row for each asset and feature, with evidence."""
        return self.send(calls.live(asset, features))

    def historical(
        self,
        rows: pl.DataFrame,
        features: Sequence[str],
        *,
        strict: bool = False,
        evidence: bool = False,
    ) -> pl.DataFrame:
        """One row for each of ``rows`` (asset, as_of), a column for each feature."""
        parts = calls.historical(rows, features, strict=strict, evidence=evidence)
        return pl.concat([self.send(call) for call in parts])

    def series(
        self, asset: str, feature: str, start: Moment, end: Moment, step: str, *,
        strict: bool = False,
    ) -> pl.DataFrame:  # fmt: skip
        """One feature on a grid: columns as_of and the feature."""
        return self.send(calls.series(asset, feature, start, end, step, strict=strict))

    def scan(
        self, window: str = "45m", *, states: Sequence[str] | None = None,
        min_severity: str | None = None, bands: str = "adaptive", as_of: Moment | None = None,
        readings: str | Sequence[str] = "R1",
    ) -> pl.DataFrame:  # fmt: skip
        """Every asset's state, the strongest first; ``readings``: R1, some of them, or all."""
        return self.send(calls.scan(window, states, min_severity, bands, as_of, readings))

    def readings(self, asset: str, window: str = "45m",
                 as_of: Moment | None = None) -> pl.DataFrame:  # fmt: skip
        """All readings of one asset."""
        return self.send(calls.readings(asset, window, as_of))

    def report(self, asset: str, *, as_of: Moment | None = None, **position: Any) -> dict[str, Any]:
        """A position's checklist: side, entry, stop, size, leverage, equity, margin, horizon."""
        return self.send(calls.report(asset, position, as_of))

    def catalog(self) -> pl.DataFrame:
        """The signals."""
        return self.send(calls.catalog())

    def assets(self) -> pl.DataFrame:
        """What is covered."""
        return self.send(calls.assets())

    def venues(self) -> pl.DataFrame:
        """Where it comes from."""
        return self.send(calls.venues())

    def gaps(
        self, asset: str | None = None, venue: str | None = None, since: Moment | None = None
    ) -> pl.DataFrame:
        """What is missing."""
        return self.send(calls.gaps(asset, venue, since))

    def health(self) -> dict[str, Any]:
        """Is it fresh and whole; also when it is unhealthy."""
        return self.send(calls.health())

    def alerts(self) -> pl.DataFrame:
        """Your alerts, oldest first."""
        return self.send(alerts.alerts())

    def alert(self, alert_id: str) -> dict[str, Any]:
        """One alert with its newest events."""
        return self.send(alerts.alert(alert_id))

    def alert_events(self, alert_id: str) -> pl.DataFrame:
        """The newest events of an alert and how they were delivered."""
        return self.send(alerts.alert_events(alert_id))

    def try_rule(
        self, rule: str, assets: str | Sequence[str], **options: Unpack[RuleOptions]
    ) -> dict[str, Any]:
        """How often a rule would have fired on the last days; nothing is saved."""
        return self.send(alerts.try_rule(rule, assets, options))

    def create_alert(
        self, rule: str, assets: str | Sequence[str], channel: str | Mapping[str, str],
        **options: Unpack[RuleOptions],
    ) -> dict[str, Any]:  # fmt: skip
        """Watch a rule: ``channel`` is a URL for a webhook, an Apprise address, or kind and url.

        The answer bears ``id``, ``past``, and the ``secret`` that signs its webhooks, this once.
        """
        return self.send(alerts.create_alert(rule, assets, channel, options))

    def try_channel(self, alert_id: str) -> dict[str, Any]:
        """Send a message that says it is a test: ``taken`` and ``note``."""
        return self.send(alerts.try_channel(alert_id))

    def delete_alert(self, alert_id: str) -> None:
        """Forget an alert."""
        return self.send(alerts.delete_alert(alert_id))

    def stream(self, assets: str | Sequence[str], **wanted: Unpack[Wanted]) -> Iterator[Message]:
        """Messages as they come, for ever: over a cut, from the last one seen.

        Not from within a running loop: there :class:`AsyncClient` has it.

        Raises:
            Refused: the key, the plan or something asked says no.
        """
        chosen = [assets] if isinstance(assets, str) else list(assets)
        feed = Feed(self._url + STREAM, self._headers, chosen, wanted, self._timeout_s)
        return follow_blocking(feed)
