"""Keys of a service: made, listed, revoked, changed, and how much each was used."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from tideline.cli.options import json_option, settings
from tideline.cli.show import moment, put_json, put_table

if TYPE_CHECKING:
    from tideline.serve.keys.key import Key
    from tideline.serve.keys.ring import KeyRecord, KeyRing

F = TypeVar("F", bound=Callable[..., Any])


def ring_options(command: F) -> F:
    """Which file of keys."""
    for option in (
        click.option("--keys-file", metavar="FILE", help="The keys.  [keys.sqlite in the store]"),
        click.option("--store", "-s", metavar="DIR", default=lambda: settings().store,
                     help="The store.  [TIDELINE_STORE; ./tideline-store]"),
    ):  # fmt: skip
        command = option(command)
    return command


@click.group()
def keys() -> None:
    """Who may ask what: keys, each with a plan.

    A key is shown once, when it is made; only its SHA-256 is kept. Changes are seen by every
    running service within seconds.

    \b
        tideline keys create --plan edge --days 14 --owner desk
        tideline keys list
        tideline keys revoke 1f2e3d4c
    """


@keys.command()
@click.option("--plan", default="quant", show_default=True,
              help="discover, signal, edge or quant.")  # fmt: skip
@click.option("--owner", default="desk", show_default=True, help="Whose it is.")
@click.option("--days", type=float, metavar="DAYS", help="How long it lives.  [for ever]")
@ring_options
@json_option
def create(
    store: str, keys_file: str | None, plan: str, owner: str, days: float | None, as_json: bool
) -> None:
    """Make a key and show it, this once."""
    with _ring(store, keys_file) as ring:
        _show_new(*ring.create(owner, plan, days), as_json)


@keys.command(name="list")
@click.option("--usage", is_flag=True, help="Requests of each key, by day.")
@ring_options
@json_option
def list_keys(store: str, keys_file: str | None, usage: bool, as_json: bool) -> None:
    """Every key ever made, without the key."""
    from tideline.domain.time import WallClock
    from tideline.serve.keys.usage import read_usage

    with _ring(store, keys_file) as ring:
        records, used = ring.records(), read_usage(ring)
    now = int(WallClock().now())
    if as_json:
        days = [[one.key, one.day, one.requests, one.refused] for one in used]
        put_json({"keys": [_facts(record, now) for record in records], "usage": days})
        return
    if usage:
        rows = [(one.day, one.key, one.owner, f"{one.requests:,}", str(one.refused or "–"))
                for one in used]  # fmt: skip
        put_table("Usage", ("day", "key", "owner", "requests", "refused"), rows,
                  right=("requests", "refused"))  # fmt: skip
        return
    lines = [
        (record.prefix, record.owner, record.plan, moment(record.created),
         moment(record.expires), "valid" if record.valid(now) else "over")
        for record in records
    ]  # fmt: skip
    put_table("Keys", ("key", "owner", "plan", "made", "ends", "state"), lines)


@keys.command()
@click.argument("prefix")
@ring_options
@json_option
def revoke(store: str, keys_file: str | None, prefix: str, as_json: bool) -> None:
    """Refuse a key from now on; open streams of it are closed."""
    with _ring(store, keys_file) as ring:
        record = ring.revoke(prefix)
    if as_json:
        put_json(_facts(record, record.revoked or 0))
    else:
        click.echo(f"{record.prefix} of {record.owner} is revoked")


@keys.command()
@click.argument("prefix")
@click.option("--grace-s", type=click.FloatRange(0, 30 * 86_400), default=0.0, show_default=True,
              help="How long the old key is still let in.")  # fmt: skip
@ring_options
@json_option
def rotate(store: str, keys_file: str | None, prefix: str, grace_s: float, as_json: bool) -> None:
    """A new key of the same owner, plan and end; the old one is refused."""
    with _ring(store, keys_file) as ring:
        _show_new(*ring.rotate(prefix, grace_s), as_json)


class _ring:  # noqa: N801 - read as a with statement
    """The file of keys, made where there is none."""

    def __init__(self, store: str, keys_file: str | None) -> None:
        from tideline.domain.time import WallClock
        from tideline.log import Log
        from tideline.serve.keys.ring import KeyRing
        from tideline.serve.process import KEYS_FILE

        if keys_file is None:
            with Log.open(store):
                pass
        self._opened = KeyRing(Path(keys_file or Path(store) / KEYS_FILE), WallClock())

    def __enter__(self) -> KeyRing:
        return self._opened

    def __exit__(self, *_: object) -> None:
        self._opened.close()


def _show_new(key: Key, record: KeyRecord, as_json: bool) -> None:
    if as_json:
        put_json({**_facts(record, record.created), "secret": key.text})
        return
    click.echo(key.text)
    ends = f"until {moment(record.expires)}" if record.expires else "without end"
    click.echo(f"shown this once; plan {record.plan}, owner {record.owner}, {ends}", err=True)


def _facts(record: KeyRecord, now: int) -> dict[str, Any]:
    return {
        "key": record.prefix,
        "owner": record.owner,
        "plan": record.plan,
        "created": moment(record.created),
        "expires": None if record.expires is None else moment(record.expires),
        "revoked": None if record.revoked is None else moment(record.revoked),
        "valid": record.valid(now),
    }
