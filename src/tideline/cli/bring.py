"""Taking rows in and writing them out."""

from __future__ import annotations

import contextlib
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tideline.cli.options import as_of_option, choose, json_option, parse_as_of, store_option
from tideline.cli.show import console, number, put_json, put_table
from tideline.domain.errors import BadInput

if TYPE_CHECKING:
    from tideline.collect.archives.table_import import TableReport
    from tideline.collect.report import ImportReport
    from tideline.log import Log

Progress = Callable[[int, int, str], None]
COUNTS = ("taken", "derived", "duplicates", "restated", "suspects", "released", "breaks")

lag_option = click.option(
    "--lag",
    "lags",
    multiple=True,
    metavar="[FIELD=]SECONDS",
    help="Modelled availability, seconds after event time. May be repeated.",
)


@click.group(name="import", context_settings={"help_option_names": ["-h", "--help"]})
def bring() -> None:
    """Take in archives, tables or canonical rows.

    The same file twice adds nothing. Each import ends with a table of what it took, derived, left
    out and why.
    """


@bring.command(name="binance-vision")
@click.argument("paths", nargs=-1, required=True, metavar="PATH…")
@store_option
@lag_option
@click.option("--labels", help="start or end: how to read metrics labels, instead of by evidence.")
@json_option
def binance_vision(
    paths: tuple[str, ...], store: str, lags: tuple[str, ...], labels: str | None, as_json: bool
) -> None:
    """Binance Vision archives: metrics, klines, fundingRate; zips or csvs, or folders of them.

    A CHECKSUM file beside an archive is checked. Whether a metrics label is the start or the end
    of its period is decided per file, from the labels and from the implied price.

    \b
        tideline import binance-vision ~/archives/BTCUSDT --store S
        tideline import binance-vision BTCUSDT-metrics-2026-02-05.zip --store S --lag 300
    """
    from tideline.collect.archives.binance_vision import import_binance_vision

    forced: Any = choose("labels", labels, ("start", "end")) if labels else None
    lag_s = parse_lags(lags)
    with _target(store) as log, _progress(as_json) as tell:
        report = import_binance_vision(
            log, paths, log.clock, progress=tell, lag_s=lag_s, labels=forced
        )
    put_report(report, store, as_json)


@bring.command()
@click.argument("paths", nargs=-1, metavar="FILE…")
@click.option("--map", "rules", metavar="MAP", help="A ready map by name, or a .toml file.")
@click.option("--maps", "list_maps", is_flag=True, help="List the ready maps and stop.")
@click.option("--dry-run", is_flag=True, help="Say what was understood; write nothing.")
@click.option("--lag", metavar="SECONDS", type=float, help="Modelled availability of all fields.")
@store_option
@json_option
def table(
    paths: tuple[str, ...],
    rules: str | None,
    list_maps: bool,
    dry_run: bool,
    lag: float | None,
    store: str,
    as_json: bool,
) -> None:
    """Any csv, parquet or feather file, read as a map says.

    A map tells which column is which field, in which unit, one-sided or two-sided, whether a label
    is the start, the end or an instant, the unit of time, the venue and the instrument.

    \b
        tideline import table --maps
        tideline import table BTCUSDT_oi_5m.parquet --map binance_um_5m_oi --dry-run
        tideline import table my.csv --map my.toml --store S
    """
    from tideline.collect.archives.map import load_map, ready_maps
    from tideline.collect.archives.table_import import import_table
    from tideline.domain.time import WallClock

    if list_maps:
        _show_maps({name: load_map(name).about for name in ready_maps()}, as_json)
        return
    if rules is None:
        raise BadInput("map", None, "is missing", "--map MAP; --maps lists the ready ones")
    if not paths:
        raise BadInput("FILE", None, "is missing: which file is to be taken in?")
    chosen = load_map(rules)
    if dry_run:
        _show_dry(import_table(None, paths, chosen, WallClock(), dry_run=True, lag_s=lag), as_json)
        return
    with _target(store) as log, _progress(as_json) as tell:
        report = import_table(log, paths, chosen, log.clock, lag_s=lag, progress=tell)
    put_report(report, store, as_json)


@bring.command(name="rows")
@click.argument("path", metavar="FILE")
@store_option
@json_option
def take_rows(path: str, store: str, as_json: bool) -> None:
    """The canonical table: rows with both times, trusted as given.

    Columns venue, instrument, field, event_time, known_time, value, basis; optional asset,
    cadence_s, status. Recorded rows are taken only into legs that have none yet.

    \b
        tideline import rows rows.parquet --store S
    """
    from tideline.collect.archives.rows import import_rows

    with _target(store) as log, _progress(as_json) as tell:
        report = import_rows(log, path, log.clock, progress=tell)
    put_report(report, store, as_json)


def _show_maps(maps: dict[str, str], as_json: bool) -> None:
    if as_json:
        put_json({"maps": [{"name": name, "about": about} for name, about in maps.items()]})
        return
    put_table("Ready maps", ("map", "reads"), list(maps.items()))


def _show_dry(report: TableReport, as_json: bool) -> None:
    if as_json:
        put_json(report.to_dict())
        return
    for title, rows in (
        (f"Understood with the map {report.map_name}", report.understood),
        ("First rows of each leg", report.first_rows),
    ):
        names = list(rows[0]) if rows else []
        cells = [[_cell(row.get(name)) for name in names] for row in rows]
        put_table(title, names, cells)
    for text in (*report.notes, *(f"convention: {text}" for text in report.conventions)):
        click.echo(f"  {text}")
    click.echo("dry run: nothing was written")


def _cell(value: object) -> str:
    return number(value, 10) if isinstance(value, float) else str(value)


def parse_lags(texts: tuple[str, ...]) -> dict[str, float]:
    """``300`` for every field, ``open_interest=60`` for one."""
    found: dict[str, float] = {}
    for text in texts:
        name, equals, seconds = text.rpartition("=")
        try:
            value = float(seconds)
        except ValueError:
            raise BadInput("lag", text, "is not [FIELD=]SECONDS", "open_interest=300") from None
        if not 0 <= value < 1e9:
            raise BadInput("lag", text, "is not a span of seconds", "300")
        found[name if equals else "*"] = value
    return found


@contextlib.contextmanager
def _target(store: str) -> Iterator[Log]:
    """The store to write to. One that was made for an import that failed is taken away again."""
    from tideline.log import Log

    path = Path(store)
    fresh = not path.exists()
    log = Log.open_or_create(path)
    try:
        yield log
    except BaseException:
        empty = fresh and not log.legs()
        log.close()
        if empty:
            shutil.rmtree(path, ignore_errors=True)
        raise
    log.close()


@contextlib.contextmanager
def _progress(quiet: bool) -> Iterator[Progress | None]:
    """A bar on stderr, where somebody is looking."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("{task.description:<10}"), BarColumn(), MofNCompleteColumn())
    with Bars(*columns, TimeRemainingColumn(), console=console(error=True), transient=True) as bars:
        task = bars.add_task("reading", total=None)

        def tell(done: int, total: int, what: str) -> None:
            bars.update(task, completed=done, total=total, description=what)

        yield tell


def put_report(report: ImportReport, store: str, as_json: bool) -> None:
    """What was taken, derived, left out and why."""
    if as_json:
        put_json(report.to_dict())
        return
    legs = report.table()
    put_table(
        f"Taken into {store}",
        ("asset", "venue", "instrument", "field", "offered", *COUNTS, "left out", "why"),
        [
            (row["asset"], row["venue"], row["instrument"], row["field"], f"{row['offered']:,}",
             *(f"{row[name]:,}" if row[name] else "–" for name in COUNTS),
             f"{row['left_out']:,}" if row["left_out"] else "–", row["why"])
            for row in legs
        ],
        right=("offered", *COUNTS, "left out"),
    )  # fmt: skip
    skipped = sum(note.skipped for note in report.files)
    taken = len(report.files) - skipped
    if report.files:
        files = "file" if taken == 1 else "files"
        click.echo(f"{taken:,} {files} taken in, {skipped:,} had been taken in before")
    for text in _decisions(report):
        click.echo(f"  {text}")
    for lag in sorted(set(report.lags.values())):
        names = ", ".join(sorted(name for name, given in report.lags.items() if given == lag))
        click.echo(f"  assumed known {number(lag, 4)} s after event time: {names}")
    rate = report.rows / report.seconds if report.seconds > 0 else 0.0
    click.echo(f"{report.rows:,} new rows in {report.seconds:.1f} s ({rate:,.0f} rows/s)")


def _decisions(report: ImportReport) -> Iterator[str]:
    """Notes, each once with how many files it holds for."""
    yield from report.notes
    counted: dict[str, int] = {}
    for note in report.files:
        if note.note and not note.skipped:
            counted[note.note] = counted.get(note.note, 0) + 1
    for text, files in counted.items():
        yield f"{files:,} {'file' if files == 1 else 'files'}: {text}"
    for text in report.conventions:
        yield f"convention: {text}"


@click.group(name="export", context_settings={"help_option_names": ["-h", "--help"]})
def export() -> None:
    """Write rows out as a canonical table."""


@export.command(name="rows")
@click.argument("path", metavar="FILE")
@store_option
@click.option("--asset", help="Only this coin.")
@as_of_option
@json_option
def give_rows(path: str, store: str, asset: str | None, as_of: str, as_json: bool) -> None:
    """What was known at a moment, as a canonical table: parquet, csv or arrow by the ending.

    `tideline import rows` takes it in again; the same questions get the same answers.

    \b
        tideline export rows rows.parquet --store S
        tideline export rows btc.csv --store S --asset BTC --as-of 2026-02-05T16:00:00Z
    """
    from tideline.collect.archives.rows import export_rows
    from tideline.log import Log

    with Log.open(store) as log, _progress(as_json) as tell:
        count = export_rows(log, path, asset=asset, as_of=parse_as_of(as_of), progress=tell)
    if as_json:
        put_json({"rows": count, "out": path})
    else:
        click.echo(f"{count:,} rows → {path}")
