"""The log again, from the raw frames that were kept."""

from __future__ import annotations

from pathlib import Path

import click

from tideline.cli.options import json_option, store_option
from tideline.cli.show import put_json
from tideline.domain.errors import BadInput

MOST_NAMED = 5


@click.command()
@store_option
@click.option("--raw", metavar="DIR", help="The raw frames, where they are not in the store.")
@click.option("--into", required=True, metavar="DIR", help="The new store.")
@json_option
def reparse(store: str, raw: str | None, into: str, as_json: bool) -> None:
    """Rebuild a log from the raw frames.

    With the parsers that recorded them the new store has the same rows with the same known times;
    with mended ones, what would have been recorded had they been right.

    \b
        tideline reparse --store S --into T
    """
    from tideline.collect.raw.archive import segments
    from tideline.collect.raw.reparse import reparse as rebuild
    from tideline.log import Log
    from tideline.venues.catalogue import VENUES

    directory = Path(raw) if raw is not None else Path(store) / "raw"
    if not segments(directory):
        raise BadInput("raw", str(directory), "holds no raw frames", f"{store}/raw")
    if Path(into).exists() and any(Path(into).iterdir()):
        raise BadInput("into", into, "is not empty", f"{into}-2")
    with Log.open_or_create(into) as target:
        found = rebuild(directory, target, VENUES)
    facts = {
        "store": into,
        "blocks": found.blocks,
        "records": found.records,
        "commits": found.commits,
        "rows": found.rows,
        "unsealed": found.unsealed,
        "refused": found.refused,
        "damage": [str(one) for one in found.damage],
    }
    if as_json:
        put_json(facts)
        return
    click.echo(f"{found.rows:,} rows in {found.commits:,} commits from {found.records:,} records")
    if found.unsealed:
        click.echo(f"{found.unsealed} blocks had not reached the log and are left out")
    for what in (*found.refused[:MOST_NAMED], *map(str, found.damage[:MOST_NAMED])):
        click.echo(f"  {what}")
