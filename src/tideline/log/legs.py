"""The leg index: what exists, since when, and the first row as known at any moment.

It is derived from the rows and kept beside them, commit by commit.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec
import numpy as np
import pyarrow as pa

from tideline.log.commit_times import CommitTimes
from tideline.log.schema import NAMES, int_times

Key: TypeAlias = tuple[str, str, str, str]
Frontier: TypeAlias = tuple[tuple[int, int], ...]
Ints: TypeAlias = np.ndarray[Any, np.dtype[np.int64]]


class Leg(msgspec.Struct, frozen=True):
    """One (venue, instrument, field) of an asset.

    ``frontier`` holds (known_time, event_time) pairs, increasing in known_time and decreasing in
    event_time: the first row as known at K is the last pair with known_time <= K. Suspects do not
    represent, so they do not count in it; a leg of suspects alone has an empty one. ``brought`` is
    the same by the known_time of the commits that brought the rows, which may be later than a
    modelled one; None: no different. ``recorded_since`` is the known_time of the first commit that
    brought a row as it arrived: recorded, and known from that commit on; None: there is none.
    """

    asset: str
    venue: str
    instrument: str
    field: str
    rows: int
    first_event: int
    last_event: int
    first_known: int
    last_known: int
    first_recorded_event: int | None
    frontier: Frontier
    brought: Frontier | None = None
    recorded_since: int | None = None

    @property
    def frontier_brought(self) -> Frontier:
        """The frontier by commits."""
        return self.frontier if self.brought is None else self.brought

    @property
    def key(self) -> Key:
        return (self.asset, self.venue, self.instrument, self.field)


def pack_leg(leg: Leg) -> bytes:
    return msgspec.json.encode(leg)


def unpack_leg(body: bytes) -> Leg:
    return msgspec.json.decode(body, type=Leg)


def legs_of(columns: dict[str, Any], event: Ints, known: Ints, brought: Ints) -> list[Leg]:
    """The legs of some rows alone. ``columns`` holds the dictionary-encoded words, ``brought``
    the known_time of the commit of each row."""
    order, starts, keys = _grouped([columns[name] for name in NAMES])
    backdated = bool((known != brought).any())
    if order is not None:
        event, known, brought = event[order], known[order], brought[order]
    recorded = _flags(columns["basis"], "recorded", order)
    sound = _flags(columns["status"], "ok", order)
    never = int(np.iinfo(np.int64).max)
    first_event = np.minimum.reduceat(event, starts).tolist()
    last_event = np.maximum.reduceat(event, starts).tolist()
    first_known = np.minimum.reduceat(known, starts).tolist()
    last_known = np.maximum.reduceat(known, starts).tolist()
    seen = np.minimum.reduceat(np.where(recorded, event, never), starts).tolist()
    arrived = recorded & (known == brought)
    since = np.minimum.reduceat(np.where(arrived, known, never), starts).tolist()
    whole = np.logical_and.reduceat(sound, starts).tolist()
    cuts = [*starts.tolist(), len(event)]
    found = []
    for i, key in enumerate(keys):
        frontier: Frontier = ((first_known[i], first_event[i]),)
        if first_known[i] != last_known[i] or not whole[i]:
            part = slice(cuts[i], cuts[i + 1])
            frontier = staircase(known[part][sound[part]], event[part][sound[part]])
        by_commit = frontier
        if backdated:
            part = slice(cuts[i], cuts[i + 1])
            by_commit = staircase(brought[part][sound[part]], event[part][sound[part]])
        leg = Leg(
            *key,
            rows=cuts[i + 1] - cuts[i],
            first_event=first_event[i],
            last_event=last_event[i],
            first_known=first_known[i],
            last_known=last_known[i],
            first_recorded_event=None if seen[i] == never else seen[i],
            frontier=frontier,
            brought=None if by_commit == frontier else by_commit,
            recorded_since=None if since[i] == never else since[i],
        )
        found.append(leg)
    return found


def staircase(known: Ints, event: Ints) -> Frontier:
    """(known, lowest event so far) wherever it fell, by known_time."""
    if not len(known):
        return ()
    order = np.lexsort((event, known))
    known, event = known[order], event[order]
    lowest = np.minimum.accumulate(event)
    fell = np.flatnonzero(np.append(True, lowest[1:] < lowest[:-1]))
    return tuple(zip(known[fell].tolist(), event[fell].tolist(), strict=True))


def merge(old: Leg, new: Leg) -> Leg:
    """Both as one leg."""
    pairs = by_commit = _both(old.frontier, new.frontier)
    if old.brought is not None or new.brought is not None:
        by_commit = _both(old.frontier_brought, new.frontier_brought)
    return Leg(
        old.asset,
        old.venue,
        old.instrument,
        old.field,
        old.rows + new.rows,
        min(old.first_event, new.first_event),
        max(old.last_event, new.last_event),
        min(old.first_known, new.first_known),
        max(old.last_known, new.last_known),
        _earlier(old.first_recorded_event, new.first_recorded_event),
        pairs,
        None if by_commit == pairs else by_commit,
        _earlier(old.recorded_since, new.recorded_since),
    )


def remembered(counted: Leg, said: Leg) -> Leg:
    """The counted leg with what the index remembers of rows that retention removed."""
    return msgspec.structs.replace(
        counted,
        first_recorded_event=said.first_recorded_event,
        recorded_since=said.recorded_since,
    )


def _earlier(a: int | None, b: int | None) -> int | None:
    return min((time for time in (a, b) if time is not None), default=None)


def _both(old: Frontier, new: Frontier) -> Frontier:
    """Two frontiers as one."""
    if not old or not new:
        return old or new
    if new[-1][1] >= old[-1][1] and new[0][0] >= old[-1][0]:
        return old
    both = np.array(old + new, np.int64)
    return staircase(both[:, 0], both[:, 1])


def _grouped(words: list[Any]) -> tuple[Ints | None, Ints, list[Key]]:
    """Rows grouped by the four words: order (None: one group), group starts, keys."""
    code = np.zeros(len(words[0]), np.int64)
    size = 1
    for word in words:
        code = code * len(word.dictionary) + word.indices.to_numpy()
        size *= len(word.dictionary)
    zero = np.zeros(1, np.int64)
    if (code == code[0]).all():
        return None, zero, _keys(words, zero)
    order = np.argsort(code.astype(np.uint16) if size < 65_536 else code, kind="stable")
    ordered = code[order]
    starts = np.append(zero, np.flatnonzero(ordered[1:] != ordered[:-1]) + 1)
    return order, starts, _keys(words, order[starts])


def _keys(words: list[Any], rows: Ints) -> list[Key]:
    columns = []
    for word in words:
        names = word.dictionary.to_pylist()
        columns.append([names[code] for code in word.indices.to_numpy()[rows].tolist()])
    return list(zip(*columns, strict=True))


def _flags(column: Any, word: str, order: Ints | None) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Which rows carry ``word``."""
    names = column.dictionary.to_pylist()
    flags = np.array([name == word for name in names], np.bool_)[column.indices.to_numpy()]
    return flags if order is None else flags[order]  # type: ignore[no-any-return]


def leg_columns(table: Any) -> dict[str, Any]:
    """The dictionary-encoded words of a canonical table, one chunk each."""
    found = {}
    for name in (*NAMES, "basis", "status"):
        column = table.column(name)
        if not pa.types.is_dictionary(column.type):
            column = column.dictionary_encode()
        found[name] = pa.chunked_array(column).unify_dictionaries().combine_chunks()
    return found


def count_legs(table: Any, times: CommitTimes) -> list[Leg]:
    """The legs of a canonical table, in key order."""
    if not table.num_rows:
        return []
    event, known = int_times(table.column("event_time")), int_times(table.column("known_time"))
    found = legs_of(leg_columns(table), event, known, times.brought(table))
    return sorted(found, key=lambda leg: leg.key)
