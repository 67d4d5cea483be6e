"""The demo: a small simulated store, made and scanned."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import click

from tideline.cli.options import json_option
from tideline.cli.scan import reading_facts, show_readings
from tideline.cli.show import moment, percent, put_json, put_table
from tideline.domain.errors import BadInput
from tideline.domain.time import TimeUs

SIMULATED = "SIMULATED data, drawn from a seed: nothing here happened on any market."


@click.command()
@click.option("--store", "-s", metavar="DIR", help="Keep the store here; else it is temporary.")
@json_option
def demo(store: str | None, as_json: bool) -> None:
    """Make a small SIMULATED store and scan it.

    Three venues, two coins, twelve days drawn from a seed, with states planted in them; then the
    scan, beside what was planted.

    \b
        tideline demo
        tideline demo --store demo-store     and then: tideline catalog, tideline features …
    """
    if store is not None:
        _show(Path(store), as_json, kept=True)
        return
    with tempfile.TemporaryDirectory(prefix="tideline-demo-") as place:
        _show(Path(place) / "store", as_json, kept=False)


def _show(path: Path, as_json: bool, kept: bool) -> None:
    from tideline.market.simulated import DELAY_US, END, LAST_KNOWN, PLANTED, START
    from tideline.store import open_store

    rows = fill(path)
    with open_store(path) as store:
        scanned = store.scan(LAST_KNOWN, window="45m")
        seen = [(p, _at(store, p.asset, p.end + DELAY_US)) for p in PLANTED]
    if as_json:
        pairs = [{"planted": push, "found": reading_facts(found)} for push, found in seen]
        place = str(path) if kept else None
        put_json({"simulated": True, "rows": rows, "store": place, "readings": pairs})
        return
    click.echo(SIMULATED)
    where = str(path) if kept else "a temporary store"
    span = f"{moment(START)} … {moment(END)}"
    click.echo(f"{rows:,} rows of 3 venues and 2 coins, {span}, in {where}\n")
    show_readings(scanned, scanned, [LAST_KNOWN], "45m", "adaptive")
    click.echo("")
    put_table(
        "What was planted into the set, and what is read at the end of each",
        ("asset", "as of", "planted", "found", "severity", "strength", "price", "OI"),
        [(p.asset, moment(found.as_of), p.state, found.name, found.severity,
          f"{found.strength or 0:.1f}", percent(found.price_change), percent(found.oi_change))
         for p, found in seen],
        right=("strength", "price", "OI"),
    )  # fmt: skip
    if kept:
        at = moment(LAST_KNOWN)
        click.echo("Go on with it:")
        click.echo(f"  tideline scan --store {path} --as-of {at} --why")
        click.echo(f"  tideline features --store {path} --asset BTC --as-of {at} \\")
        click.echo("           --features positioning.oi_usdtm@1h:zscore,flow.cvd@15m")
        click.echo("Live, on simulated venues that speak the real formats:")
        click.echo("  tideline up --store live-store --simulated --assets BTC,ETH")


def _at(store: Any, asset: str, at: int) -> Any:
    return store.scan(TimeUs(at), window="45m", assets=[asset], bands="adaptive")[0]


def fill(path: Path) -> int:
    """Make the simulated store at ``path``; one that is there already is left as it is.

    Raises:
        BadInput: something else stands there.
    """
    import numpy as np
    import pyarrow as pa

    from tideline.log import Log, Source
    from tideline.market.simulated import tables
    from tideline.store.simulation_mark import SIMULATED as KIND
    from tideline.store.simulation_mark import SimulationMark

    with Log.open_or_create(path) as log:
        standing = sum(leg.rows for leg in log.legs())
        if standing:
            if not SimulationMark(log):
                raise BadInput("store", str(path), "holds rows that are not the demo's")
            return standing
        with log.writer() as writer:
            source = Source(source_id=writer.next_source(), kind=KIND, name="demo")
            made = pa.concat_tables(tables()).unify_dictionaries()
            ids = pa.array(np.full(made.num_rows, source.source_id, np.int64))
            rows = writer.append(made.append_column("source_id", ids), [source]).rows
            writer.flush()
    return rows
