"""How often price and open interest went on: the shipped table and its page, counted anew.

    python scripts/follow_odds.py STORE [VERSION]

STORE holds the recordings that docs/guides/archives.md imports. Writes
src/tideline/readings/odds/follow.toml, docs/readings/follow_p.md and its picture. Minutes; no
number of it is fitted to the weeks that the page's curve is drawn from.
"""

from __future__ import annotations

import hashlib
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tideline.domain.time import HOUR, MINUTE, format_time, parse_time
from tideline.log import Log
from tideline.research.odds.cases import Counted, Stretch, cases_of
from tideline.research.odds.counting import (
    EVERY,
    MIN_CASES,
    MIN_WEEKS,
    PRIOR,
    Check,
    Line,
    fitted,
)
from tideline.research.odds.curve import Bin, drawn
from tideline.research.odds.reliability import Skill, curve, skill

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT / "src/tideline/readings/odds/follow.toml"
PAGE, PICTURE = ROOT / "docs/readings/follow_p.md", ROOT / "docs/readings/follow_p.svg"
VERSION = "2026-11-28"
SLOW = ("4h", "12h", "24h")
FINE = ("15m", "30m", "45m", "1h", "2h", *SLOW)


def _stretch(asset: str, first: str, last: str, step: int, windows: tuple[str, ...]) -> Stretch:
    ends = (int(parse_time(f"{day}T00:00:00Z")) for day in (first, last))
    return Stretch(asset, *ends, step, windows)


STRETCHES = (
    _stretch("BTC", "2020-09-01", "2023-12-29", 2 * HOUR, SLOW),
    _stretch("ETH", "2020-12-01", "2023-12-29", 2 * HOUR, SLOW),
    _stretch("BTC", "2026-01-01", "2026-05-29", 15 * MINUTE, FINE),
    _stretch("ETH", "2026-01-01", "2026-03-29", 15 * MINUTE, FINE),
    _stretch("SOL", "2026-01-01", "2026-03-29", 15 * MINUTE, FINE),
)
"""Bybit by the hour, then Binance every five minutes (BTC with the hourly venues beside it)."""


def data_hash(log: Log) -> str:
    """What was counted from: the contents of every file that was taken in."""
    sums = sorted({record.sha256 for record in log.imports() if record.sha256})
    return "sha256:" + hashlib.sha256("\n".join(sums).encode()).hexdigest()


# --- the table ---------------------------------------------------------------------------------


def table_text(lines: Sequence[Line], version: str, data: str) -> str:
    """The table as TOML."""
    first = min(format_time(one.start)[:10] for one in STRETCHES)
    last = max(format_time(one.end)[:10] for one in STRETCHES)
    head = [
        "# Counted by scripts/follow_odds.py from recordings of real markets; see",
        "# docs/readings/follow_p.md. held_n and held_followed are of weeks not counted in n.",
        'kind = "follow"',
        f'version = "{version}"',
        'source = "recordings"',
        f'data = "{data}"',
        f'first = "{first}"',
        f'last = "{last}"',
        f"min_cases = {MIN_CASES}",
        f"min_weeks = {MIN_WEEKS}",
    ]
    rows = []
    for line in lines:
        rows += [
            "",
            "[[odds]]",
            f'rule = "{line.rule}"',
            f'name = "{line.name}"',
            f'window = "{line.window}"',
            f'horizon = "{line.horizon}"',
            f"n = {line.n}",
            f"weeks = {line.weeks}",
            f"followed = {line.followed}",
            f"p = {line.p:.4f}",
            f"base_rate = {line.base_rate:.4f}",
            f"held_n = {line.held_n}",
            f"held_followed = {line.held_followed}",
        ]
    return "\n".join([*head, *rows]) + "\n"


# --- the page ----------------------------------------------------------------------------------

HEAD = """<!-- printed by scripts/follow_odds.py from imported recordings -->

# follow_p: did it go on?

`follow_p` stands beside every named state: `p`, how often price **and** open interest went on the
way they had gone, over the `horizon` after a state was entered; `n`, in how many cases that was
counted; `base_rate`, how often the same happens at any moment with the same signs; `version`, of
the table; `source`, always `recordings`. It is counted from real markets alone. `label_p`, whether
the name of a state was true, needs a market whose truth is known and is counted from simulated ones
alone. The two are never merged.

**It is no prediction and no edge.** Where `p` is about the base rate, the state says nothing on
whether it goes on; that is so for most of them, and the table says so.

## What is counted

* A **case** is a state that is entered; within one horizon of the last case of the same state,
  rule and window no other counts. A state that has lasted for hours is no new case: its odds are
  those of its beginning.
* Its **sides** are where price and open interest went over the window. R1's flat sides do not
  count (`low_conviction_rally` asks for price alone); all other states ask for both.
* It **went on** when every side has the same sign again over the horizon: 1h after windows up to
  1h, 4h after 2h and 4h, 24h after 12h and 24h. Read an hour after it was over, on the groups that
  the reading stood on.
* The **base rate** asks the same of every moment of the same asset and stretch with the same signs,
  however small the move, in the same weeks.
* `p` = (went on + {prior:g} · base rate) / (n + {prior:g}): few cases stay near what is usual.
* Every {nth} week, Monday to Sunday UTC, is **held out**. A case or moment whose window or horizon
  touches both kinds of week is left out.
* Null with fewer than **{cases} cases** or from fewer than **{weeks} weeks**; of a state that was
  never entered; of the caveats (R7), which are no states of a flow; and under a profile or bands
  other than the ones it was counted with.

What it stands on: Bybit by the hour (BTC and ETH, 2020-09 to 2023-12; windows from 4h, judged every
two hours), Binance every five minutes (BTC 2026-01 to 05, ETH and SOL to 03; all windows, judged
every quarter of an hour). Three coins that move together, and one spring for the short windows:
cases of one week are not independent, and a coin that is none of the three may differ. There is no
liquidation feed in it, so states that need one are missing. Adaptive bands look back 30 days, at
held-out weeks too: at what went before, never at an outcome.
"""


def page(
    lines: Sequence[Line],
    checks: Sequence[Check],
    bins: Sequence[Bin],
    score: Skill,
    version: str,
    data: str,
) -> str:
    """The page."""
    told = [line for line in lines if line.enough]
    text = HEAD.format(
        prior=PRIOR, nth={3: "third"}.get(EVERY, f"{EVERY}th"), cases=MIN_CASES, weeks=MIN_WEEKS
    )
    verdict = (
        "better than the base rates alone"
        if score.low > 0
        else "worse than the base rates alone"
        if score.high < 0
        else "no better than the base rates alone: the interval holds zero"
    )
    rows = [
        text,
        "## Checked on the weeks held out",
        "",
        f"{len(checks):,} cases of {len({check.week for check in checks})} held-out weeks, in bins "
        "by what the table expects. Intervals are 90 % (Wilson), as if cases were independent; "
        "they are too narrow by as much as they are not.",
        "",
        "![seen against expected on held-out weeks](follow_p.svg)",
        "",
        "| cases | expected | seen | 90 % |",
        "|---:|---:|---:|---|",
        *(
            "| {:,} | {:.1%} | {:.1%} | {:.1%} … {:.1%} |".format(
                one.n, one.expected, one.seen, *one.ends
            )
            for one in bins
        ),
        "",
        f"Brier score {score.odds:.4f}, of the base rates {score.base:.4f}: "
        f"{score.better:+.4f} [{score.low:+.4f}, {score.high:+.4f}] better (95 %, by whole weeks), "
        f"so the odds are {verdict}.",
        "",
        "## The table",
        "",
        f"Version {version}, `{data[:19]}…`; {len(told)} of {len(lines)} states have enough cases.",
        "",
        "| rule | state | window | horizon | n | weeks | p | base rate | held out |",
        "|---|---|---|---|---:|---:|---:|---:|---|",
    ]
    for line in told:
        held = f"{line.held_followed} of {line.held_n}" if line.held_n else "–"
        rows.append(
            f"| {line.rule} | `{line.name}` | {line.window} | {line.horizon} | {line.n:,} "
            f"| {line.weeks} | {line.p:.1%} | {line.base_rate:.1%} | {held} |"
        )
    few = [
        f"`{line.name}` {line.rule} {line.window} ({line.n})" for line in lines if not line.enough
    ]
    rows += ["", f"Too few: {', '.join(few)}.", ""] if few else [""]
    rows += ["    make follow-odds STORE=…", "", "counts it anew and prints this page."]
    return "\n".join(rows) + "\n"


def write(stretches: Sequence[Counted], version: str, data: str) -> None:
    """Table, page and picture."""
    lines, checks = fitted(stretches)
    bins, score = curve(checks), skill(checks)
    TABLE.write_text(table_text(lines, version, data), encoding="utf-8")
    PAGE.write_text(page(lines, checks, bins, score, version, data), encoding="utf-8")
    across, upwards = "expected from the weeks counted", "seen in the weeks held out"
    PICTURE.write_text(drawn(bins, "cases", across, upwards), encoding="utf-8")
    for one in bins:
        print(f"{one.n:6,} cases: {one.expected:.1%} expected, {one.seen:.1%} seen")
    print(score)


def main() -> int:
    """Count every stretch; write."""
    if len(sys.argv) not in (2, 3):
        print(__doc__)
        return 2
    version = sys.argv[2] if len(sys.argv) == 3 else VERSION
    with Log.open(sys.argv[1]) as log:
        counted = []
        for one in STRETCHES:
            began = time.perf_counter()
            counted.append(cases_of(log, one))
            took = time.perf_counter() - began
            print(f"{one.asset} from {format_time(one.start)[:10]}: "
                  f"{len(counted[-1].cases):,} cases in {took:.0f} s", flush=True)  # fmt: skip
        write(counted, version, data_hash(log))
    return 0


if __name__ == "__main__":
    sys.exit(main())
