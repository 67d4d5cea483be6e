"""The position report, and the moments like this one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tideline.cli.options import (
    as_of_option,
    json_option,
    parse_as_of,
    profile_option,
    read_profile,
    store_option,
)
from tideline.cli.show import console, moment, percent, plain, put_json, put_table
from tideline.domain.errors import BadFile

if TYPE_CHECKING:
    from tideline.readings.analogue import Analogues
    from tideline.readings.margin_tiers import MarginTiers
    from tideline.readings.position_report import PositionReport

SIMULATED = "SIMULATED: nothing here happened on any market."
STYLES = {"pass": "green", "fail": "bold red", "cannot tell": "yellow"}


@click.command()
@click.argument("asset")
@store_option
@click.option("--side", required=True, help="long or short.")
@click.option("--entry", required=True, type=float, metavar="USD", help="Price of the entry.")
@click.option("--stop", required=True, type=float, metavar="USD", help="Price of the stop.")
@click.option("--size", required=True, type=float, metavar="COIN", help="Size in coins.")
@click.option("--leverage", required=True, type=float, help="Notional over margin.")
@click.option("--equity", required=True, type=float, metavar="USD", help="All the account holds.")
@click.option("--margin", default="isolated", help="isolated (default) or cross.")
@click.option("--horizon", default="2d", help="How long it is to be held: 12h, 2d.")
@click.option("--tiers", metavar="FILE", help="Margin tiers of your venue (TOML).")
@profile_option
@as_of_option
@click.option("--markdown", "as_markdown", is_flag=True, help="The page as Markdown.")
@json_option
def report(
    asset: str,
    store: str,
    side: str,
    entry: float,
    stop: float,
    size: float,
    leverage: float,
    equity: float,
    margin: str,
    horizon: str,
    tiers: str | None,
    profile: str | None,
    as_of: str,
    as_markdown: bool,
    as_json: bool,
) -> None:
    """The pre-trade checklist of one position: pass, fail or cannot tell, with the numbers.

    It holds the position against what is known at one moment: open interest and price, funding,
    risk and size, liquidation price, costs, and what followed moments like it. It gives no advice.

    \b
        tideline report BTC --side long --entry 67600 --stop 64500 --size 0.3 \\
                 --leverage 10 --equity 100000
        tideline report BTC --side short --entry 67600 --stop 70000 --size 0.3 --leverage 5 \\
                 --equity 100000 --margin cross --horizon 12h --markdown > report.md
    """
    from tideline.readings.report_text import markdown
    from tideline.store import open_store

    given, numbers = _tiers(tiers), read_profile(profile)
    with open_store(store) as opened:
        found = opened.report(
            asset,
            side=side,
            entry=entry,
            stop=stop,
            size=size,
            leverage=leverage,
            equity=equity,
            margin=margin,
            horizon=horizon,
            as_of=parse_as_of(as_of),
            tiers=given,
            profile=numbers,
        )
        simulated = opened.simulated
    if as_json:
        put_json({"simulated": simulated, **plain(found), "as_of": moment(found.as_of)})
    elif as_markdown:
        if simulated:
            click.echo(f"*{SIMULATED}*\n")
        click.echo(markdown(found), nl=False)
    else:
        if simulated:
            click.echo(SIMULATED)
        _show(found)


def _tiers(path: str | None) -> MarginTiers | None:
    """Margin tiers from a file.

    Raises:
        BadFile: it cannot be read.
    """
    if path is None:
        return None
    from tideline.readings.margin_tiers import parse_tiers

    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadFile(path, f"cannot be read as margin tiers: {error}") from None
    return parse_tiers(text, Path(path).name)


def _show(found: PositionReport) -> None:
    from tideline.readings.report_text import (
        NO_ADVICE,
        drawing,
        figures,
        headline,
        odds_words,
        position_words,
        profile_words,
    )

    screen = console()
    put_table(f"{found.asset} {found.position.side}: {headline(found)}", ("", ""), figures(found))
    _say(screen, f"as of {moment(found.as_of)}: {position_words(found)}")
    lines = drawing(found)
    if lines:
        _say(screen, "", f"mark price, the last {len(found.path_mark) - 1} hours", *lines)
    put_table(
        "Checklist",
        ("", "item", "why"),
        [(item.verdict, item.title, item.because) for item in found.items],
        styles=[STYLES[item.verdict] for item in found.items],
    )
    _say(screen, f"Moments like this one: {found.analogues.because}")
    _say(screen, *(f"  {odds_words(odds)}" for odds in found.odds))
    if found.notes:
        _say(screen, "", *found.notes)
    numbers = profile_words(found.profile, found.differs)
    _say(screen, "", *filter(None, (numbers, NO_ADVICE)))


def _say(screen: Any, *lines: str) -> None:
    for line in lines:
        screen.print(line, markup=False, highlight=False, soft_wrap=True)


@click.command()
@click.argument("asset")
@store_option
@click.option("--window", "-w", default="4h", help="15m 30m 45m 1h 2h 4h 12h 24h; 4h by default.")
@profile_option
@as_of_option
@click.option("--moments", is_flag=True, help="List the chosen moments too.")
@json_option
def analogues(
    asset: str,
    store: str,
    window: str,
    profile: str | None,
    as_of: str,
    moments: bool,
    as_json: bool,
) -> None:
    """Moments of the past like this one, and what followed them after 1, 4 and 24 hours.

    Alike in price, open interest, funding, liquidations and takers over the window, as known then.
    Quantiles of up to 50 independent moments stand beside those of every moment of the same coin.

    \b
        tideline analogues BTC --store S
        tideline analogues BTC --store S --as-of 2026-02-05T16:00:00Z --moments
    """
    from tideline.store import open_store

    numbers = read_profile(profile)
    with open_store(store) as opened:
        found = opened.analogues(asset, parse_as_of(as_of), window=window, profile=numbers)
        simulated = opened.simulated
    if as_json:
        put_json({"simulated": simulated, **plain(found), "as_of": moment(found.as_of)})
        return
    if simulated:
        click.echo(SIMULATED)
    _show_analogues(found, moments)


def _show_analogues(found: Analogues, moments: bool) -> None:
    from tideline.readings.analogue import HORIZONS, QUANTILES
    from tideline.readings.report_text import profile_words

    rows = []
    for row in found.following:
        for what, spread in (("like this", row.like), ("any", row.usual)):
            if spread is not None:
                cells = [percent(q) for q in spread.quantiles]
                rose = f"{spread.rose:,} ({spread.share_rose:.0%})"
                rows.append((row.quantity, row.horizon, what, f"{spread.count:,}", rose, *cells))
    quantiles = tuple(f"{q:.0%}" for q in QUANTILES)
    columns = ("", "after", "moments", "count", "rose", *quantiles)
    title = f"{found.asset} over {found.window}, as of {moment(found.as_of)}"
    put_table(title, columns, rows, right=columns[3:])
    screen = console()
    _say(screen, found.because)
    for one in found.dimensions:
        _say(screen, f"  {one.address} {one.value:+.4g} (mean {one.mean:+.4g}, sd {one.sd:.4g})")
    _say(screen, *(f"  not used: {drop.address}, {drop.why}" for drop in found.dropped))
    _say(screen, *(f"  too slow for {found.window}: {name}" for name in found.left_out))
    numbers = profile_words(found.profile, found.differs)
    _say(screen, *filter(None, [numbers]))
    if moments:
        put_table(
            "Chosen moments, the nearest first",
            ("moment", "sd away", *(f"price {horizon} later" for horizon in HORIZONS)),
            [
                (moment(one.at), f"{one.distance:.3f}", *(percent(x) for x in one.price))
                for one in found.chosen
            ],
            right=("sd away",),
        )
