"""What the demo shows: the scan in place on a terminal, once in a pipe, and where to look."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from tideline.cli.demo.played import Demo, Played, too_fast
from tideline.cli.show import SEVERITY_STYLE, console, moment, percent
from tideline.domain.time import WallClock

if TYPE_CHECKING:
    from tideline.readings.reading import Reading

WINDOW = "45m"
EVERY_S = 2.0


class Screen:
    """Looks at the store again and again, as any other reader would."""

    def __init__(self, demo: Demo, played: Played, say: Callable[[str], None]) -> None:
        self._demo, self._played, self._say = demo, played, say
        self.real = WallClock()
        self.every_s = EVERY_S
        self._console = console()
        self._live: Any = None
        self._store: Any = None
        if demo.seconds is not None:
            self.every_s = min(EVERY_S, max(0.2, demo.seconds / 4))

    def __enter__(self) -> Self:
        from rich.live import Live

        from tideline.store import open_store

        self._store = open_store(self._demo.store)
        if self._console.is_terminal and not self._demo.as_json:
            self._live = Live(console=self._console, auto_refresh=False)
            self._live.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live is not None:
            self._live.__exit__(kind, error, trace)
        if self._store is not None:
            self._store.close()

    def look(self) -> None:
        """One scan at the head."""
        head = int(self._store.head())
        assets = [name for name in self._demo.market.assets if name in self._store.assets()]
        if not assets:
            return
        found = list(self._store.scan(head, window=WINDOW, assets=assets))
        self._played.readings = found
        fresh = all(one.told for one in found) and len(found) == len(self._demo.market.assets)
        if fresh and self._played.rows and self._played.ready_s is None:
            self._ready(head, found)
        if self._live is not None:
            self._live.update(self._picture(head, found), refresh=True)

    def _ready(self, head: int, found: Sequence[Reading]) -> None:
        seconds = self._played.ready_s = round(self.real.monotonic() - self._played.began, 1)
        parts = ", ".join(f"{what} {took:g} s" for what, took in self._played.took.items())
        self._say(f"ready after {seconds:g} s ({parts})")
        if self._live is None and not self._demo.as_json:
            self._console.print(self._picture(head, found))
            self._say(where_to_look(self._demo.store, None))

    def _picture(self, head: int, found: Sequence[Reading]) -> Any:
        """The scan as a table, with a line of how collecting goes."""
        from rich.console import Group
        from rich.text import Text

        made = self._demo.market
        about = (
            f"SIMULATED · {made.scenario}, seed {made.seed} · {moment(head // 10**6 * 10**6)} "
            f"× {self._demo.speed:g} · {self._played.rows:,} rows, "
            f"{self._played.backfilled:,} back-filled"
        )
        parts: list[Any] = [scan_table(found), Text(about, style="bold")]
        if self._played.behind:
            parts.append(Text(too_fast(self._played, self._demo.speed), style="yellow"))
        if self._live is not None:
            parts.append(Text(where_to_look(self._demo.store, None), style="dim"))
        return Group(*parts)


def scan_table(found: Sequence[Reading]) -> Any:
    """Readings as a table, marked as simulated."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    title = f"SIMULATED: price × OI over {WINDOW}, adaptive bands"
    table = Table(title=title, box=SIMPLE_HEAD, title_justify="left", pad_edge=False)
    for name in ("asset", "state", "severity", "strength", "price", "OI", "venues used"):
        right = name in ("strength", "price", "OI")
        table.add_column(name, justify="right" if right else "left")
    for one in found:
        strength = "–" if one.strength is None else f"{one.strength:.2f}"
        used = ", ".join(group.venue for group in one.groups if group.used)
        cells = (
            one.asset, one.name, one.severity if one.told else "–", strength,
            percent(one.price_change), percent(one.oi_change), used,
        )  # fmt: skip
        table.add_row(*map(Text, cells), style=SEVERITY_STYLE[one.severity])
    return table


def where_to_look(store: Path, head: int | None) -> str:
    """Commands that go on from here; ``head``: of a store that is over."""
    at = "" if head is None else f" --as-of {moment(head)}"
    lines = [
        "look with:",
        f"  tideline scan --store {store}{at} --why",
        f"  tideline features --store {store} --asset BTC{at} \\",
        "           --features positioning.oi_usdtm@1h:zscore,flow.cvd@15m",
        f"  tideline legs --store {store}",
    ]
    if head is None:
        lines.insert(1, f"  tideline status --store {store} --watch")
    return "\n".join(lines)


def last_scan(store: Path) -> tuple[list[Reading], int]:
    """What is read at the head of a store that is over."""
    from tideline.store import open_store

    with open_store(store) as opened:
        head = int(opened.head())
        return list(opened.scan(head, window=WINDOW)), head
