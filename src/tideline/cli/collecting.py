"""Live collection: the plan on paper, the collector alone, and everything there is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from tideline.cli.options import json_option, parse_names, store_option
from tideline.cli.serve import serve_options, serving_of
from tideline.domain.errors import BadInput, UnknownName, nearest_of
from tideline.domain.time import SECOND

if TYPE_CHECKING:
    from tideline.cli.running import Job
    from tideline.venues.declaration import Venue

F = TypeVar("F", bound=Callable[..., Any])

TOP = 50
MOST_ASSETS = 500


def collect_options(command: F) -> F:
    """What both commands take."""
    for option in (
        click.option("--hosts", metavar="FILE", help="Other base URLs for venues' hosts (TOML)."),
        click.option("--simulated", is_flag=True,
                     help="Venue servers on loopback, fed by a synthetic market."),
        click.option("--thin-s", type=click.FloatRange(0, 60), default=1.0, metavar="SECONDS",
                     show_default=True,
                     help="Of a pushed price, rate or open interest, one row in so long; 0: all."),
        click.option("--raw-gb", type=click.FloatRange(0, 100_000), default=20.0, metavar="GB",
                     show_default=True, help="Cap of the raw frames kept; 0 keeps none."),
        click.option("--backfill-days", type=click.FloatRange(0, 4000), default=30.0,
                     show_default=True, metavar="DAYS", help="History fetched at the first start."),
        click.option("--trust", metavar="A,B",
                     help="Venues whose open interest is of the right size whatever it is."),
        click.option("--venues", metavar="A,B", help="Only these venues; default all."),
        click.option("--top", type=click.IntRange(1, MOST_ASSETS), metavar="N",
                     help=f"The N coins with the most open interest.  [{TOP}]"),
        click.option("--assets", metavar="A,B", help="These coins."),
        store_option,
    ):  # fmt: skip
        command = option(command)
    return command


@click.command()
@collect_options
@click.option("--plan", is_flag=True, help="Print the poll plan and stop; asks nobody.")
@json_option
def collect(plan: bool, as_json: bool, **given: Any) -> None:
    """Collect from the venues into the store until stopped.

    The plan shows how often each feed asks and what that takes of the venue's limits; cadences are
    stretched until it fits.

    \b
        tideline collect --assets BTC,ETH,SOL --plan
        tideline collect --store S --top 50
        tideline collect --store S --assets BTC --venues bybit,okx
    """
    job = job_of(given)
    if plan:
        from tideline.cli.planning import print_plan

        print_plan(job.venues, job.assets or _some(job.top), job.backfill_days, as_json)
        return
    from tideline.cli.running import run

    run(job)


@click.command()
@collect_options
@serve_options
@click.option("--no-serve", is_flag=True, help="Only collect.")
@click.option("--judge/--no-judge", default=True, show_default=True,
              help="Judge every reading every five seconds, and keep what changed.")  # fmt: skip
def up(no_serve: bool, judge: bool, **given: Any) -> None:
    """Collect, and serve everything there is; on a terminal with the status in place.

    Every reading of every coin is judged at every multiple of five seconds; states entered, left
    or changed are rows of the store, known from then on.

    The service is a process of its own and writes serve.log in the store's directory. Stop with
    Ctrl-C: what was received is committed first.

    \b
        tideline up --store S                       http://127.0.0.1:8787/docs
        tideline up --store S --simulated --assets BTC,ETH
    """
    from tideline.cli.beside import served_beside
    from tideline.cli.running import run, show_status
    from tideline.cli.show import console

    job = replace(job_of(given), judging=judge)
    with served_beside(None if no_serve else serving_of(given["store"], given)):
        run(job, beside=show_status if console().is_terminal else None)


def job_of(given: dict[str, Any]) -> Job:
    """The options, checked.

    Raises:
        BadInput: names the option, the value and the nearest valid choice.
    """
    from tideline.cli.hosts import read_hosts
    from tideline.cli.running import Job

    if given["assets"] and given["top"]:
        raise BadInput("assets", given["assets"], "stands beside --top", "one of the two")
    assets = (
        tuple(_asset(name) for name in parse_names(given["assets"], "assets"))
        if given["assets"]
        else ()
    )
    urls = read_hosts(given["hosts"])
    if urls and given["simulated"]:
        raise BadInput("hosts", given["hosts"], "stands beside --simulated", "one of the two")
    return Job(
        store=Path(given["store"]),
        venues=_venues(given["venues"]),
        assets=assets,
        top=given["top"] or TOP,
        backfill_days=given["backfill_days"],
        raw_bytes=round(given["raw_gb"] * 1e9),
        trusted=tuple(one.name for one in _venues(given["trust"])) if given["trust"] else (),
        thin_us=round(given["thin_s"] * SECOND),
        urls=urls,
        simulated=given["simulated"],
    )


def _asset(name: str) -> str:
    from tideline.venues.reference import parse

    if parse(name) is None:
        raise BadInput("assets", name, "is no coin", name.upper() if parse(name.upper()) else "BTC")
    return name


def _venues(text: str | None) -> Sequence[Venue]:
    from tideline.venues.catalogue import VENUES

    if text is None:
        return VENUES
    known = {venue.name: venue for venue in VENUES}
    chosen = []
    for name in parse_names(text, "venues"):
        if name not in known:
            raise UnknownName("venue", name, [nearest_of(name, known) or name, *known])
        chosen.append(name)
    return tuple(venue for venue in VENUES if venue.name in chosen)


def _some(top: int) -> list[str]:
    """As many coins as asked for: which ones is only known once venues were asked."""
    from tideline.market.assets import default_assets

    return [coin.asset for coin in default_assets(top)]
