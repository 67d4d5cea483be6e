"""Live answers as encoded bytes: each worked out once a head, for whoever asks."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from tideline.domain.errors import UnknownName
from tideline.log import Commit
from tideline.serve.live.asset import LiveAsset
from tideline.serve.shapes import encode
from tideline.serve.times import moment
from tideline.serve.values import wire_value
from tideline.store import Store

MOST_KEPT = 100_000
"""Answers kept at one head, about a kilobyte each with evidence."""
Key = tuple[str, str, bool]
"""Asset, address, with evidence or bare."""


class LiveAnswers:
    """The assets that were asked for, and what was answered at the newest head."""

    def __init__(self, store: Store) -> None:
        self._store, self._lock = store, threading.Lock()
        self._assets: dict[str, LiveAsset] = {}
        self._kept: tuple[int, dict[Key, bytes]] = (0, {})

    def take(self, commit: Commit) -> None:
        """A commit of the log, in order: its rows go to the assets that are being asked."""
        rows = commit.table
        if rows is None or not rows.num_rows or not self._assets:
            return
        column = pa.chunked_array(rows["asset"]).cast(pa.string())
        for name in column.unique().to_pylist():
            asset = self._assets.get(name)
            if asset is not None:
                asset.put(commit, rows.filter(pc.equal(column, name)))

    def kept(
        self, asset: str, addresses: Sequence[str], head: int, evidence: bool
    ) -> list[bytes] | None:
        """The answers at ``head`` if all of them are there: no work, no lock."""
        at, kept = self._kept
        if at != head:
            return None
        try:
            return [kept[asset, address, evidence] for address in addresses]
        except KeyError:
            return None

    def holds(self, asset: str, addresses: Sequence[str]) -> bool:
        """Are the rows that the answers stand on in memory?"""
        found = self._assets.get(asset)
        return found is not None and found.holds(addresses)

    def answer(
        self, asset: str, addresses: Sequence[str], head: int, evidence: bool
    ) -> list[bytes]:
        """The answers at ``head``, worked out where they are not there.

        Raises:
            UnknownName: no row of that asset.
        """
        found = self.kept(asset, addresses, head, evidence)
        if found is not None:
            return found
        rows = self._asset(asset)
        if evidence:
            at = moment(head)
            made = [encode(wire_value(value, at)) for value in rows.values(addresses, head)]
        else:
            made = [encode(number) for number in rows.numbers(addresses, head)]
        with self._lock:
            if head > self._kept[0]:
                self._kept = (head, {})
            if head == self._kept[0] and len(self._kept[1]) < MOST_KEPT:
                kept = self._kept[1]
                for address, body in zip(addresses, made, strict=True):
                    kept[asset, address, evidence] = body
        return made

    def _asset(self, name: str) -> LiveAsset:
        found = self._assets.get(name)
        if found is None:
            held = self._store.assets()
            if name not in held:
                raise UnknownName("asset", name[:40], held)
            with self._lock:
                found = self._assets.setdefault(name, LiveAsset(self._store, name))
        return found
