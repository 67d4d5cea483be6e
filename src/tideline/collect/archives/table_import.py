"""``import table``: any csv, parquet or feather file, read as a map says.

A dry run reads and checks everything, writes nothing, and says what it understood.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tideline.collect.archives.map import ImportMap, load_map
from tideline.collect.archives.table_file import read_table
from tideline.collect.archives.table_legs import Reading, TableOffer, table_legs
from tideline.collect.intake import Offer, take_in
from tideline.collect.legrows import Floats, Ints, LegRows
from tideline.collect.report import FileNote, ImportReport
from tideline.collect.stored import stored_legs
from tideline.domain.errors import BadInput
from tideline.domain.instrument import Instrument
from tideline.domain.time import SECOND, Clock, format_time
from tideline.log import ImportRecord, Log

KIND = "table"
FIRST_ROWS = 3

Progress = Callable[[int, int, str], None]
"""(files done, files in all, what is being done)"""


@dataclass(slots=True)
class TableReport(ImportReport):
    """An import report with what the map was understood to say and the first rows of each leg."""

    map_name: str = ""
    dry_run: bool = False
    understood: list[dict[str, Any]] = field(default_factory=list)
    first_rows: list[dict[str, Any]] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        return {
            **super(TableReport, self).to_dict(),
            "map": self.map_name,
            "dry_run": self.dry_run,
            "understood": self.understood,
            "first_rows": self.first_rows,
        }


def import_table(
    log: Log | None,
    paths: Iterable[str | Path],
    rules: ImportMap | str | Path,
    clock: Clock,
    *,
    dry_run: bool = False,
    lag_s: float | None = None,
    progress: Progress | None = None,
) -> TableReport:
    """Take in table files under one map. ``log`` may be None for a dry run.

    Raises:
        BadMap, BadFile, BadInput: what does not fit, named; nothing is written then.
    """
    began = clock.monotonic()
    chosen = rules if isinstance(rules, ImportMap) else load_map(rules)
    if lag_s is not None and not 0 <= lag_s < 10**9:
        raise BadInput("lag", lag_s, "is not a span in seconds", "300")
    report = TableReport(KIND, map_name=chosen.name, dry_run=dry_run)
    tell = progress or (lambda done, total, what: None)
    files = sorted({Path(path) for path in paths}, key=lambda path: (path.name, str(path)))
    done = {} if log is None else _taken_before(log)
    offers: list[tuple[str, str, TableOffer]] = []
    for place, path in enumerate(files):
        tell(place, len(files), "reading")
        table = read_table(path, _columns(chosen))
        key = (table.sha256, _identity(chosen, lag_s))
        if key in done:
            report.files.append(FileNote(path.name, table.sha256, 0, "taken in before", True))
            continue
        lag_us = None if lag_s is None else round(lag_s * SECOND)
        offer = table_legs(Reading(table, chosen, lag_us, _marks_of(log)))
        _describe(report, offer)
        rows = sum(len(leg) for leg in offer.legs)
        report.files.append(FileNote(path.name, table.sha256, rows))
        offers.append((path.name, table.sha256, offer))
    if not dry_run and log is not None:
        _append(log, offers, chosen, lag_s, clock, report, tell)
    report.seconds = clock.monotonic() - began
    return report


def _columns(rules: ImportMap) -> list[str]:
    names = [rules.time.column, *(take.column for take in rules.take)]
    if rules.instrument.column:
        names.append(rules.instrument.column)
    names.extend(rule.column for rule in rules.filter)
    return list(dict.fromkeys(names))


def _identity(rules: ImportMap, lag_s: float | None) -> str:
    return hashlib.sha256(f"{rules.sha256} {lag_s}".encode()).hexdigest()[:16]


def _taken_before(log: Log) -> dict[tuple[str, str], bool]:
    return {
        (record.sha256, str(record.detail.get("identity", ""))): True
        for record in log.imports()
        if record.kind == KIND
    }


def _marks_of(log: Log | None) -> Callable[[Instrument, int, int], tuple[Ints, Floats]]:
    def marks(instrument: Instrument, low: int, high: int) -> tuple[Ints, Floats]:
        key = (instrument.asset, instrument.venue, instrument.symbol, "mark_price")
        none: tuple[Ints, Floats] = (np.empty(0, np.int64), np.empty(0))
        if log is None or key not in {leg.key for leg in log.legs(instrument.asset)}:
            return none
        table = log.read(
            instrument.asset, log.head(), fields=["mark_price"], event_from=low, event_to=high
        )
        names = {leg.key for leg in log.legs(instrument.asset)}
        held = stored_legs(table, dict.fromkeys(names, (0, None))).get(key)
        if held is None:
            return none
        last = np.append(held.event[1:] != held.event[:-1], True) & held.ok
        return held.event[last], held.value[last]

    return marks


def _describe(report: TableReport, offer: TableOffer) -> None:
    report.understood.extend(offer.understood)
    report.use(offer.conventions)
    for leg in offer.legs:
        report.lags[leg.field] = leg.lag_us / SECOND
        report.first_rows.extend(_first_rows(leg))
    for entry in offer.understood:
        if entry["sides"] == "unknown":
            report.note(
                f"{entry['instrument']} {entry['field']}: the venue does not say whether"
                " one or both sides are counted; taken as given"
            )
        if entry["lag_s"] == 0 and entry["field"].startswith("open_interest"):
            report.note(f"{entry['instrument']} {entry['field']}: known at its event time (lag 0)")


def _first_rows(leg: LegRows) -> list[dict[str, Any]]:
    return [
        {
            "asset": leg.asset,
            "venue": leg.venue,
            "instrument": leg.instrument,
            "field": leg.field,
            "event_time": format_time(int(leg.event[i])),
            "known_time": format_time(int(leg.event[i]) + leg.lag_us),
            "value": float(leg.value[i]),
            "cadence_s": float(leg.cadence_s[i]),
        }
        for i in range(min(FIRST_ROWS, len(leg)))
    ]


def _append(
    log: Log,
    offers: list[tuple[str, str, TableOffer]],
    rules: ImportMap,
    lag_s: float | None,
    clock: Clock,
    report: TableReport,
    tell: Progress,
) -> None:
    if not offers:
        return
    run = f"{KIND}-{int(clock.now())}"
    with log.writer() as writer:
        for place, (name, sha256, offer) in enumerate(offers):
            tell(place, len(offers), "writing")
            record = ImportRecord(
                kind=KIND,
                name=name,
                sha256=sha256,
                run=run,
                rows=sum(len(leg) for leg in offer.legs),
                detail={
                    "map": rules.name,
                    "identity": _identity(rules, lag_s),
                    "lag_s": report.lags,
                },
            )
            take_in(log, writer, clock, Offer(offer.legs, offer.sources, [record]), report)
    tell(len(offers), len(offers), "done")
