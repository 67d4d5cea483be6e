"""Every reading of every asset, ranked; R1's own table, at one moment or over a grid."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from tideline.cli.options import (
    as_of_option,
    choose,
    json_option,
    parse_as_of,
    parse_moment,
    parse_names,
    profile_option,
    read_profile,
    settings,
    store_option,
)
from tideline.cli.reading_rows import odds_rows, reason_rows, spent_rows
from tideline.cli.show import (
    SEVERITY_STYLE,
    moment,
    percent,
    plain,
    put_json,
    put_table,
    seconds,
)
from tideline.domain.errors import BadInput
from tideline.domain.time import parse_span
from tideline.readings.bands import MODES, Mode
from tideline.readings.cadence import SUB_WINDOWS
from tideline.readings.catalogue import NAMES, PRICE_OI, READINGS, RULES
from tideline.readings.episodes import Episode, episodes_of
from tideline.readings.price_oi import severity_of
from tideline.readings.price_oi_rule import price_oi_rule
from tideline.readings.reading import CANNOT_TELL, QUIET, SEVERITIES, Severity

if TYPE_CHECKING:
    from tideline.readings.profiles import Profile
    from tideline.readings.reading import Reading
    from tideline.store import Store

MOST_MOMENTS = 100_000
STATES = (*NAMES, "balanced", QUIET, CANNOT_TELL)


@click.command()
@store_option
@click.option("--asset", help="Only these coins: BTC,ETH.")
@click.option("--window", "-w", help="15m 30m 45m 1h 2h 4h 12h 24h.  [TIDELINE_WINDOW; 45m]")
@as_of_option
@click.option("--grid", metavar="START/END/STEP", help="A grid of moments instead of one.")
@click.option("--bands", default="adaptive", help="adaptive (default) or fixed.")
@click.option("--states", metavar="A,B,…", help="Only these states.")
@click.option("--min-severity", help="none, watch, elevated or extreme.")
@click.option("--readings", metavar="R1,R3,…", help="Only these; R1 alone: its own table.")
@profile_option
@click.option("--watch", "again", is_flag=True, help="Ask again every five seconds, in place.")
@click.option("--why", is_flag=True, help="The sentence, the rule and the legs of each.")
@json_option
def scan(
    store: str,
    asset: str | None,
    window: str | None,
    as_of: str,
    grid: str | None,
    bands: str,
    states: str | None,
    min_severity: str | None,
    readings: str | None,
    profile: str | None,
    again: bool,
    why: bool,
    as_json: bool,
) -> None:
    """Every reading of every asset, by severity and strength, with the reason in one line.

    R1 alone (and a grid, which is R1's) prints the price × OI table. Its bands say how large a
    move has to be: adaptive, 3 × the usual move of the same hours and kind of day of the last 30
    days; fixed, 1 % of price and 1.5 % of open interest at 45m.

    \b
        tideline scan --store S
        tideline scan --store S --watch
        tideline scan --store S --as-of 2026-02-05T16:00:00Z --readings R1 --why
        tideline scan --store S --asset BTC --min-severity elevated \\
                 --grid 2026-02-05T00:00:00Z/2026-02-06T00:00:00Z/15m
        tideline scan --store S --window 4h --states short_covering,long_liquidation
    """
    from tideline.store import open_store

    chosen = choose("window", window or settings().window, tuple(SUB_WINDOWS))
    mode: Mode = "fixed" if choose("bands", bands, MODES) == "fixed" else "adaptive"
    wanted = _states(states)
    least = choose("min_severity", min_severity, SEVERITIES) if min_severity else None
    assets = parse_names(asset, "asset") if asset else None
    numbers, keys = read_profile(profile), _keys(readings)
    if not grid and keys != ["R1"]:
        _scan_all(store, as_of, assets, chosen, mode, wanted, least, keys, numbers, again, why,
                  as_json)  # fmt: skip
        return
    with open_store(store) as opened:
        moments = _grid(grid) if grid else [parse_as_of(as_of) or int(opened.head())]
        found = _readings(opened, moments, assets, chosen, mode, numbers)
        simulated = opened.simulated
    if grid and wanted is None and least is None:
        least = "watch"  # a grid of calm moments is noise
    kept = [reading for reading in found if _keep(reading, wanted, least)]
    runs = _episodes(found, chosen, wanted, least, numbers) if grid else []
    if as_json:
        told = {"simulated": simulated, "window": chosen, "bands": bands}
        told |= {"moments": len(moments), "readings": [reading_facts(one) for one in kept]}
        put_json(told | ({"episodes": [_facts(*run) for run in runs]} if grid else {}))
        return
    show_readings(kept, found, moments, chosen, bands, simulated=simulated)
    if grid:
        _show_episodes(runs)
    if why:
        for reading in kept:
            explain(reading)


def _scan_all(
    store: str,
    as_of: str,
    assets: list[str] | None,
    window: str,
    mode: Mode,
    wanted: frozenset[str] | None,
    least: str | None,
    keys: list[str],
    profile: Profile,
    again: bool,
    why: bool,
    as_json: bool,
) -> None:
    """All readings, or some of them, of all assets or some."""
    from tideline.cli.explain import show_reading
    from tideline.cli.ranked import show_ranked, watch
    from tideline.store import open_store

    rules = [price_oi_rule(mode) if rule.key == PRICE_OI.key else rule for rule in RULES]
    some = [rule for rule in rules if rule.reading in keys or (not keys and rule.reading != "R7")]

    def chosen(found: list[Reading]) -> list[Reading]:
        return [one for one in found if _loud(one, wanted, least)]

    with open_store(store) as opened:
        if again:
            again_and_again = opened.watch(assets, window, rules=some, profile=profile)
            watch(again_and_again.readings, chosen, simulated=opened.simulated)
        at = int(parse_as_of(as_of) or opened.head())
        found = opened.readings(assets, at, window, rules=some, profile=profile)
        simulated = opened.simulated
    kept = chosen(found)
    if as_json:
        facts = [reading_facts(reading) for reading in kept]
        put_json({"simulated": simulated, "window": window, "as_of": moment(at),
                  "profile": profile.name, "differs": profile.differs,
                  "readings": facts})  # fmt: skip
        return
    show_ranked(kept, found, at, simulated=simulated)
    if why:
        for reading in kept:
            show_reading(reading)


def _loud(reading: Reading, wanted: frozenset[str] | None, least: str | None) -> bool:
    """A state that was asked for, or any that is one; and why an asset cannot be read at all."""
    if wanted is not None:
        return reading.name in wanted and _severe(reading.severity, least)
    if not reading.told and least is None:
        return reading.entry == PRICE_OI.key
    return reading.told and not reading.quiet and _severe(reading.severity, least)


def _keys(text: str | None) -> list[str]:
    if text is None:
        return []
    known = tuple(entry.key for entry in READINGS)
    return [choose("readings", name, known) for name in parse_names(text, "readings")]


def _readings(
    store: Store, moments: Sequence[int], assets: list[str] | None, window: str, bands: Mode,
    profile: Profile,
) -> list[Reading]:  # fmt: skip
    if len(moments) == 1:
        return list(
            store.scan(moments[0], window=window, assets=assets, bands=bands, profile=profile)
        )
    return list(
        store.scan_grid(moments, window=window, assets=assets, bands=bands, profile=profile)
    )


def reading_facts(reading: Reading) -> dict[str, Any]:
    """A reading as JSON data, its moment in RFC 3339."""
    return {**plain(reading), "as_of": moment(reading.as_of)}


def _states(text: str | None) -> frozenset[str] | None:
    if text is None:
        return None
    names = parse_names(text, "states")
    return frozenset(choose("states", name, STATES) for name in names)


def _grid(text: str) -> list[int]:
    parts = text.split("/")
    if len(parts) != 3:
        example = "2026-02-05T00:00:00Z/2026-02-06T00:00:00Z/15m"
        raise BadInput("grid", text, "is not START/END/STEP", example)
    start, end = parse_moment(parts[0], "grid start"), parse_moment(parts[1], "grid end")
    step = parse_span(parts[2], "grid step")
    if end < start:
        raise BadInput("grid", text, "ends before it starts", f"{parts[1]}/{parts[0]}/{parts[2]}")
    size = (end - start) // step + 1
    if size > MOST_MOMENTS:
        raise BadInput("grid", text, f"has {size:,} moments, more than {MOST_MOMENTS:,}")
    return [start + k * step for k in range(size)]


def _keep(reading: Reading, wanted: frozenset[str] | None, least: str | None) -> bool:
    if wanted is not None and reading.name not in wanted:
        return False
    return _severe(reading.severity, least)


def _severe(severity: Severity, least: str | None) -> bool:
    return least is None or SEVERITIES.index(severity) >= list[str](SEVERITIES).index(least)


def show_readings(
    kept: list[Reading],
    found: list[Reading],
    moments: Sequence[int],
    window: str,
    bands: str,
    *,
    simulated: bool = False,
) -> None:
    """Readings as a table; ``found`` are all of them, ``kept`` those to show."""
    when = f"as of {moment(moments[0])}"
    columns = [
        "asset",
        "state",
        "severity",
        "strength",
        "price",
        "OI",
        "pressure",
        "fuel left",
        "used, age",
    ]
    if len(moments) > 1:
        when = f"{moment(moments[0])} … {moment(moments[-1])}, {len(moments):,} moments"
        columns.insert(0, "as of")
    rows = [_line(reading, with_time=len(moments) > 1) for reading in kept]
    untold = sum(not reading.told for reading in found)
    foot = f"{len(kept):,} of {len(found):,} readings shown"
    if untold:
        foot += f"; {untold:,} could not be told (--states {CANNOT_TELL} --why says why)"
    mark = "SIMULATED: price" if simulated else "Price"
    put_table(
        f"{mark} × OI over {window}, {bands} bands, {when}",
        columns,
        rows,
        right=("strength", "price", "OI", "fuel left"),
        styles=[SEVERITY_STYLE[reading.severity] for reading in kept],
        foot=foot,
    )


def _episodes(
    found: list[Reading],
    window: str,
    wanted: frozenset[str] | None,
    least: str | None,
    profile: Profile,
) -> list[tuple[str, Episode]]:
    """Episodes by asset: those of the states asked for whose peak is severe enough."""
    runs: list[tuple[str, Episode]] = []
    for asset in sorted({reading.asset for reading in found}):
        mine = [reading for reading in found if reading.asset == asset]
        runs.extend((asset, run) for run in episodes_of(mine, window, profile.parameters))
    return [
        (asset, run)
        for asset, run in runs
        if (wanted is None or run.state in wanted)
        and _severe(severity_of(run.state, run.peak_strength, profile.parameters), least)
    ]


def _facts(asset: str, run: Episode) -> dict[str, Any]:
    return {
        "asset": asset,
        "state": run.state,
        "entered": moment(run.entered),
        "left": None if run.left is None else moment(run.left),
        "peak_strength": run.peak_strength,
        "peak_at": moment(run.peak_at),
    }


def _show_episodes(runs: list[tuple[str, Episode]]) -> None:
    put_table(
        "Episodes on this grid: entered at 3, left at 2 times the usual move",
        ("asset", "state", "entered", "left", "peak strength", "at"),
        [
            (asset, run.state, moment(run.entered), "still running" if run.left is None else
             moment(run.left), f"{run.peak_strength:.2f}", moment(run.peak_at))
            for asset, run in runs
        ],
        right=("peak strength",),
    )  # fmt: skip


def _line(reading: Reading, with_time: bool) -> tuple[str, ...]:
    used = [f"{g.venue} {seconds(g.age_s)}" for g in reading.groups if g.used]
    out = [f"({g.venue} left out)" for g in reading.groups if not g.used]
    cells = (
        reading.asset,
        reading.name,
        reading.severity if reading.told else "–",
        "–" if reading.strength is None else f"{reading.strength:.2f}",
        percent(reading.price_change),
        percent(reading.oi_change),
        {"up": "↑", "down": "↓", "none": "–"}[reading.pressure],
        "–" if reading.fuel_left is None else f"{reading.fuel_left:.0%}",
        ", ".join([*used, *out]),
    )
    return (moment(reading.as_of), *cells) if with_time else cells


def explain(reading: Reading) -> None:
    """One reading in full: why, by which rule, from which legs."""
    rows = reason_rows(reading)
    for label, text in (("also called", reading.also_called), ("read as", reading.read)):
        if text:
            rows.append((label, text))
    for item in reading.evidence:
        held = "" if item.threshold is None else f"  against ±{item.threshold * 100:.3f} %"
        null = f"  null: {item.reason}" if item.reason else ""
        about = f"  age {seconds(item.age_s)}" if item.age_s is not None else ""
        rows.append((item.address, f"{percent(item.value)}{held}{null}{about} {item.basis}"))
    for group in reading.groups:
        use = "used" if group.used else f"left out: {group.why_not}"
        rows.append((f"{group.venue} {group.instrument}", f"{use}; {_leg(group)}"))
    if reading.split is not None:
        rows.append(("ΔOI in USD", _split(reading.split)))
    rows += spent_rows(reading)
    rows += odds_rows(reading)
    put_table(f"{reading.asset} {reading.name} as of {moment(reading.as_of)}", ("", ""), rows)


def _leg(group: Any) -> str:
    was = "" if group.previous is None else f" (was {group.previous:,.1f})"
    pace = f"age {seconds(group.age_s)}, every {seconds(group.cadence_s)}"
    return f"{group.value:,.1f} coin{was}, {pace}"


def _split(split: Any) -> str:
    total = "" if split.total is None else f"{split.total / 1e6:+,.1f} M = "
    left = None if split.remainder is None else round(split.remainder / 1e6, 2) + 0.0
    rest = "" if left is None else f", remainder {left:+,.2f} M"
    return (
        f"{total}quantity {split.quantity / 1e6:+,.1f} M, price {split.price / 1e6:+,.1f} M, "
        f"both {split.cross / 1e6:+,.2f} M{rest}"
    )
