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
from tideline.domain.time import SECOND, Clock, WallClock, format_time

if TYPE_CHECKING:
    from tideline.collect.status import FeedStatus, Status, VenueStatus

FROZEN_S = 10.0
"""A collector that has said nothing for so long is not there."""


@click.command()
@store_option
@click.option("--watch", is_flag=True, help="Refresh in place each second until stopped.")
@json_option
def status(store: str, watch: bool, as_json: bool) -> None:
    """What the collector does now: per venue and feed rate, age, gaps, bans, skew.

    Reads what the running collector (another process) writes into the store's directory.

    \b
        tideline status --store S
        tideline status --store S --watch
    """
    clock = WallClock()
    if as_json:
        put_json(facts(_read(store), clock))
        return
    if not watch:
        console().print(view(_read(store), clock))
        return
    watch_store(store, clock)


def watch_store(store: str, clock: Clock) -> None:
    """The table, refreshed in place until Ctrl-C."""
    from rich.live import Live

    rates = Rates()
    with Live(console=console(), auto_refresh=False, screen=False) as live:
        while True:
            live.update(view(_read(store), clock, rates), refresh=True)
            clock.sleep(1.0)


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
    """Frames a second per feed, from what was said before and now."""

    at: int = 0
    frames: Mapping[str, int] | None = None

    def of(self, status: Status) -> dict[str, float]:
        """By feed; over the whole run the first time."""
        now = {name: feed.frames for _, name, _, feed in feeds_of(status)}
        before, since = self.frames or {}, self.at or status.started
        span = max((status.at - since) / SECOND, 1e-9)
        found = {name: (count - before.get(name, 0)) / span for name, count in now.items()}
        if status.at > self.at:
            self.at, self.frames = status.at, now
        return found


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
    age = _age_s(status.at, clock)
    return not status.stopped and age is not None and age <= FROZEN_S


def view(status: Status, clock: Clock, rates: Rates | None = None) -> Any:
    """The picture of one moment."""
    from rich.console import Group
    from rich.text import Text

    parts: list[Any] = [Text(_head(status, clock), style=_tone(status, clock))]
    parts += [_venues(status), _feeds(status, (rates or Rates()).of(status))]
    return Group(*parts)


def _head(status: Status, clock: Clock) -> str:
    if status.stopped:
        state = f"stopped at {moment(status.at)}"
    elif _running(status, clock):
        state = f"collecting since {moment(status.started)}"
    else:
        state = f"NOT RUNNING: last heard of {seconds(_age_s(status.at, clock))} ago"
    lines = [f"{state}, {status.commits:,} commits, the last at {moment(status.last_commit_at)}"]
    if status.commit_failures:
        lines.append(f"{status.commit_failures} commits failed: {status.commit_error or 'mended'}")
    if status.clock_steps:
        doubt = ", in doubt: nothing is stamped" if status.clock_in_doubt else ""
        lines.append(f"the clock of this machine stepped {status.clock_steps} times{doubt}")
    return "\n".join(lines)


def _tone(status: Status, clock: Clock) -> str:
    bad = status.commit_error or status.clock_in_doubt or not _running(status, clock)
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


def _feeds(status: Status, rates: Mapping[str, float]) -> Any:
    right = ("frames/s", "rows", "newest", "dropped")
    columns = ("feed", "frames/s", "rows", "newest", "dropped", "gaps", "errors", "left out")
    table = _table("Feeds", columns, right)
    for _, name, _, feed in feeds_of(status):
        newest = (status.at - feed.last_data_at) / SECOND if feed.last_data_at else None
        gaps = ", ".join(f"since {format_time(at)[11:19]}" for at in feed.gaps_open.values())
        stale = f"{len(feed.stale)} silent" if feed.stale else ""
        table.add_row(
            name,
            f"{rates.get(name, 0.0):.2f}",
            f"{feed.rows:,}",
            seconds(newest),
            str(feed.dropped),
            "; ".join(filter(None, (gaps, stale))),
            _counts(feed.errors),
            _counts(feed.ignored),
            style="yellow" if gaps or stale or feed.dropped else "",
        )
    return table


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in sorted(counts.items()))
