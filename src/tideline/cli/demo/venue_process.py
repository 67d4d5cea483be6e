"""The other end of ``servers``: starts the process of the venues and ends it."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tideline.domain.errors import TidelineError
from tideline.domain.scaled_time import Anchor
from tideline.market.made import MadeMarket

PATIENCE_S = 10.0
"""How long it may take to end before it is ended."""


class VenuesFailed(TidelineError):
    """The process of the venues ended before its time."""


class VenueProcess:
    """Use as a context manager: ``loaded``, then ``open``.

    ``thin``: pushes come so many times more seldom than the speed alone would have it.
    """

    def __init__(self, market: MadeMarket, home: Path, thin: float = 1.0) -> None:
        self._told = {**market._asdict(), "home": str(home), "thin": thin}
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tideline.cli.demo.servers"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._write(self._told)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        process = self._process
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()
        try:
            process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()

    def loaded(self) -> None:
        """Wait until it has the market.

        Raises:
            VenuesFailed: it ended instead.
        """
        self._read()

    def open(self, anchor: Anchor) -> dict[str, dict[str, str]]:
        """Let it serve by that clock; by venue and host the base URL.

        Raises:
            VenuesFailed: it ended instead.
        """
        self._write(asdict(anchor))
        urls: dict[str, dict[str, str]] = self._read()
        return urls

    @property
    def ended(self) -> bool:
        """Has it ended?"""
        return self._process is None or self._process.poll() is not None

    def _write(self, value: Any) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(value) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise VenuesFailed("the venues on loopback ended before their time") from None

    def _read(self) -> Any:
        assert self._process is not None
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise VenuesFailed("the venues on loopback ended before their time")
        return json.loads(line)
