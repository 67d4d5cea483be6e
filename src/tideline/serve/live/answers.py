"""Live answers as encoded bytes, kept for as long as the head stands."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from tideline.log import Commit
from tideline.serve.shapes import encode
from tideline.serve.times import moment
from tideline.serve.values import wire_value
from tideline.store import Store


class LiveAnswers:
    """Values at a head, worked out once each, handed out as bytes."""

    def __init__(self, store: Store) -> None:
        self._store, self._lock = store, threading.Lock()
        self._head = 0
        self._kept: dict[tuple[str, str, bool], bytes] = {}

    def take(self, commit: Commit) -> None:
        """A commit of the log, in order."""

    def kept(
        self, asset: str, addresses: Sequence[str], head: int, evidence: bool
    ) -> list[bytes] | None:
        """The answers if all of them are there."""
        if head != self._head:
            return None
        try:
            return [self._kept[asset, address, evidence] for address in addresses]
        except KeyError:
            return None

    def answer(
        self, asset: str, addresses: Sequence[str], head: int, evidence: bool
    ) -> list[bytes]:
        """The answers at ``head``, worked out where they are not there."""
        found = self._store.values(asset, addresses, head)
        at = moment(head)
        made = [encode(wire_value(value, at) if evidence else value["value"]) for value in found]
        with self._lock:
            if head > self._head:
                self._kept.clear()
                self._head = head
            if head == self._head:
                for address, body in zip(addresses, made, strict=True):
                    self._kept[asset, address, evidence] = body
        return made
