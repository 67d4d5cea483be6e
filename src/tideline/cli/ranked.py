"""All readings of all assets in one table, by severity and strength; once, or again and again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from tideline.cli.show import SEVERITY_STYLE, console, moment, table_of
from tideline.domain.time import WallClock
from tideline.readings.reading import CANNOT_TELL

if TYPE_CHECKING:
    from tideline.readings.reading import Reading

REFRESH_S = 5.0
RIGHT = ("strength", "confidence")


def ranked_table(kept: Sequence[Reading], as_of: int, *, simulated: bool = False) -> Any:
    """The table: one line a reading, with its reason."""
    return table_of(
        f"{'SIMULATED readings' if simulated else 'Readings'} as of {moment(as_of)}",
        ("asset", "reading", "state", "severity", "strength", "confidence", "because"),
        [line(reading) for reading in kept],
        right=RIGHT,
        styles=[SEVERITY_STYLE[reading.severity] for reading in kept],
    )


def line(reading: Reading) -> tuple[str, ...]:
    """One reading in one line."""
    caveats = ", ".join(caveat.name for caveat in reading.caveats)
    return (
        reading.asset,
        f"{reading.entry.partition('.')[0]} {reading.window}",
        reading.name,
        reading.severity if reading.told else "–",
        "–" if reading.strength is None else f"{reading.strength:.2f}",
        f"{reading.confidence:.0%}",
        f"{reading.because} [{caveats}]" if caveats else reading.because,
    )


def foot(kept: Sequence[Reading], found: Sequence[Reading]) -> str:
    """How many are shown, are quiet, could not be told; and under which profile."""
    quiet = sum(reading.quiet for reading in found)
    untold = sum(not reading.told for reading in found)
    text = f"{len(kept):,} of {len(found):,} readings shown; {quiet:,} quiet"
    if untold:
        text += f"; {untold:,} could not be told (--states {CANNOT_TELL} says why)"
    if found and found[0].differs:
        text += f"; profile {found[0].profile}: {', '.join(found[0].differs)}"
    return text


def show_ranked(
    kept: Sequence[Reading], found: Sequence[Reading], as_of: int, *, simulated: bool = False
) -> None:
    """Print the table once."""
    screen = console()
    screen.print(ranked_table(kept, as_of, simulated=simulated))
    screen.print(foot(kept, found), markup=False, highlight=False)


def watch(
    ask: Callable[[], tuple[list[Reading], int]],
    choose: Callable[[list[Reading]], list[Reading]],
    rounds: int = 0,
    *,
    simulated: bool = False,
) -> None:
    """Ask and show what is chosen again and again in place, until interrupted (or so often)."""
    from rich.console import Group
    from rich.live import Live
    from rich.text import Text

    clock, done = WallClock(), 0
    with Live(console=console(), auto_refresh=False) as live:
        while True:
            found, as_of = ask()
            kept = choose(found)
            shown = Group(ranked_table(kept, as_of, simulated=simulated), Text(foot(kept, found)))
            live.update(shown, refresh=True)
            done += 1
            if rounds and done >= rounds:
                return
            clock.sleep(REFRESH_S)
