"""Up to where the history of each instrument has been brought in, kept across restarts.

Written down only after a commit, as it was before that commit began: it never claims more than
what is durable. A little too little is harmless, the rows are asked for again and are equal.
"""

from __future__ import annotations

from pathlib import Path

from tideline.collect.kept import keep, kept


class Coverage:
    """Per feed and symbol the event_time (µs) up to which nothing more is to be fetched."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._until: dict[str, dict[str, int]] = {}
        if path is not None:
            self._until = kept(path, dict[str, dict[str, int]], {})

    def until(self, feed: str, symbol: str) -> int | None:
        """None: never asked for."""
        return self._until.get(feed, {}).get(symbol)

    def reached(self, feed: str, symbol: str, until: int) -> None:
        """Everything up to ``until`` was brought in; never goes back."""
        symbols = self._until.setdefault(feed, {})
        symbols[symbol] = max(symbols.get(symbol, until), until)

    def snapshot(self) -> dict[str, dict[str, int]]:
        """A copy of the state now."""
        return {feed: dict(symbols) for feed, symbols in self._until.items()}

    def save(self, snapshot: dict[str, dict[str, int]]) -> None:
        """Write down a snapshot whose rows are durable.

        Raises:
            OSError: it could not be written.
        """
        if self._path is not None:
            keep(self._path, snapshot, durable=True)
