"""A store whose open interest and price are drawn by the test, minute by minute."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from tests.log.rows import DAY, MINUTE, T0
from tests.log.rows import rows as table
from tideline.domain.time import ManualClock
from tideline.log import Log
from tideline.log.writer import Writer
from tideline.serve.alerts.alert import Alert, AlertSpec, Channel
from tideline.serve.alerts.book import Book
from tideline.store import Store

START = T0 + 100 * DAY
OI = "positioning.oi_usdtm_coin@5m"
HIGH = f"{OI} > 100"
HOOK = Channel("webhook", "https://hooks.example.com/x")


def append(writer: Writer, clock: ManualClock, minutes: Sequence[int], oi: Callable[[int], float],
           asset: str = "BTC") -> None:  # fmt: skip
    """Open interest ``oi(minute)`` of minutes after START, each committed a second before the full
    minute; then the clock and the head stand at the last of them."""
    for m in minutes:
        event = START + m * MINUTE - 2_000_000
        clock.at = max(clock.at, event + 1_000_000)
        writer.append(table([event], [oi(m)], asset=asset, instrument=f"{asset}USDT"))
    clock.at = max(clock.at, START + minutes[-1] * MINUTE)
    writer.tick()


def square(minute: int) -> float:
    """Above 100 in minutes 10–19, 30–39, 50–59 …"""
    return 150.0 if minute // 10 % 2 else 50.0


def squares(minutes: int) -> list[int]:
    """The minutes in which ``square`` rises above 100."""
    return [m for m in range(1, minutes) if square(m) > 100 >= square(m - 1)]


def new_store(path: Path, assets: Sequence[str] = ("BTC",)) -> tuple[Log, Writer, ManualClock]:
    """An empty store with a writer, one row of each asset in it."""
    clock = ManualClock(START - MINUTE)
    log = Log.create(path, clock)
    writer = log.writer()
    for asset in assets:
        append(writer, clock, [0], square, asset)
    return log, writer, clock


def spec(**given) -> AlertSpec:
    base = {"rule": HIGH, "assets": ["BTC"], "channel": HOOK, "cooldown_s": 0}
    return AlertSpec(**{**base, **given})


def saved(book: Book, store: Store, ident: str = "al_1", owner: str = "a", since: int | None = None,
          **given) -> Alert:  # fmt: skip
    alert = Alert(ident, owner, "quant", 0, spec(**given), "whsec_test")
    assert book.add(alert, 100, int(store.head()) if since is None else since)
    return alert
