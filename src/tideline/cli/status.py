"""How the collector fares, as it says itself once a second in the store's directory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tideline.cli.options import json_option, store_option
from tideline.cli.show import console, moment, put_json, seconds
from tideline.domain.errors import BadInput
from tideline.domain.fields import BY_NAME
from tideline.domain.scaled_time import speed_of
from tideline.domain.time import SECOND, Clock, WallClock, format_time
from tideline.log.store_clock import clock_of, is_made

if TYPE_CHECKING:
    from tideline.collect.status import FeedStatus, Status, VenueStatus

FROZEN_S = 10.0
"""A collector that has said nothing for so many real seconds is not there."""
LOOK_S = 2.1


@click.command()
@store_option
@click.option("--watch", is_flag=True, help="Refresh in place each second until stopped.")
@click.option("--feeds", is_flag=True, help="Also every feed, with its errors.")
@json_option
def status(store: str, watch: bool, feeds: bool, as_json: bool) -> None:
    """What the collector does now: per venue and field rate, age, gaps; bans, skew.

    Reads what the running collector (another process) writes into the store's directory. A cell is
    the age of the newest row, rows a second, and how many instruments are silent.

    \b
        tideline status --store S
        tideline status --store S --watch
        tideline status --store S --feeds
    """
    clock = clock_of(store)
    if as_json:
        put_json({"simulated": is_made(store), **facts(_read(store), clock)})
        return
    if watch:
        watch_store(store, feeds)
        return
    rates, found = Rates(), _read(store)
    if _running(found, clock):  # rates need two looks
        rates.look(found)
        WallClock().sleep(LOOK_S)
        found = _read(store)
    console().print(view(found, clock, rates, feeds))


def watch_store(store: str, feeds: bool) -> None:
    """The table, refreshed in place until Ctrl-C."""
    from rich.live import Live

    rates = Rates()
    with Live(console=console(), auto_refresh=False, screen=False) as live:
        while True:
            live.update(view(_read(store), clock_of(store), rates, feeds), refresh=True)
            WallClock().sleep(1.0)


def _read(store: str) -> Status:
    from tideline.collect.status import STATUS_FILE, read_status

    found = read_status(Path(store))
    if found is None:
        raise BadInput(
            "store", store, f"has no {STATUS_FILE}: nothing has collected into it", "tideline up"
        )
    return found


@dataclass(slots=True)
class Rates:
    """Rows and frames a second, from what was said before and is said now."""

    at: int = 0
    before: Mapping[str, int] | None = None
    now: Mapping[str, float] | None = None

    def look(self, status: Status) -> None:
        """Take in what is said now."""
        counts = {name: feed.frames for _, name, _, feed in feeds_of(status)}
        for venue, one in status.venues.items():
            counts |= {f"{venue} {name}": field.rows for name, field in one.fields.items()}
        if self.before is not None and status.at > self.at:
            span, before = (status.at - self.at) / SECOND, self.before
            self.now = {
                name: (count - before[name]) / span
                for name, count in counts.items()
                if name in before
            }
        if status.at > self.at:
            self.at, self.before = status.at, counts

    def of(self, name: str) -> str:
        """One rate; a dash until it is known."""
        found = (self.now or {}).get(name)
        return "–" if found is None else f"{found:.3g}/s"


def feeds_of(status: Status) -> Iterator[tuple[str, str, VenueStatus, FeedStatus]]:
    """Venue, feed, and what is said of both, in order."""
    for venue, one in status.venues.items():
        for name in sorted(one.feeds):
            yield venue, name, one, one.feeds[name]


def facts(status: Status, clock: Clock) -> dict[str, Any]:
    """The same for programs."""
    import msgspec

    found: dict[str, Any] = msgspec.to_builtins(status)
    found["age_s"] = _age_s(status.at, clock)
    found["running"] = _running(status, clock)
    return found


def _age_s(at: int, clock: Clock) -> float | None:
    return None if not at else max(0, int(clock.now()) - at) / SECOND


def _running(status: Status, clock: Clock) -> bool:
    age, speed = _age_s(status.at, clock), speed_of(clock)
    if status.stopped or age is None or not speed:  # where time stands nobody collects
        return False
    return age <= FROZEN_S * max(1.0, speed)


def view(status: Status, clock: Clock, rates: Rates | None = None, feeds: bool = False) -> Any:
    """The picture of one moment."""
    from rich.console import Group
    from rich.text import Text

    rates = rates or Rates()
    rates.look(status)
    parts: list[Any] = [Text(_head(status, clock), style=_tone(status, clock))]
    parts += [_venues(status), _fields(status, rates)]
    troubled = [name for _, name, _, feed in feeds_of(status) if feeds or _troubled(feed)]
    if troubled:
        parts.append(_feeds(status, rates, frozenset(troubled), whole=feeds))
    return Group(*parts)


def _head(status: Status, clock: Clock) -> str:
    if status.stopped:
        state = f"stopped at {moment(status.at)}"
    elif _running(status, clock):
        state = f"collecting since {moment(status.started)}"
    else:
        state = f"NOT RUNNING: last heard of {seconds(_age_s(status.at, clock))} ago"
    last = moment(status.last_commit_at or None)
    lines = [f"{state}, {status.commits:,} commits, the last at {last}"]
    if status.commit_failures:
        lines.append(f"{status.commit_failures} commits failed: {status.commit_error or 'mended'}")
    if status.refused:
        lines.append(f"{status.refused} batches were refused by the log: {status.refused_why}")
    if status.clock_steps:
        doubt = ", in doubt: nothing is stamped" if status.clock_in_doubt else ""
        lines.append(f"the clock of this machine stepped {status.clock_steps} times{doubt}")
    return "\n".join(lines)


def _tone(status: Status, clock: Clock) -> str:
    bad = status.commit_error or status.refused or status.clock_in_doubt
    bad = bad or not _running(status, clock)
    return "bold red" if bad and not status.stopped else "bold"


def _table(title: str, columns: tuple[str, ...], right: tuple[str, ...]) -> Any:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(title=title, box=SIMPLE_HEAD, title_justify="left", pad_edge=False)
    for name in columns:
        table.add_column(name, justify="right" if name in right else "left", overflow="fold")
    return table


def _venues(status: Status) -> Any:
    columns = ("venue", "followed", "clock skew", "queue", "restarts", "state")
    table = _table("Venues", columns, ("followed", "clock skew", "queue", "restarts"))
    for name, one in status.venues.items():
        bans = [
            f"no requests to {family} until {format_time(until)[:19]}Z"
            for family, until in one.banned_until.items()
            if until > status.at
        ]
        skew = "–" if one.skew_us is None else f"{one.skew_us / 1000:+.0f} ms"
        state = "; ".join(filter(None, [*bans, one.crash, one.concern])) or "ok"
        row = (name, str(one.followed), skew, str(one.queue), str(one.restarts), state)
        table.add_row(*row, style="yellow" if state != "ok" else "")
    return table


def _fields(status: Status, rates: Rates) -> Any:
    """Fields down, venues across."""
    venues = [name for name, one in status.venues.items() if one.fields]
    table = _table("Newest row, rows a second, silent instruments", ("field", *venues), ())
    for name in [name for name in BY_NAME if any(name in status.venues[v].fields for v in venues)]:
        cells = [_cell(status, venue, name, rates) for venue in venues]
        table.add_row(name, *cells, style="yellow" if any("silent" in c for c in cells) else "")
    return table


def _cell(status: Status, venue: str, name: str, rates: Rates) -> str:
    field = status.venues[venue].fields.get(name)
    if field is None:
        return ""
    text = f"{_short((status.at - field.newest_at) / SECOND)}  {rates.of(f'{venue} {name}')}"
    return f"{text}  {field.gaps} silent" if field.gaps else text


def _short(age_s: float) -> str:
    """An age in one word."""
    for span, unit in ((86_400, "d"), (3600, "h"), (60, "m")):
        if age_s >= span:
            return f"{age_s / span:.0f}{unit}"
    return f"{max(age_s, 0.0):.0f}s"


def _troubled(feed: FeedStatus) -> bool:
    return bool(feed.errors or feed.dropped or feed.gaps_open or feed.stale or feed.crash)


def _feeds(status: Status, rates: Rates, named: frozenset[str], *, whole: bool) -> Any:
    right = ("frames", "rows", "newest", "dropped")
    columns = ("feed", "frames", "rows", "newest", "dropped", "gaps", "errors", "left out")
    title = "Feeds" if whole else "Feeds that had trouble (--feeds shows all)"
    table = _table(title, columns, right)
    for _, name, _, feed in feeds_of(status):
        if name not in named:
            continue
        newest = (status.at - feed.last_data_at) / SECOND if feed.last_data_at else None
        gaps = ", ".join(f"since {format_time(at)[11:19]}" for at in feed.gaps_open.values())
        stale = f"{len(feed.stale)} silent" if feed.stale else ""
        table.add_row(
            name,
            rates.of(name),
            f"{feed.rows:,}",
            seconds(newest),
            str(feed.dropped),
            "; ".join(filter(None, (gaps, stale))),
            "; ".join(filter(None, (_counts(feed.errors), feed.crash))),
            _counts(feed.ignored),
            style="yellow" if gaps or stale or feed.dropped or feed.crash else "",
        )
    return table


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in sorted(counts.items()))
