"""``tideline demo``: options, checked."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from tideline.cli.options import json_option, parse_names
from tideline.cli.serve import serve_options, serving_of
from tideline.domain.errors import BadInput
from tideline.market.made import SCENARIOS, MadeMarket, check

ASSETS = "BTC,ETH"
STORE = "demo-store"
FASTEST = 60.0
"""Beyond it two cores no longer bring all frames in time: see docs/guides/demo.md."""


@click.command()
@click.option(
    "--scenario",
    metavar="NAME",
    default="mixed",
    show_default=True,
    help=", ".join(SCENARIOS) + ".",
)
@click.option(
    "--seed",
    type=int,
    default=1,
    show_default=True,
    metavar="N",
    help="Another seed, another world.",
)
@click.option(
    "--speed",
    type=float,
    default=1.0,
    show_default=True,
    metavar="X",
    help=f"Virtual seconds in a real one, up to {FASTEST:g}.",
)
@click.option("--assets", metavar="A,B", default=ASSETS, show_default=True, help="These coins.")
@click.option(
    "--days",
    type=float,
    default=30.0,
    show_default=True,
    metavar="DAYS",
    help="Length of the made market.",
)
@click.option(
    "--store",
    "-s",
    metavar="DIR",
    default=STORE,
    show_default=True,
    help="Kept there; a second start goes on where the first ended.",
)
@click.option(
    "--for",
    "seconds",
    type=float,
    metavar="SECONDS",
    help="Stop by itself after so many real seconds of collecting.",
)
@serve_options
@click.option("--no-serve", is_flag=True, help="Only collect and show.")
@json_option
def demo(
    scenario: str,
    seed: int,
    speed: float,
    assets: str,
    days: float,
    store: str,
    seconds: float | None,
    no_serve: bool,
    as_json: bool,
    **given: Any,
) -> None:
    """A SIMULATED market, collected and read as if it were real.

    Makes a market (once; it is kept on this machine), starts its venues on loopback in their real
    formats, imports weeks of history, runs the real collector with back-fill of the last hours,
    judges every reading, serves it all over HTTP and shows the scan. Nothing here happens on any
    market. Ctrl-C ends it; everything received is committed first.

    \b
        tideline demo                               http://127.0.0.1:8787/docs
        tideline demo --scenario long_cascade --speed 30
        tideline demo --store S --for 30 --json
    """
    from tideline.cli.demo.played import Demo
    from tideline.cli.demo.stage import play
    from tideline.market.cache import cache_home

    if not 0.1 <= speed <= FASTEST:
        near = min(max(speed, 0.1), FASTEST)
        raise BadInput("speed", speed, f"is not between 0.1 and {FASTEST:g}", f"{near:g}")
    if seconds is not None and not seconds > 0:
        raise BadInput("for", seconds, "is no length of time", "30")
    wanted = MadeMarket(scenario, seed, tuple(parse_names(assets, "assets")), days)
    check(wanted)
    home = cache_home(os.environ)
    serving = None if no_serve else serving_of(store, given)
    play(Demo(wanted, Path(store), speed, seconds, as_json, home, serving))
