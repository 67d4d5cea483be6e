"""What a store holds, as the interface tells it: assets, venues, signals, gaps. From the index."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pyarrow as pa

from tideline.collect.status import Status, VenueStatus
from tideline.domain.instrument import Instrument
from tideline.domain.time import SECOND
from tideline.domain.venue import venue_order
from tideline.features.groups import members
from tideline.features.signal import Signal
from tideline.log import Leg, Log
from tideline.serve.shapes import AssetEntry, Coverage, GapEntry, VenueEntry
from tideline.serve.times import moment
from tideline.venues.symbols import PARSERS, parse_symbol

GAP = "gap."


def asset_entries(legs: Sequence[Leg]) -> list[AssetEntry]:
    """One line an asset."""
    found = []
    for asset, mine in _by_asset(legs).items():
        recorded = [one.first_recorded_event for one in mine if one.first_recorded_event]
        found.append(
            AssetEntry(
                asset=asset,
                venues=sorted({one.venue for one in mine}, key=venue_order),
                instruments=len({(one.venue, one.instrument) for one in mine}),
                legs=len(mine),
                rows=sum(one.rows for one in mine),
                first_event=moment(min(one.first_event for one in mine)),
                last_event=moment(max(one.last_event for one in mine)),
                recorded_from=moment(min(recorded)) if recorded else None,
            )
        )
    return found


def venue_entries(legs: Sequence[Leg], status: Status | None, now: int) -> list[VenueEntry]:
    """One line a venue, in catalogue order; what its collector says beside what is held."""
    said = status.venues if status is not None else {}
    names = sorted(
        {leg.venue for leg in legs} | set(said), key=lambda name: (venue_order(name), name)
    )
    return [_venue(name, [leg for leg in legs if leg.venue == name], said.get(name), now)
            for name in names]  # fmt: skip


def _venue(name: str, legs: Sequence[Leg], said: VenueStatus | None, now: int) -> VenueEntry:
    last = max((leg.last_event for leg in legs), default=None)
    skew = said.skew_us if said is not None else None
    return VenueEntry(
        venue=name,
        assets=len({leg.asset for leg in legs}),
        instruments=len({leg.instrument for leg in legs}),
        rows=sum(leg.rows for leg in legs),
        last_event=None if last is None else moment(last),
        followed=None if said is None else said.followed,
        banned=None if said is None else any(until > now for until in said.banned_until.values()),
        skew_s=None if skew is None else skew / SECOND,
        concern=None if said is None else said.concern or None,
    )


def coverage_of(signal: Signal, legs: Sequence[Leg]) -> Coverage:
    """How many assets have the signal, how many on each venue, and its newest row."""
    wanted = set(signal.fields)
    assets, newest = set(), 0
    venues: dict[str, set[str]] = {}
    for asset, mine in _by_asset(
        leg for leg in legs if leg.field in wanted and leg.venue in PARSERS
    ).items():
        instruments: dict[tuple[str, str], Instrument] = {
            (leg.venue, leg.instrument): parse_symbol(leg.venue, leg.instrument) for leg in mine
        }
        groups = set(members(signal.groups, instruments, instruments))
        for leg in mine:
            if (leg.venue, leg.instrument) in groups:
                assets.add(asset)
                venues.setdefault(leg.venue, set()).add(asset)
                newest = max(newest, leg.last_event)
    counts = {name: len(venues[name]) for name in sorted(venues, key=venue_order)}
    return Coverage(len(assets), counts, moment(newest) if newest else None)


def gap_entries(
    log: Log, assets: Iterable[str], as_of: int, since: int, venue: str | None
) -> list[GapEntry]:
    """Gaps known at ``as_of`` that reach past ``since``, the newest first."""
    found = []
    for asset in assets:
        fields = {leg.field for leg in log.legs(asset) if leg.field.startswith(GAP)}
        if fields:
            found += _gaps(log.read(asset, as_of, fields=fields), asset, since, venue)
    return [entry for _, entry in sorted(found, key=lambda pair: -pair[0])]


def _gaps(rows: pa.Table, asset: str, since: int, venue: str | None) -> list[tuple[int, GapEntry]]:
    """Each gap once: the row known last says where it ends (0: it was mended)."""
    last: dict[tuple[str, str, str, int], tuple[int, int]] = {}
    names = [rows[name].to_pylist() for name in ("venue", "instrument", "field")]
    times = [rows[name].cast(pa.int64()).to_pylist() for name in ("event_time", "known_time")]
    for *key, event, known, end in zip(*names, *times, rows["value"].to_pylist(), strict=True):
        last[key[0], key[1], key[2], event] = (known, int(end))
    made = []
    for (where, instrument, field, start), (known, end) in last.items():
        if end > max(start, since) and venue in (None, where):
            feed = field.removeprefix(GAP)
            edges = (moment(start), moment(end), moment(known))
            made.append((start, GapEntry(asset, where, instrument, feed, *edges)))
    return made


def _by_asset(legs: Iterable[Leg]) -> dict[str, list[Leg]]:
    found: dict[str, list[Leg]] = {}
    for leg in legs:
        found.setdefault(leg.asset, []).append(leg)
    return found
