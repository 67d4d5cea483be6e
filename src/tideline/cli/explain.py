"""Every reading of one asset, with its evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tideline.cli.options import (
    as_of_option,
    choose,
    json_option,
    parse_as_of,
    profile_option,
    read_profile,
    settings,
    store_option,
)
from tideline.cli.reading_rows import odds_rows, reason_rows, spent_rows
from tideline.cli.scan import reading_facts
from tideline.cli.show import SEVERITY_STYLE, console, moment, number, put_json, put_table, seconds
from tideline.readings.cadence import SUB_WINDOWS

if TYPE_CHECKING:
    from tideline.readings.reading import Evidence, Reading


@click.command()
@click.argument("asset")
@store_option
@click.option("--window", "-w", help="15m 30m 45m 1h 2h 4h 12h 24h.  [TIDELINE_WINDOW; 45m]")
@as_of_option
@profile_option
@click.option("--all", "everything", is_flag=True, help="The quiet ones with their evidence too.")
@json_option
def explain(
    asset: str,
    store: str,
    window: str | None,
    as_of: str,
    profile: str | None,
    everything: bool,
    as_json: bool,
) -> None:
    """Every reading of one asset: what it says, why, by which rule, on which numbers.

    Rules with windows of their own are read on those, the rest on --window. What is quiet or
    could not be told is listed below with its reason; --all shows its numbers too.

    \b
        tideline explain BTC --store S
        tideline explain BTC --store S --window 4h --as-of 2026-02-05T16:00:00Z --all
        tideline explain BTC --store S --profile desk.toml
    """
    from tideline.readings.asking import ranked
    from tideline.store import open_store

    chosen = choose("window", window or settings().window, tuple(SUB_WINDOWS))
    numbers = read_profile(profile)
    with open_store(store) as opened:
        at = parse_as_of(as_of) or opened.head()
        found = opened.readings(asset, at, chosen, profile=numbers)
        simulated = opened.simulated
    if as_json:
        told = {"simulated": simulated, "asset": asset, "window": chosen, "as_of": moment(at)}
        put_json(told | {"readings": [reading_facts(reading) for reading in found]})
        return
    loud = [one for one in ranked(found) if one.told and not one.quiet]
    mark = "SIMULATED " if simulated else ""
    click.echo(f"{mark}{asset} as of {moment(at)}, window {chosen}, profile {numbers.name}")
    if numbers.differs:
        click.echo(f"  differs from the default: {', '.join(numbers.differs)}")
    for reading in loud:
        show_reading(reading)
    rest = [one for one in found if one not in loud]
    if everything:
        for reading in rest:
            show_reading(reading)
        return
    put_table(
        "Nothing to say, or not to be told",
        ("reading", "window", "", "because"),
        [(one.entry, one.window, one.name, one.because) for one in rest],
    )


def show_reading(reading: Reading) -> None:
    """One reading in full."""
    head = f"{reading.entry} {reading.name} over {reading.window}"
    if reading.told and not reading.quiet:
        strength = "" if reading.strength is None else f", strength {reading.strength:.2f}"
        head += f": {reading.severity}{strength}, confidence {reading.confidence:.0%}"
    rows = reason_rows(reading)
    rows += [(item.address, evidence_words(item)) for item in reading.evidence]
    rows += [("note", note) for note in reading.notes]
    if reading.forced_share is not None:
        share = reading.forced_share
        kind = "complete feeds" if share.complete else "sampled feeds: a lower bound"
        rows.append(
            ("forced, coin", f"{number(share.liquidated_coin)} {share.side} of "
             f"{number(share.volume_coin)} traded ({kind})")
        )  # fmt: skip
    rows += spent_rows(reading)
    rows += [(f"caveat {caveat.name}", caveat.text) for caveat in reading.caveats]
    rows += odds_rows(reading)
    screen = console()
    screen.print(head, style=SEVERITY_STYLE[reading.severity] or "bold", markup=False)
    put_table("", ("", ""), rows)


def evidence_words(item: Evidence) -> str:
    """``0.0123 against 0.01, age 5s, coverage 98 %, recorded``"""
    if item.value is None:
        text = f"null: {item.reason}" if item.reason else "–"
    else:
        text = f"{number(item.value)} {item.unit}".strip()
    if item.threshold is not None:
        text += f" against {number(item.threshold)}"
    if item.age_s is not None:
        text += f", age {seconds(item.age_s)}"
    if item.coverage is not None:
        text += f", coverage {item.coverage:.0%}"
    return f"{text}, {item.basis}" if item.basis else text
