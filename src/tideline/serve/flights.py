"""The same work asked for by many at once is done once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, TypeVar

T = TypeVar("T")


class Flights:
    """Work under way in one event loop, by what it is for."""

    def __init__(self) -> None:
        self._flying: dict[Hashable, asyncio.Future[Any]] = {}

    async def once(self, key: Hashable, start: Callable[[], Awaitable[T]]) -> T:
        """What ``start`` gives; whoever asks for ``key`` meanwhile waits for the same.

        One who stops waiting stops nobody else.
        """
        found = self._flying.get(key)
        if found is None:
            found = asyncio.ensure_future(start())
            self._flying[key] = found
            found.add_done_callback(lambda _: self._flying.pop(key, None))
        made: T = await asyncio.shield(found)
        return made
