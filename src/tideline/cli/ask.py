"""Features: of one moment, or of a table of moments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tideline.cli.frames import read_requests, write_frame
from tideline.cli.options import (
    as_of_option,
    json_option,
    parse_as_of,
    parse_names,
    settings,
    store_option,
)
from tideline.cli.show import moment, number, put_json, put_table, seconds
from tideline.domain.errors import BadInput

if TYPE_CHECKING:
    from tideline.store import Store

COLUMNS = ("feature", "value", "unit", "age", "n", "coverage", "basis", "revised", "null because")


@click.command()
@store_option
@click.option("--asset", help="One coin, or several: BTC,ETH.")
@as_of_option
@click.option("--features", "addresses", required=True, metavar="A,B,…", help="Addresses.")
@click.option("--rows", metavar="FILE", help="Batch: parquet, csv or arrow with asset, as_of.")
@click.option("--out", metavar="FILE", help="Batch: where the answers go, by its ending.")
@click.option("--evidence", is_flag=True, help="Batch: age, n, coverage, basis, reason too.")
@click.option("--strict", is_flag=True, help="Evaluate on recorded rows alone.")
@click.option("--threads", type=click.IntRange(1, 1024), help="Threads.  [TIDELINE_THREADS; 1]")
@json_option
def features(
    store: str,
    asset: str | None,
    as_of: str,
    addresses: str,
    rows: str | None,
    out: str | None,
    evidence: bool,
    strict: bool,
    threads: int | None,
    as_json: bool,
) -> None:
    """Ask features of one moment, or of a table of them.

    An address is category.signal@window:transform[n]; `tideline catalog` lists the signals.
    Windows 1s 5s 15s 30s 1m 5m 15m 30m 45m 1h 2h 4h 12h 24h; transforms level (default) delta
    rate zscore pctrank ewma min max range.

    \b
    One moment:
        tideline features --store S --asset BTC --as-of 2026-02-05T16:00:00Z \\
                 --features positioning.oi_usdtm@1h:zscore,price.ret@1h
    A table (columns asset, as_of), answered row by row in its order:
        tideline features --store S --rows rows.parquet --features price.ret@1h \\
                 --out out.parquet --evidence
    """
    from tideline.store import open_store

    names = parse_names(addresses, "features")
    with open_store(store) as opened:
        if rows is not None:
            _refuse_single(asset, out)
            _batch(opened, names, rows, str(out), evidence, strict, threads, as_json)
            return
        if out is not None:
            raise BadInput("out", out, "needs --rows: a table of asset, as_of")
        if asset is None:
            raise BadInput("asset", None, "is missing", "--asset BTC, or --rows FILE --out FILE")
        _single(opened, parse_names(asset, "asset"), as_of, names, strict, as_json)


def _refuse_single(asset: str | None, out: str | None) -> None:
    if asset is not None:
        raise BadInput("asset", asset, "stands in the rows of --rows, not beside them")
    if out is None:
        raise BadInput("out", None, "is missing: --rows needs --out FILE", "out.parquet")


def _single(
    store: Store, assets: list[str], as_of: str, names: list[str], strict: bool, as_json: bool
) -> None:
    asked = parse_as_of(as_of)
    at = int(store.head() if asked is None else asked)
    answers = [store.values(asset, names, at, strict=strict) for asset in assets]
    if as_json:
        rows = [
            {"asset": asset, "as_of": moment(at), "values": values}
            for asset, values in zip(assets, answers, strict=True)
        ]
        put_json({"resolved": moment(at), "rows": rows})
        return
    for asset, values in zip(assets, answers, strict=True):
        mark = "SIMULATED " if values and values[0]["simulated"] else ""
        put_table(
            f"{mark}{asset} as of {moment(at)}",
            COLUMNS,
            [_line(value) for value in values],
            right=("value", "age", "n", "coverage", "revised"),
            foot=_notes(values, max(leg.last_event for leg in store.legs(asset))),
        )


def _notes(values: list[dict[str, Any]], newest: int) -> str:
    """What a reader should know of the rows behind the numbers."""
    derived = sorted({text for value in values for text in value["derived"]})
    left = sorted({f"{leg['venue']} {leg['instrument']}" for value in values
                   for leg in value["legs"] if not leg["used"]})  # fmt: skip
    lines = [f"derived by the import: {'; '.join(derived)}"] if derived else []
    lines += [f"not used in some answer: {', '.join(left)}"] if left else []
    if any(value["reason"] == "stale" for value in values):
        lines.append(f"the newest row is of {moment(newest)}: --as-of asks an earlier moment")
    return "\n".join(lines)


def _line(value: dict[str, Any]) -> tuple[str, ...]:
    coverage = value.get("coverage")
    return (
        value["feature"],
        number(value["value"]),
        value["unit"],
        seconds(value.get("age_s")),
        str(value.get("n", "–")),
        "–" if coverage is None else f"{coverage:.0%}",
        value.get("basis") or "–",
        str(value.get("revised") or "–"),
        value.get("reason") or "",
    )


def _batch(
    store: Store,
    names: list[str],
    rows: str,
    out: str,
    evidence: bool,
    strict: bool,
    threads: int | None,
    as_json: bool,
) -> None:
    requests = read_requests(rows, out)
    frame = store.historical(
        rows=requests,
        features=names,
        evidence=evidence,
        strict=strict,
        threads=threads or settings().threads,
    )
    write_frame(frame, out)
    facts = {"rows": frame.height, "features": len(names), "out": out}
    if as_json:
        put_json(facts)
    else:
        click.echo(f"{frame.height:,} rows × {len(names)} features → {out}")
