"""Weigh how venues count, from what was collected."""

from __future__ import annotations

import click

from tideline.cli.options import as_of_option, json_option, parse_as_of, parse_names, store_option
from tideline.cli.show import put_json, put_table
from tideline.domain.errors import UnknownName


@click.group()
def calibrate() -> None:
    """Weigh how venues count, from what was collected.

    \b
        tideline calibrate sides --store S --assets BTC,ETH
    """


@calibrate.command()
@store_option
@click.option("--assets", metavar="A,B", help="These coins; default all in the store.")
@as_of_option
@json_option
def sides(store: str, assets: str | None, as_of: str, as_json: bool) -> None:
    """Does a venue count one side of a contract, or both?

    One-sided open interest cannot change by more than what was traded, two-sided not by more than
    twice that. A window that goes beyond the first and not beyond the second speaks for two; that
    none does proves nothing, least of all where trade is brisk.

    \b
        tideline calibrate sides --store S
    """
    from tideline.collect.sides import as_table, sides_of
    from tideline.log import Log

    with Log.open(store) as log:
        moment = parse_as_of(as_of)
        at = int(log.head() if moment is None else log.check_as_of(moment))
        held = log.assets()
        wanted = held if assets is None else parse_names(assets, "assets")
        for name in wanted:
            if name not in held:
                raise UnknownName("asset", name, held)
        rows = as_table([one for name in wanted for one in sides_of(log, name, at)])
    if as_json:
        put_json({"sides": rows})
        return
    columns = ("venue", "instrument", "windows", "beyond one side", "beyond both",
               "evidence says", "counted as")  # fmt: skip
    put_table(
        "How many sides of a contract open interest counts",
        columns,
        [
            (
                row["venue"],
                row["instrument"],
                f"{row['windows']:,}",
                f"{row['beyond_one']:,}",
                f"{row['beyond_two']:,}",
                row["verdict"],
                row["counted_as"],
            )
            for row in rows
        ],
        right=("windows", "beyond one side", "beyond both"),
        styles=["bold red" if row["agrees"] is False else "" for row in rows],
        foot="unproven is no fault: on brisk contracts trade hides how sides are counted",
    )
