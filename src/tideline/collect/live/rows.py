"""The rows of one commit: three plain lists while they come, one Arrow table at the end."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from tideline.collect.intake import Offer
from tideline.collect.live.legs import EVENT_KIND, Lane
from tideline.collect.live.origins import Origin
from tideline.log import Source

TIMESTAMP = pa.timestamp("us", "UTC")
WORDS = ("asset", "venue", "instrument", "field")


@dataclass(slots=True)
class Batch:
    """What one commit consists of.

    Attributes:
        table: rows in the log's columns without known_time (the commit's own); None: no rows.
        origins: the new sources, numbered as the rows name them.
        offers: back-filled rows, to be taken in after the rows.
    """

    table: Any
    rows: int
    origins: list[Origin]
    offers: list[Offer] = field(default_factory=list)

    @property
    def sources(self) -> list[Source]:
        """The new source records, as the log keeps them."""
        return [origin.source() for origin in self.origins]


class Rows:
    """Rows in the order in which the log will hold them."""

    __slots__ = ("event", "lane", "settled", "suspect", "text", "value")

    def __init__(self) -> None:
        self.lane: list[Lane] = []
        self.event: list[int] = []
        self.value: list[float] = []
        self.suspect: list[int] = []
        self.settled: list[int] = []
        self.text: dict[int, str] = {}

    def __len__(self) -> int:
        return len(self.event)

    def add(
        self,
        lane: Lane,
        event: int,
        value: float,
        *,
        ok: bool = True,
        settles: bool = False,
        text: str = "",
    ) -> None:
        """One row. ``settles``: it speaks of an event that was suspect."""
        if settles:
            self.settled.append(len(self.event))
        if not ok:
            self.suspect.append(len(self.event))
        if text:
            self.text[len(self.event)] = text
        self.lane.append(lane)
        self.event.append(event)
        self.value.append(value)

    def table(self, thin_us: int = 0) -> Any:
        """The rows as the log takes them. Every lane's origin must have its id by now.

        ``thin_us``: of what a stream pushed for one leg in a span of so long, only the newest.
        """
        used, turn = _distinct(self.lane)
        whole = self._whole(used, turn)
        if not thin_us:
            return whole
        kept = self._kept(used, turn, thin_us)
        return whole if kept.all() else whole.filter(pa.array(kept))

    def _kept(self, used: list[Lane], turn: Any, thin_us: int) -> Any:
        """Which rows stay when pushes are thinned; suspects and what settles them always do."""
        pushed = np.array([_is_pushed(lane) for lane in used], np.bool_)[turn]
        pushed[self.suspect] = False
        pushed[self.settled] = False
        rows = np.flatnonzero(pushed)
        event = np.array(self.event, np.int64)[rows]
        order = np.lexsort((event, event // thin_us, turn[rows]))
        lane, span = turn[rows][order], (event // thin_us)[order]
        newest = np.append((lane[1:] != lane[:-1]) | (span[1:] != span[:-1]), True)
        kept = ~pushed
        kept[rows[order[newest[: len(order)]]]] = True
        return kept

    def _whole(self, used: list[Lane], turn: Any) -> Any:
        columns: dict[str, Any] = {}
        names = [lane.leg.name for lane in used]
        for place, word in enumerate(WORDS):
            columns[word] = _words([name[place] for name in names], turn)
        columns["event_time"] = pa.array(np.array(self.event, np.int64)).view(TIMESTAMP)
        columns["value"] = pa.array(np.array(self.value, np.float64))
        columns["basis"] = _constant("recorded", len(turn))
        columns["status"] = self._status()
        cadences = np.array([lane.cadence_s for lane in used], np.float64)
        columns["cadence_s"] = pa.array(cadences[turn])
        ids = np.array([lane.origin.id if lane.origin else 0 for lane in used], np.int64)
        columns["source_id"] = pa.array(ids[turn])
        if self.text:
            texts = [self.text.get(place) for place in range(len(turn))]
            columns["text"] = pa.array(texts, pa.string())
        return pa.table(columns)

    def _status(self) -> Any:
        codes = np.zeros(len(self.event), np.int32)
        codes[self.suspect] = 1
        words = ["ok", "suspect"] if self.suspect else ["ok"]
        return pa.DictionaryArray.from_arrays(codes, pa.array(words, pa.string()))


def _is_pushed(lane: Lane) -> bool:
    """Does a stream give a standing quantity here?"""
    return lane.feed is not None and lane.feed.kind == "stream" and lane.kind != EVENT_KIND


def _distinct(lanes: list[Lane]) -> tuple[list[Lane], Any]:
    """The lanes that occur, in order of their numbers, and each row's place among them."""
    numbers = np.fromiter((lane.number for lane in lanes), np.int64, len(lanes))
    _, where, turn = np.unique(numbers, return_index=True, return_inverse=True)
    return [lanes[place] for place in where.tolist()], turn


def _words(words: list[str], turn: Any) -> Any:
    place: dict[str, int] = {}
    codes = np.array([place.setdefault(word, len(place)) for word in words], np.int32)
    return pa.DictionaryArray.from_arrays(codes[turn], pa.array(list(place), pa.string()))


def _constant(word: str, count: int) -> Any:
    return pa.DictionaryArray.from_arrays(np.zeros(count, np.int32), pa.array([word], pa.string()))
