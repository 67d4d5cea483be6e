"""Is every span in which frames were dropped a gap of all that its connection was to bring?"""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from tideline.collect.live.life import gap_field
from tideline.collect.live.record import Dropped, Record, Watch
from tideline.log import Log


def gaps_of(log: Log) -> dict[tuple[str, str], list[tuple[int, float]]]:
    """Gap rows by instrument and leg: start and end."""
    gaps: dict[tuple[str, str], list[tuple[int, float]]] = {}
    for asset in log.assets():
        rows = log.read(asset, log.head())
        held = rows.filter(pc.starts_with(pc.cast(rows["field"], pa.string()), "gap."))
        starts = held["event_time"].cast(pa.int64()).to_pylist()
        names = (held[name].to_pylist() for name in ("instrument", "field"))
        for symbol, name, start, end in zip(*names, starts, held["value"].to_pylist(), strict=True):
            gaps.setdefault((symbol, name), []).append((start, end))
    return gaps


def judged(log: Log, before: Sequence[Record], dropped: Sequence[Dropped]) -> tuple[int, int, int]:
    """Gap legs that the dropped spans make necessary, those that the log has, and all gap rows."""
    watches = [one for one in before if type(one) is Watch]
    gaps = gaps_of(log)
    needed = found = 0
    for one in dropped:
        legs = {
            (symbol, gap_field(name))
            for watch in watches
            if watch.connection == one.connection and watch.feed == one.feed
            for symbol in watch.instruments
            for name in watch.fields
        }
        needed += len(legs)
        for leg in legs:
            spans = gaps.get(leg, [])
            found += any(start <= one.since and end >= one.at for start, end in spans)
    return needed, found, sum(map(len, gaps.values()))
