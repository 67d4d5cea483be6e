"""What the readings said around four days of the past: a page and a picture of each.

    python scripts/fired.py STORE      writes docs/readings/fired.md and docs/readings/fired/*.svg

STORE holds the recordings that docs/guides/archives.md imports. Each day is judged on a grid as
known at each moment; what is listed are the states entered, with how long they lasted.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tideline.domain.time import DAY, MINUTE, format_duration, format_time, parse_time
from tideline.log import Log
from tideline.readings.catalogue import RULES
from tideline.readings.reading import CANNOT_TELL, SEVERITIES
from tideline.readings.rule import judged
from tideline.readings.transitions import States, Transition, advance
from tideline.research.strip import Strip
from tideline.store import Store
from tideline.store.scanning import AssetScan

DOCS = Path(__file__).resolve().parent.parent / "docs" / "readings"
NOTE = "<!-- printed by scripts/fired.py from imported recordings -->\n"
COLOURS = {"watch": "#e9c46a", "elevated": "#e76f51", "extreme": "#c1121f"}
LISTED = 24
OI = "positioning.oi_usdtm_coin"


@dataclass(frozen=True)
class Case:
    """One stretch of the past."""

    name: str
    asset: str
    start: str
    end: str
    step: int
    windows: tuple[str, ...]
    says: str


CASES = (
    Case("2022-11-08", "BTC", "2022-11-07T00:00:00Z", "2022-11-10T12:00:00Z", 15 * MINUTE,
         ("4h", "12h"), "FTX fails. Only Bybit's hourly archive is at hand."),
    Case("2023-08-17", "BTC", "2023-08-16T12:00:00Z", "2023-08-18T12:00:00Z", 15 * MINUTE,
         ("4h", "12h"), "A flush of longs late in the evening. Only Bybit's hourly archive."),
    Case("2026-01-31", "BTC", "2026-01-30T12:00:00Z", "2026-02-01T12:00:00Z", 5 * MINUTE,
         ("45m", "4h"), "Binance every 5 minutes; Bybit, OKX and Hyperliquid hourly."),
    Case("2026-02-05", "BTC", "2026-02-04T12:00:00Z", "2026-02-06T18:00:00Z", 5 * MINUTE,
         ("45m", "4h"), "The slide from 71k to 63k. Sources as before."),
)  # fmt: skip


@dataclass(frozen=True)
class Span:
    """A state of one track from entered to left."""

    first: Transition
    severity: str
    left: int | None


def spans(found: Sequence[Transition]) -> list[Span]:
    """States from entered to left, each with the greatest severity it reached."""
    running: dict[tuple[str, str], tuple[Transition, str]] = {}
    done: list[Span] = []
    for one in found:
        track = (one.rule, one.window)
        if one.change == "severity" and track in running:
            first, severity = running[track]
            worst = max(severity, one.severity, key=SEVERITIES.index)
            running[track] = (first, worst)
            continue
        if track in running:
            first, severity = running.pop(track)
            done.append(Span(first, severity, one.as_of))
        if one.change == "entered":
            running[track] = (one, one.severity)
    done += [Span(first, severity, None) for first, severity in running.values()]
    return sorted(done, key=lambda span: (span.first.as_of, span.first.rule))


def judge(log: Log, case: Case) -> tuple[list[Transition], dict[str, int]]:
    """Every transition on the case's grid; how often each rule could not tell, in the middle."""
    grid = np.arange(int(parse_time(case.start)), int(parse_time(case.end)) + 1, case.step)
    scan = AssetScan(log, case.asset, case.windows, RULES)
    states: States = {}
    found: list[Transition] = []
    untold: dict[str, int] = {}
    for filler, moments in scan.fillers(grid.astype(np.int64)):
        for moment in moments.tolist():
            found += advance(
                case.asset, states, lambda w, T=moment, f=filler: f.given(T, w), case.windows, RULES
            )
        for rule in RULES:
            for window in rule.windows or case.windows:
                told = judged(rule, filler.given(int(moments[moments.size // 2]), window))
                untold[f"{rule.key} {window}"] = int(told.name == CANNOT_TELL)
    return found, untold


# --- the picture -------------------------------------------------------------------------------


def picture(store: Store, case: Case, found: Sequence[Span]) -> str:
    """Price, open interest, and below them a lane for every rule that was in a state."""
    strip = Strip(int(parse_time(case.start)), int(parse_time(case.end)))
    where = {"start": strip.start, "end": strip.end, "step": "15m"}
    for name, title in (("price.mark@1h", "price, USD"), (f"{OI}@1h", "OI, coin")):
        strip.panel(title, store.series(case.asset, name, **where)[name].to_list())
    for lane in sorted({(span.first.rule, span.first.window) for span in found}, key=_place):
        mine = [span for span in found if (span.first.rule, span.first.window) == lane]
        strip.lane(" ".join(lane), [_stretch(span, strip.end) for span in mine])
    return strip.svg()


def _place(lane: tuple[str, str]) -> tuple[int, str]:
    keys = [rule.key for rule in RULES]
    return keys.index(lane[0]), lane[1]


def _stretch(span: Span, end: int) -> tuple[int, int, str, str]:
    one = span.first
    title = f"{one.name}, {span.severity}, from {format_time(one.as_of)}"
    return one.as_of, span.left or end, COLOURS.get(span.severity, "#ced4da"), title


# --- the page ----------------------------------------------------------------------------------

HEAD = """# What fired around four days

Four stretches of the past, judged at every step as known at that moment: nothing later than a
moment is looked at. The recordings are archives, so availability is modelled (a five-minute
snapshot counts five minutes later), and every number under these readings says `assumed`.

There is **no liquidation feed** in these recordings. What needs one is `cannot_tell`, and orderly
or forced closing is decided by speed, which each reading says. Where only hourly values are at
hand, windows under 3 h say nothing: cadence must be at most a third of the window.

The rule that decides by speed was changed once after these very days had been looked at: its first
form called the fall of 2023-08-17 a `long_exit`. So `liquidation_cascade` and `short_squeeze` below
are no independent evidence for that rule.

States entered with severity `elevated` or `extreme` are listed (the longest and most severe ones
where there are many); the lanes of each picture hold all of them, grey ones without severity
included. Times are UTC.

    python scripts/fired.py STORE

prints this page from a store with the recordings of [the guide](../guides/archives.md).
"""


def section(case: Case, found: Sequence[Span], untold: dict[str, int]) -> list[str]:
    """One case: picture, table, what could not be told."""
    told = [span for span in found if not span.first.rule.startswith("R7.")]
    severe = [span for span in told if span.severity in ("elevated", "extreme")]
    chosen = sorted(severe, key=_weight, reverse=True)[:LISTED]
    lines = [
        f"## {case.name}",
        "",
        f"{case.says} {format_time(int(parse_time(case.start)))} to "
        f"{format_time(int(parse_time(case.end)))}, a judgement every "
        f"{format_duration(case.step)}, windows {' and '.join(case.windows)}.",
        "",
        f"![price, open interest and readings around {case.name}](fired/{case.name}.svg)",
        "",
        f"{len(told)} states entered, {len(severe)} of them elevated or extreme"
        + (f"; the {len(chosen)} weightiest:" if len(chosen) < len(severe) else ":"),
        "",
        "| entered | for | reading | state | severity | because |",
        "|---|---|---|---|---|---|",
    ]
    for span in sorted(chosen, key=lambda one: one.first.as_of):
        one = span.first
        lasted = "on" if span.left is None else format_duration(span.left - one.as_of)
        because = one.because.replace("|", "\\|")
        entered = format_time(one.as_of)[5:16].replace("T", " ")
        lines.append(
            f"| {entered} | {lasted} | {one.rule} {one.window} "
            f"| `{one.name}` | {span.severity} | {because} |"
        )
    blind = sorted(name for name, times in untold.items() if times)
    lines += ["", f"Could not be told: {', '.join(blind)}.", ""]
    return lines


def _weight(span: Span) -> tuple[int, int]:
    lasted = (span.left or span.first.as_of + DAY) - span.first.as_of
    return SEVERITIES.index(span.severity), lasted


def main() -> int:
    """Judge the four cases; write the page and the pictures."""
    if len(sys.argv) != 2:
        print(__doc__)
        return 2
    (DOCS / "fired").mkdir(exist_ok=True)
    lines = [NOTE, HEAD]
    with Log.open(sys.argv[1]) as log:
        store = Store(log)
        for case in CASES:
            found, untold = judge(log, case)
            states = spans(found)
            lines += section(case, states, untold)
            drawn = [span for span in states if not span.first.rule.startswith("R7.")]
            svg = picture(store, case, drawn)
            (DOCS / "fired" / f"{case.name}.svg").write_text(svg, encoding="utf-8")
            print(f"{case.name}: {len(states)} states, {len(svg) / 1000:.0f} kB")
    (DOCS / "fired.md").write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
