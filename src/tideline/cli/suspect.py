"""Values held back: list them, release or confirm them by rows of their own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from tideline.cli.options import json_option, store_option
from tideline.cli.show import moment, number, put_json, put_table
from tideline.domain.errors import BadInput, UnknownName, nearest_of
from tideline.domain.fields import BY_NAME
from tideline.domain.time import from_datetime

if TYPE_CHECKING:
    from tideline.log import Log


@dataclass(frozen=True, slots=True)
class Suspect:
    """One row with that status. ``state``: held, released, replaced or confirmed."""

    id: str
    asset: str
    venue: str
    instrument: str
    field: str
    event_time: int
    known_time: int
    value: float
    state: str
    basis: str
    cadence_s: float
    source_id: int


@click.group(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.pass_context
def suspects(ctx: click.Context) -> None:
    """Values held back; release or confirm them.

    A value that cannot be true is kept and marked, and no feature uses it. It is released by
    itself when the values after it bear it out, or by hand. Each change is a new row: what was
    seen before stays as it was seen.

    \b
        tideline suspects list --store S
        tideline suspects release 12.345 --store S      it was right after all
        tideline suspects confirm 12.345 --store S      looked at, and wrong
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


@suspects.command(name="list")
@store_option
@click.option("--asset", help="Only this coin.")
@click.option("--all", "everything", is_flag=True, help="Also those that are settled.")
@json_option
def listing(store: str, asset: str | None, everything: bool, as_json: bool) -> None:
    """List values held back; with --all also those released, replaced or confirmed."""
    from tideline.log import Log

    with Log.open(store) as log:
        found = [s for s in find(log, asset) if everything or s.state == "held"]
    if as_json:
        put_json({"suspects": [
            {"id": s.id, "asset": s.asset, "venue": s.venue, "instrument": s.instrument,
             "field": s.field, "event_time": moment(s.event_time),
             "known_time": moment(s.known_time), "value": s.value, "state": s.state}
            for s in found]})  # fmt: skip
        return
    put_table(
        f"Suspects of {store}",
        ("id", "asset", "venue", "instrument", "field", "event time", "value", "state"),
        [(s.id, s.asset, s.venue, s.instrument, s.field, moment(s.event_time),
          number(s.value, 8), s.state) for s in found],
        right=("value",),
        foot=f"{len(found):,} shown",
    )  # fmt: skip


@suspects.command()
@click.argument("ids", nargs=-1, required=True, metavar="ID…")
@store_option
@json_option
def release(ids: tuple[str, ...], store: str, as_json: bool) -> None:
    """Let values into features from now on: they were right."""
    _settle(ids, store, as_json, "released")


@suspects.command()
@click.argument("ids", nargs=-1, required=True, metavar="ID…")
@store_option
@json_option
def confirm(ids: tuple[str, ...], store: str, as_json: bool) -> None:
    """Mark values as looked at and wrong: they stay out for good."""
    _settle(ids, store, as_json, "confirmed")


def _settle(ids: tuple[str, ...], store: str, as_json: bool, to: str) -> None:
    from tideline.log import Log

    with Log.open(store) as log:
        chosen = _chosen(log, ids)
        with log.writer() as writer:
            commit = writer.append(_rows(chosen, to))
    if as_json:
        put_json({"state": to, "ids": list(ids), "known_time": moment(commit.known_time)})
    else:
        click.echo(f"{len(chosen)} {to}, known from {moment(commit.known_time)} on")


def _chosen(log: Log, ids: tuple[str, ...]) -> list[Suspect]:
    held = {suspect.id: suspect for suspect in find(log, None)}
    for text in ids:
        if not re.fullmatch(r"[0-9]+\.[0-9]+", text) or text not in held:
            near = nearest_of(text, held) or "tideline suspects list"
            raise BadInput("id", text, "is not a suspect of this store", near)
        if held[text].state != "held":
            raise BadInput("id", text, f"is {held[text].state} already")
    return [held[text] for text in dict.fromkeys(ids)]


def _rows(chosen: list[Suspect], to: str) -> Any:
    """The rows that settle them; known at their own commit."""
    import pyarrow as pa

    mark = "confirmed." if to == "confirmed" else ""
    columns: dict[str, list[Any]] = {
        "asset": [s.asset for s in chosen],
        "venue": [s.venue for s in chosen],
        "instrument": [s.instrument for s in chosen],
        "field": [mark + s.field for s in chosen],
        "value": [s.value for s in chosen],
        "basis": [s.basis for s in chosen],
        "status": ["ok"] * len(chosen),
        "cadence_s": [s.cadence_s for s in chosen],
        "source_id": [s.source_id for s in chosen],
    }
    table = pa.table(columns)
    utc = pa.timestamp("us", "UTC")
    return table.append_column("event_time", pa.array([s.event_time for s in chosen], utc))


def find(log: Log, asset: str | None) -> list[Suspect]:
    """Every suspect row known at the head, in log order of its leg, with what became of it."""
    legs = log.legs(asset)
    if asset is not None and not legs:
        raise UnknownName("asset", asset, log.assets())
    fields = {(leg.asset, leg.field) for leg in legs if leg.field in BY_NAME}
    head = log.head()
    found: list[Suspect] = []
    for name, field in sorted(fields):
        rows = log.read(name, head, fields=[field, f"confirmed.{field}"])
        found.extend(_of_field(rows, field))
    return found


def _of_field(rows: Any, field: str) -> Iterator[Suspect]:
    import pyarrow.compute as pc

    held = rows.filter(pc.equal(rows.column("status"), "suspect"))
    if not held.num_rows:
        return
    events = pc.unique(held.column("event_time"))
    near = rows.filter(pc.is_in(rows.column("event_time"), events)).to_pylist()
    for row in near:
        if row["status"] == "suspect" and row["field"] == field:
            yield _suspect(row, _state(row, near))


def _state(row: dict[str, Any], near: list[dict[str, Any]]) -> str:
    order = (row["known_time"], row["seq"], row["row"])
    state = "held"
    for other in near:
        if any(other[name] != row[name] for name in ("venue", "instrument", "event_time")):
            continue
        if other["field"] != row["field"]:
            state = "confirmed" if state == "held" else state
        elif other["status"] == "ok" and (other["known_time"], other["seq"], other["row"]) > order:
            state = "released" if other["value"] == row["value"] else "replaced"
    return state


def _suspect(row: dict[str, Any], state: str) -> Suspect:

    names = ("asset", "venue", "instrument", "field", "value", "basis", "cadence_s", "source_id")
    return Suspect(
        id=f"{row['seq']}.{row['row']}",
        state=state,
        event_time=from_datetime(row["event_time"]),
        known_time=from_datetime(row["known_time"]),
        **{name: row[name] for name in names},
    )
