"""From offered rows to one commit: availability, needed marks, quarantine, breaks, sources."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np

from tideline.collect.availability import AT_COMMIT, Fresh, fresh_rows
from tideline.collect.bars import BAR_FIELDS, overlapping_bars
from tideline.collect.derived_marks import unneeded_marks
from tideline.collect.legrows import GroupKey, LegKey, LegRows, joined
from tideline.collect.outgoing import Outgoing, numbered
from tideline.collect.quarantine import Explained
from tideline.collect.report import ImportReport
from tideline.collect.screen import COINS, CONTEXT, NOTIONAL, ExtraRow, Screened, screen
from tideline.collect.stored import StoredLeg, nothing_stored, stored_legs
from tideline.domain.conventions import load, product_of
from tideline.domain.instrument import Instrument
from tideline.domain.time import DAY, Clock
from tideline.log import Commit, ImportRecord, Log, Source
from tideline.venues.symbols import parse_symbol

CONTEXT_US = 8 * DAY
"""How far around the offered rows the log is read: a suspect is decided by its neighbours."""

MARK = "mark_price"


@dataclass(slots=True)
class Offer:
    """What one import run offers in one commit, in file-name order."""

    legs: list[LegRows]
    sources: list[Source]
    imports: list[ImportRecord] = field(default_factory=list)


class Appender(Protocol):
    """What a commit is given to: the log's writer, or one that knows when it was known."""

    def next_source(self) -> int: ...

    def append(
        self, rows: Any, sources: Iterable[Source] = (), imports: Iterable[ImportRecord] = ()
    ) -> Commit: ...

    def record_import(self, record: ImportRecord) -> None: ...


def take_in(log: Log, writer: Appender, clock: Clock, offer: Offer, report: ImportReport) -> None:
    """Append what is new of ``offer`` as one commit and add it to the report's counts."""
    legs = joined(offer.legs)
    for leg in legs:
        report.leg(leg.key).offered += len(leg)
    stored = _stored(log, legs)
    fresh = _fresh(log, legs, stored, offer.sources, report)
    out = Outgoing()
    groups: dict[GroupKey, dict[str, Fresh]] = {}
    for (asset, venue, instrument, name), rows in fresh.items():
        groups.setdefault((asset, venue, instrument), {})[name] = rows
    for group, members in groups.items():
        held = {key[3]: leg for key, leg in stored.items() if key[:3] == group}
        _add_group(group, members, held, out, report, offer.sources)
    _commit(writer, clock, out, offer, report)


def _stored(log: Log, legs: Sequence[LegRows]) -> dict[LegKey, StoredLeg]:
    groups = {leg.group for leg in legs}
    index = {
        leg.key: (leg.first_event, leg.first_recorded_event)
        for leg in log.legs()
        if leg.key[:3] in groups
    }
    found: dict[LegKey, StoredLeg] = {}
    head = log.head() if index else None
    for asset in sorted({key[0] for key in index}):
        offered = [leg for leg in legs if leg.asset == asset]
        fields = {leg.field for leg in offered}
        if fields & {COINS, NOTIONAL}:
            fields |= set(CONTEXT)
        table = log.read(
            asset,
            head,
            fields=fields & {key[3] for key in index},
            event_from=min(int(leg.event.min()) for leg in offered) - CONTEXT_US,
            event_to=max(int(leg.event.max()) for leg in offered) + CONTEXT_US,
        )
        views = stored_legs(table, index)
        found.update({key: leg for key, leg in views.items() if key[:3] in groups})
    for key, (first, recorded) in index.items():
        if key not in found:
            found[key] = replace(nothing_stored(), first_event=first, first_recorded=recorded)
    return found


def _fresh(
    log: Log,
    legs: Iterable[LegRows],
    stored: dict[LegKey, StoredLeg],
    sources: Sequence[Source],
    report: ImportReport,
) -> dict[LegKey, Fresh]:
    derived = [source.derived for source in sources]
    found = {}
    for offered in legs:
        held = stored.get(offered.key) or nothing_stored()
        tally = report.leg(offered.key)
        kept = offered
        if offered.field == MARK and any(derived):
            drop = unneeded_marks(offered, derived, held, _stored_derived(log, held))
            tally.leave_out("derived, and a better mark stands", int(drop.sum()))
            kept = offered.at(~drop) if drop.any() else offered
        if offered.field in BAR_FIELDS:
            drop = overlapping_bars(kept, held)
            tally.leave_out("bars of another length stand there", int(drop.sum()))
            kept = kept.at(~drop) if drop.any() else kept
        fresh = fresh_rows(kept, held)
        tally.duplicates += fresh.duplicates
        tally.restated += fresh.restated
        tally.leave_out("at or after the first recorded row", fresh.after_recorded)
        found[offered.key] = fresh
    return found


def _stored_derived(log: Log, held: StoredLeg) -> dict[int, str]:
    ids = {int(i) for i in np.unique(held.source_id)} - {0}
    if len(ids) > 16:
        return {s.source_id: s.derived for s in log.sources() if s.source_id in ids}
    return {i: log.source(i).derived for i in ids}


def _add_group(
    group: GroupKey,
    fresh: dict[str, Fresh],
    stored: dict[str, StoredLeg],
    out: Outgoing,
    report: ImportReport,
    sources: Sequence[Source],
) -> None:
    instrument = parse_symbol(group[1], group[2])
    judged = {name for name in (COINS, NOTIONAL) if name in fresh and len(fresh[name].rows)}
    screened = screen(fresh, stored, explained(instrument)) if judged else Screened()
    derived = np.array([bool(source.derived) for source in sources])
    for name, rows in fresh.items():
        ok = screened.ok.get(name)
        finite = np.isfinite(rows.rows.value)
        ok = finite if ok is None else ok & finite
        out.add(rows.rows, rows.known, ok)
        tally = report.leg((*group, name))
        tally.taken += len(rows.rows)
        tally.suspects += int((~ok).sum())
        tally.derived += int(derived[rows.rows.source].sum())
    for extra in screened.released:
        _add_extra(group, extra, out)
        report.leg((*group, extra.field)).released += 1
    broken = [*screened.breaks, *_convention_breaks(instrument, fresh, stored)]
    for extra in broken:
        _add_extra(group, extra, out)
        report.leg((*group, extra.field.removeprefix("break."))).breaks += 1


def _add_extra(group: GroupKey, extra: ExtraRow, out: Outgoing) -> None:
    out.add_one(
        (*group, extra.field), extra.event, extra.known, extra.value, extra.cadence_s, extra.source
    )


def explained(instrument: Instrument) -> Explained:
    """Does a convention of that instrument's open interest change between two event times?"""
    starts = [
        row.valid_from
        for row in load()
        if (row.venue, row.product, row.field) == (instrument.venue, product_of(instrument), COINS)
        and row.speaks_of(instrument.symbol)
    ]
    return lambda before, at: any(before < start <= at for start in starts)


def _convention_breaks(
    instrument: Instrument, fresh: dict[str, Fresh], stored: dict[str, StoredLeg]
) -> list[ExtraRow]:
    """Break rows at the dates of the conventions table that these legs reach across."""
    found: list[ExtraRow] = []
    changes = load().breaks(
        instrument.venue, product_of(instrument), COINS, instrument=instrument.symbol
    )
    for change in changes:
        for name in (COINS, NOTIONAL):
            rows = fresh.get(name)
            mark = stored.get(f"break.{name}")
            if mark is not None and bool((mark.event == change.valid_from).any()):
                continue
            extra = _break_at(change.valid_from, name, rows, stored.get(name))
            if extra is not None:
                found.append(extra)
    return found


def _break_at(at: int, name: str, fresh: Fresh | None, stored: StoredLeg | None) -> ExtraRow | None:
    if fresh is None or not len(fresh.rows):
        return None
    held = stored or nothing_stored()
    event = np.concatenate([held.event, fresh.rows.event])
    known = np.concatenate([held.known, fresh.known])
    value = np.concatenate([held.value, fresh.rows.value])
    source = np.concatenate([-held.source_id, fresh.rows.source])
    order = np.argsort(event, kind="stable")
    split = int(np.searchsorted(event[order], at))
    earlier = held.first_event is not None and held.first_event < at
    if split == len(event) or (split == 0 and not earlier):
        return None
    after = int(order[split])
    ratio = float(value[after] / value[order[split - 1]]) if split else 1.0
    when = AT_COMMIT if known[after] == AT_COMMIT else int(known[after])
    ratio = ratio if np.isfinite(ratio) else 1.0
    return ExtraRow(f"break.{name}", at, when, ratio, 0.0, int(source[after]))


def _commit(
    writer: Appender, clock: Clock, out: Outgoing, offer: Offer, report: ImportReport
) -> None:
    if not len(out):
        for record in offer.imports:
            writer.record_import(record)
        return
    first = writer.next_source()
    table, used = out.table(first, int(clock.now()))
    commit = writer.append(table, numbered(offer.sources, used, first), offer.imports)
    report.rows += commit.rows
    report.commits += 1
