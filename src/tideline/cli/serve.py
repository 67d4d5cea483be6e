"""Serve a store: REST, streams, metrics."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from tideline.cli.options import parse_names, settings, store_option

if TYPE_CHECKING:
    from tideline.serve.process import Serving

F = TypeVar("F", bound=Callable[..., Any])


def serve_options(command: F) -> F:
    """Where and how to serve."""
    for option in (
        click.option("--trusted-host", "trusted_hosts", metavar="A,B",
                     help="Further names in a Host header that are meant for this service."),
        click.option("--keys/--no-keys", "keys", default=None,
                     help="Ask for keys.  [off on loopback, on elsewhere]"),
        click.option("--keys-file", metavar="FILE", help="The keys.  [keys.sqlite in the store]"),
        click.option("--workers", type=click.IntRange(1, 256), metavar="N",
                     help="Processes that serve the store.  [TIDELINE_WORKERS; 1]"),
        click.option("--port", type=click.IntRange(1, 65_535), metavar="PORT",
                     help="[TIDELINE_PORT; 8787]"),
        click.option("--host", metavar="ADDRESS", help="[TIDELINE_HOST; 127.0.0.1]"),
    ):  # fmt: skip
        command = option(command)
    return command


@click.command()
@serve_options
@click.option("--timeout-s", type=click.FloatRange(0.1, 300), default=10.0, show_default=True,
              help="No answer takes longer.")  # fmt: skip
@store_option
def serve(store: str, timeout_s: float, **given: Any) -> None:
    """Serve a store until stopped; any number may serve beside a collector.

    On this machine alone (the default) nobody needs a key. On any other address keys are asked
    for, and it does not start before there is one.

    \b
        tideline serve --store S                    http://127.0.0.1:8787/docs
        tideline keys create --store S --plan edge --owner desk
        tideline serve --store S --host 0.0.0.0 --trusted-host data.example.org --workers 4
    """
    from tideline.serve.process import serve as run

    serving = serving_of(store, given, timeout_s)
    where = f"http://{serving.host}:{serving.port}/docs"
    run(serving, lambda: click.echo(f"serving {store} at {where}"))


def serving_of(store: str, given: dict[str, Any], timeout_s: float = 10.0) -> Serving:
    """The options, with what the environment gives."""
    from tideline.serve.process import Serving

    found = settings()
    hosts = given["trusted_hosts"]
    return Serving(
        store=Path(store),
        host=given["host"] or found.host,
        port=given["port"] or found.port,
        workers=given["workers"] or found.workers,
        keys=given["keys"],
        keys_file=Path(given["keys_file"]) if given["keys_file"] else None,
        hosts=tuple(parse_names(hosts, "trusted_host")) if hosts else (),
        timeout_s=timeout_s,
        mail_server="" if found.mail == "none" else found.mail,
    )
