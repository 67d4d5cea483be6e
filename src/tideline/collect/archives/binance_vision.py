"""``import binance-vision``: the archives of data.binance.vision, as files or folders of them.

1. Read and check every file; nothing is written until all of them have been understood.
2. Leave out files whose very content an earlier import took in.
3. Read klines first: their closes are prices against which ambiguous metrics files are read.
4. Decide the label convention of each metrics file.
5. Append in file-name order, many files to a commit, each commit whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from tideline.collect.archives import binance_klines as klines
from tideline.collect.archives import binance_metrics as metrics
from tideline.collect.archives.archive_file import Content, archive_paths, read_archive
from tideline.collect.archives.binance_labels import Labels, Prices, no_prices
from tideline.collect.availability import default_lag_us
from tideline.collect.intake import Offer, take_in
from tideline.collect.legrows import LegRows
from tideline.collect.report import FileNote, ImportReport
from tideline.collect.stored import stored_legs
from tideline.domain.errors import BadFile, UnknownName
from tideline.domain.instrument import Instrument
from tideline.domain.time import SECOND, Clock
from tideline.log import ImportRecord, Log, Source

KIND = "binance-vision"
COMMIT_ROWS = 1_000_000

Progress = Callable[[int, int, str], None]
"""(files done, files in all, what is being done)"""


@dataclass(slots=True)
class Prepared:
    """One file understood: offered rows whose sources are places in its own list."""

    content: Content
    legs: list[LegRows]
    sources: list[Source]
    note: str = ""

    @property
    def rows(self) -> int:
        return sum(len(leg) for leg in self.legs)


@dataclass(slots=True)
class Sorted:
    """The files by what they hold."""

    metrics: list[Content] = field(default_factory=list)
    klines: list[Content] = field(default_factory=list)
    funding: list[Content] = field(default_factory=list)


def import_binance_vision(
    log: Log,
    paths: Iterable[str | Path],
    clock: Clock,
    *,
    progress: Progress | None = None,
    lag_s: Mapping[str, float] | None = None,
    labels: Labels | None = None,
) -> ImportReport:
    """Take in metrics, kline and fundingRate archives; the same file twice adds nothing.

    ``lag_s`` overrides the modelled availability per field (seconds), or for every field under
    the name ``"*"``. ``labels`` reads every metrics file as told instead of by its own evidence.

    Raises:
        BadFile: any file that is broken or contradicts itself; nothing is written then.
    """
    began = clock.monotonic()
    report = ImportReport(KIND)
    tell = progress or (lambda done, total, what: None)
    files = archive_paths(paths)
    contents = _read_all(files, tell)
    done = {record.sha256 for record in log.imports() if record.kind == KIND}
    fresh = [content for content in contents if content.sha256 not in done]
    for content in contents:
        if content.sha256 in done:
            report.files.append(
                FileNote(content.path.name, content.sha256, 0, "taken in before", True)
            )
    lag = _lags(lag_s, report)
    prepared = _prepare(log, fresh, lag, labels)
    _append(log, prepared, clock, report, tell)
    report.seconds = clock.monotonic() - began
    return report


def _read_all(files: Sequence[Path], tell: Progress) -> list[Content]:
    found: dict[str, Content] = {}
    for place, path in enumerate(files):
        if place % 16 == 0:
            tell(place, len(files), "reading")
        for content in read_archive(path):
            found.setdefault(content.sha256, content)
    return list(found.values())


def _lags(lag_s: Mapping[str, float] | None, report: ImportReport) -> Callable[[str, bool], int]:
    given = dict(lag_s or {})
    for name, seconds in given.items():
        if not 0 <= seconds < 10**9:
            raise UnknownName("lag", f"{name}={seconds}", ("0", "300"))

    def lag(name: str, kline: bool) -> int:
        modelled = default_lag_us("binance", name, kline=kline)
        if name == "mark_price" and not kline:
            modelled = default_lag_us("binance", "open_interest")
        chosen = given.get(name, given.get("*", modelled / SECOND))
        report.lags[name] = max(chosen, report.lags.get(name, 0.0))
        return round(chosen * SECOND)

    return lag


def _prepare(
    log: Log,
    contents: Sequence[Content],
    lag: Callable[[str, bool], int],
    forced: Labels | None,
) -> list[Prepared]:
    kinds = _sort(contents)
    bars = klines.parse_klines(kinds.klines)
    parsed = metrics.parse_metrics(kinds.metrics) if kinds.metrics else []
    found: list[Prepared] = []
    prices = _Prices(log, bars, parsed)
    for file in parsed:
        choice, decided = metrics.decide_labels(file, prices.of(file), forced)
        found.append(
            Prepared(
                file.content,
                metrics.metrics_legs(file, choice, 0, lambda name: lag(name, False)),
                metrics.metrics_sources(file, choice, decided),
                f"labels are the {choice} of the period ({decided})",
            )
        )
    for bar in bars:
        legs = klines.kline_legs(bar, 0, lambda name: lag(name, True))
        found.append(Prepared(bar.content, legs, klines.kline_sources(bar)))
    for content in kinds.funding:
        legs = klines.funding_legs(content, 0, lambda name: lag(name, True))
        found.append(Prepared(content, legs, [klines.funding_source(content)]))
    return sorted(found, key=lambda file: (file.content.path.name, str(file.content.path)))


def _sort(contents: Sequence[Content]) -> Sorted:
    kinds = Sorted()
    for content in contents:
        if metrics.is_metrics(content):
            kinds.metrics.append(content)
        elif klines.is_funding(content):
            kinds.funding.append(content)
        elif klines.is_klines(content):
            kinds.klines.append(content)
        else:
            raise BadFile(
                content.path,
                "is no metrics, kline or fundingRate archive of Binance",
                "import table FILE --map MAP",
            )
    return kinds


class _Prices:
    """Prices to read labels by: closes of this import's klines, else marks of the log."""

    def __init__(
        self, log: Log, bars: Sequence[klines.KlineFile], files: Sequence[metrics.MetricsFile]
    ) -> None:
        self._log = log
        self._bars: dict[str, list[klines.KlineFile]] = {}
        for bar in bars:
            if not bar.spot:
                self._bars.setdefault(bar.instrument.symbol, []).append(bar)
        self._span: dict[str, tuple[int, int]] = {}
        for file in files:
            low, high = int(file.label.min()), int(file.label.max())
            was = self._span.get(file.instrument.symbol, (low, high))
            self._span[file.instrument.symbol] = (min(low, was[0]), max(high, was[1]))
        self._legs = {leg.key for leg in log.legs() if leg.field == "mark_price"}
        self._head = log.head() if self._legs else None
        self._known: dict[str, Prices] = {}

    def of(self, file: metrics.MetricsFile) -> Prices:
        """Prices of the file's instrument around all files of it."""
        symbol = file.instrument.symbol
        if symbol not in self._known:
            bars = self._bars.get(symbol)
            self._known[symbol] = _closes(bars) if bars else self._stored(file.instrument)
        return self._known[symbol]

    def _stored(self, instrument: Instrument) -> Prices:
        key = (instrument.asset, "binance", instrument.symbol, "mark_price")
        if key not in self._legs or self._head is None:
            return no_prices()
        low, high = self._span[instrument.symbol]
        table = self._log.read(
            instrument.asset,
            self._head,
            fields=["mark_price"],
            event_from=low - 600 * SECOND,
            event_to=high + 600 * SECOND,
        )
        held = stored_legs(table, {key: (0, None)}).get(key)
        if held is None:
            return no_prices()
        last = np.append(held.event[1:] != held.event[:-1], True) & held.ok
        return Prices(held.event[last], held.value[last])


def _closes(bars: Sequence[klines.KlineFile]) -> Prices:
    event = np.concatenate([bar.end for bar in bars])
    price = np.concatenate([bar.close for bar in bars])
    events, first = np.unique(event, return_index=True)
    return Prices(events, price[first])


def _append(
    log: Log, files: Sequence[Prepared], clock: Clock, report: ImportReport, tell: Progress
) -> None:
    if not files:
        return
    run = f"{KIND}-{int(clock.now())}"
    with log.writer() as writer:
        done = 0
        while done < len(files):
            batch, rows = [files[done]], files[done].rows
            while done + len(batch) < len(files) and rows < COMMIT_ROWS:
                batch.append(files[done + len(batch)])
                rows += batch[-1].rows
            tell(done, len(files), "writing")
            take_in(log, writer, clock, _offer(batch, run, report), report)
            done += len(batch)
    tell(len(files), len(files), "done")


def _offer(batch: Sequence[Prepared], run: str, report: ImportReport) -> Offer:
    offer = Offer([], [])
    for file in batch:
        first = len(offer.sources)
        offer.sources.extend(file.sources)
        for leg in file.legs:
            leg.source.__iadd__(first)
            offer.legs.append(leg)
        content = file.content
        report.files.append(FileNote(content.path.name, content.sha256, file.rows, file.note))
        offer.imports.append(
            ImportRecord(
                kind=KIND,
                name=content.path.name,
                sha256=content.sha256,
                run=run,
                rows=file.rows,
                detail={"note": file.note, "lag_s": report.lags},
            )
        )
    return offer
