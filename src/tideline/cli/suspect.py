"""Values held back: list them, release or confirm them by rows of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from tideline.cli.options import json_option, parse_as_of, parse_moment, store_option
from tideline.cli.show import moment, number, put_json, put_table
from tideline.domain.errors import BadInput, UnknownName

if TYPE_CHECKING:
    from tideline.collect.suspects import Suspect


@click.group(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.pass_context
def suspects(ctx: click.Context) -> None:
    """Values held back; release or confirm them.

    A value that cannot be true is kept and marked, and no feature uses it. It is released by
    itself when the values after it bear it out, or by hand. Each change is a new row: what was
    seen before stays as it was seen. An ID is venue/instrument/field/time, as listed.

    \b
        tideline suspects list --store S
        tideline suspects release ID --store S      it was right after all
        tideline suspects confirm ID --store S      looked at, and wrong
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


@suspects.command(name="list")
@store_option
@click.option("--asset", help="Only this coin.")
@click.option("--as-of", metavar="TIME", default="now", help="As known then; default the head.")
@click.option("--all", "everything", is_flag=True, help="Also those that are settled.")
@json_option
def listing(store: str, asset: str | None, as_of: str, everything: bool, as_json: bool) -> None:
    """List values held back; with --all also those released, replaced or confirmed."""
    from tideline.collect import suspects as held
    from tideline.log import Log

    with Log.open(store) as log:
        if asset is not None and asset not in (known := log.assets()):
            raise UnknownName("asset", asset, known)
        at = parse_as_of(as_of)
        found = held.suspects(log, at, asset=asset, waiting_only=not everything)
    if as_json:
        put_json({"suspects": [{"id": id_of(one), **one.to_dict()} for one in found]})
        return
    put_table(
        f"Suspects of {store}",
        ("id", "asset", "value", "before it", "state"),
        [
            (id_of(one), one.asset, number(one.value, 8), number(one.before, 8), one.state)
            for one in found
        ],
        right=("value", "before it"),
        foot=f"{len(found):,} shown",
    )


def id_of(suspect: Suspect) -> str:
    """What a suspect is called on the command line."""
    at = moment(suspect.event_time)
    return f"{suspect.venue}/{suspect.instrument}/{suspect.field}/{at}"


def read_id(text: str) -> tuple[str, str, str, int]:
    """venue, instrument, field, event time of an ID.

    Raises:
        BadInput: not of that form; BadTime: its time is none.
    """
    venue, slash, rest = text.partition("/")
    parts = rest.rsplit("/", 2)
    if not slash or len(parts) != 3 or not all((venue, *parts)):
        example = "binance/BTCUSDT/open_interest/2026-02-05T12:00:00Z"
        raise BadInput("id", text, "is not venue/instrument/field/time", example)
    return venue, parts[0], parts[1], parse_moment(parts[2], "time of the id")


@suspects.command()
@click.argument("suspect", metavar="ID")
@store_option
@json_option
def release(suspect: str, store: str, as_json: bool) -> None:
    """Let a value into features from now on: it was right."""
    from tideline.collect import suspects as held

    _settle(held.release, suspect, store, "released", as_json)


@suspects.command()
@click.argument("suspect", metavar="ID")
@store_option
@json_option
def confirm(suspect: str, store: str, as_json: bool) -> None:
    """Mark a value as looked at and wrong: it stays out for good."""
    from tideline.collect import suspects as held

    _settle(held.confirm, suspect, store, "confirmed", as_json)


def _settle(how: Callable[..., Any], suspect: str, store: str, to: str, as_json: bool) -> None:
    from tideline.log import Log

    chosen = read_id(suspect)
    with Log.open(store) as log:
        commit = how(log, *chosen)
    known = moment(commit.known_time)
    if as_json:
        put_json({"id": suspect, "state": to, "rows": commit.rows, "known_time": known})
    else:
        click.echo(f"{suspect} {to} ({commit.rows} rows), known from {known} on")
