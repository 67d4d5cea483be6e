"""Looking after a store: verify, compact, backup, retain."""

from __future__ import annotations

from pathlib import Path

import click

from tideline.cli.options import json_option, parse_moment, store_option
from tideline.cli.show import moment, put_json, put_table

DAMAGED = 3


@click.command()
@store_option
@click.option("--repair", is_flag=True, help="Move damaged files aside and rebuild what can be.")
@json_option
@click.pass_context
def verify(ctx: click.Context, store: str, repair: bool, as_json: bool) -> None:
    """Check every checksum and invariant; damaged ranges are named exactly.

    Exit code 3 when something does not hold. A damaged store still opens and serves the rest.
    """
    from tideline.log import Log

    with Log.open(store) as log:
        report = log.repair() if repair else log.verify()
    if as_json:
        put_json({"ok": report.ok, "report": report})
    elif report.ok:
        click.echo(
            f"{store}: everything holds "
            f"({report.commits:,} commits, {report.rows:,} rows, {report.files:,} files)"
        )
    else:
        rows = [(f.kind, f.where, f.range, f.detail) for f in report.findings]
        put_table(f"Damage in {store}", ("what", "where", "range", "detail"), rows)
    ctx.exit(0 if report.ok else DAMAGED)


@click.command()
@store_option
@json_option
def compact(store: str, as_json: bool) -> None:
    """Rewrite the table into one sorted file per asset and month. Changes no answer."""
    from tideline.log import Log

    with Log.open(store) as log:
        before = _size(store)
        merged = log.compact()
        after = _size(store)
    if as_json:
        put_json({"merged_files": merged, "bytes_before": before, "bytes_after": after})
    else:
        sizes = f"{before / 1e6:,.1f} MB → {after / 1e6:,.1f} MB"
        files = "file" if merged == 1 else "files"
        click.echo(f"{store}: {merged:,} {files} merged away, {sizes} on disk")


def _size(store: str) -> int:
    return sum(path.stat().st_size for path in Path(store).rglob("*") if path.is_file())


@click.command()
@store_option
@click.argument("destination", metavar="DIR")
@json_option
def backup(store: str, destination: str, as_json: bool) -> None:
    """Copy a store to DIR while it is in use; the copy is a store of its own."""
    from tideline.log import Log

    with Log.open(store) as log:
        log.backup(destination)
    with Log.open(destination) as copy:
        at, rows = copy.head(), sum(leg.rows for leg in copy.legs())
    if as_json:
        put_json({"destination": destination, "head": moment(at), "rows": rows})
    else:
        click.echo(f"{destination}: {rows:,} rows, head {moment(at)}")


@click.command()
@store_option
@click.option("--before", required=True, metavar="TIME", help="Rows older than this go.")
@click.option("--yes", is_flag=True, help="Do it; without this nothing is removed.")
@json_option
def retain(store: str, before: str, yes: bool, as_json: bool) -> None:
    """Remove what is older than a moment, for ever. Logged.

    An as_of before the horizon is refused afterwards, never answered thinner.
    """
    from tideline.log import Log

    horizon = parse_moment(before, "before")
    with Log.open(store) as log:
        if not yes:
            held = sum(leg.rows for leg in log.legs() if leg.first_event < horizon)
            text = f"legs with {held:,} rows reach back before {moment(horizon)}; add --yes"
            if as_json:
                put_json({"removed": False, "horizon": moment(horizon), "note": text})
            else:
                click.echo(f"nothing removed: {text}")
            return
        log.retain(horizon)
        last = log.retentions()[-1] if log.retentions() else None
    if as_json:
        put_json({"removed": True, "horizon": moment(horizon), "retention": last})
    else:
        click.echo(str(last) if last else f"nothing was older than {moment(horizon)}")
