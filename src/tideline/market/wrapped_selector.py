"""A selector around the system's own: what loops that wait in another way than it are made of."""

from __future__ import annotations

import selectors
from collections.abc import Mapping
from typing import Any


class WrappedSelector(selectors.BaseSelector):
    """Keeps its files in ``inner``; how long ``select`` waits is left to those derived from it."""

    def __init__(self) -> None:
        self.inner = selectors.DefaultSelector()

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self.inner.register(fileobj, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self.inner.unregister(fileobj)

    def modify(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self.inner.modify(fileobj, events, data)

    def close(self) -> None:
        self.inner.close()

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self.inner.get_map()
