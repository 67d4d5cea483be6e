"""One JSON line an event on stderr, with the request's id and without secrets."""

from __future__ import annotations

import sys
import traceback
from collections.abc import MutableMapping
from typing import Any, Protocol, TextIO

import structlog

from tideline.domain.time import Clock, format_time
from tideline.serve.keys.key import scrubbed

MOST_CHARS = 8000


class Logger(Protocol):
    """What the service says while it runs."""

    def info(self, event: str, **facts: Any) -> None: ...
    def failure(self, event: str, error: BaseException, **facts: Any) -> None: ...


class JsonLogger:
    """A logger that belongs to one app: nothing global is configured."""

    def __init__(self, clock: Clock, stream: TextIO | None = None) -> None:
        self._log = structlog.wrap_logger(
            structlog.PrintLogger(stream or sys.stderr),
            processors=[_Stamp(clock), scrub, structlog.processors.JSONRenderer()],
            wrapper_class=structlog.BoundLogger,
        )

    def info(self, event: str, **facts: Any) -> None:
        """Something happened."""
        self._log.info(event, level="info", **facts)

    def failure(self, event: str, error: BaseException, **facts: Any) -> None:
        """Something failed; the trace is for the log alone."""
        trace = "".join(traceback.format_exception(error))
        self._log.error(event, level="error", error=repr(error), trace=trace, **facts)


class Silent:
    """Says nothing."""

    def info(self, event: str, **facts: Any) -> None:
        """Nothing."""

    def failure(self, event: str, error: BaseException, **facts: Any) -> None:
        """Nothing."""


class _Stamp:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def __call__(self, _: Any, __: str, facts: MutableMapping[str, Any]) -> dict[str, Any]:
        return {"at": format_time(int(self._clock.now())), **facts}


def scrub(_: Any, __: str, facts: MutableMapping[str, Any]) -> dict[str, Any]:
    """Cut keys down to their prefix, wherever they stand, and bound what is written."""
    return {name: _clean(value) for name, value in facts.items()}


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return scrubbed(value)[:MOST_CHARS]
    if isinstance(value, dict):
        return {str(key): _clean(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(item) for item in value]
    return value if isinstance(value, int | float | bool | None) else scrubbed(str(value))
