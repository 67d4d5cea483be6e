"""label_p: how often the flow a state names really dominated, counted in simulated worlds.

    python scripts/label_odds.py                 writes the table, the page and the curve
    python scripts/label_odds.py --worlds 4 --held-out 2 --days 4 --dry-run

Writes src/tideline/readings/odds/label.toml, docs/readings/label_p.md and its picture. Half of the
worlds or so give the table, the others check it. Their seeds are fixed by name, not drawn, and
none of them may stand in the ledger of the scorecard.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path

from tideline.domain.time import DAY, format_time
from tideline.market.made import START
from tideline.readings.parameters import DEFAULTS
from tideline.research.odds.curve import Bin, drawn
from tideline.research.scoring.fingerprint import canonical, seed_of, sources
from tideline.research.scoring.label_odds import (
    ENTRIES,
    Cases,
    Key,
    cases_of,
    reliability,
    severities,
    skill,
)
from tideline.research.scoring.made_worlds import MadeWorlds
from tideline.research.scoring.observed import Scored
from tideline.research.scoring.observing import scored_of
from tideline.research.scoring.parameters import ScoreParameters

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT / "src/tideline/readings/odds/label.toml"
PAGE = ROOT / "docs/readings/label_p.md"
CURVE = ROOT / "docs/readings/label_p.svg"
LEDGER = ROOT / "docs/scorecard.log"
MIN_CASES, MIN_WORLDS = 20, 3
WINDOWS = ("45m", "4h")


def carry_out(task: tuple[int, ScoreParameters]) -> dict[str, list[Scored]]:
    """One world, judged on each window."""
    seed, scorer = task
    rules = tuple(dict.fromkeys(entry.rule for entry in ENTRIES))
    made = MadeWorlds().make(seed, scorer.days, scorer.burn_in_days)
    return {
        window: [
            scored_of(each, DEFAULTS, replace(scorer, window=window), False, rules)
            for each in made
        ]
        for window in WINDOWS
    }  # fmt: skip


def counted(worlds: list[dict[str, list[Scored]]]) -> dict[Key, Cases]:
    """The cases of all windows; rules with a window of their own are counted once."""
    found: dict[Key, Cases] = {}
    for window in reversed(WINDOWS):
        scored = [one for world in worlds for one in world[window]]
        found |= cases_of(scored, window)
    return dict(sorted(found.items(), key=lambda pair: _order(pair[0])))


def _order(key: Key) -> tuple[int, str, str]:
    rules = [entry.rule.key for entry in ENTRIES]
    return rules.index(key[0]), key[2], key[1]


def table_text(fitted: dict[Key, Cases], data: str, version: str, days: int, seeds: str) -> str:
    """The table as it is shipped."""
    lines = [
        "# printed by scripts/label_odds.py from SIMULATED worlds; run it again, do not change it",
        "# p: share of an episode's moments at which the claimed flow dominated, mean of episodes",
        'kind = "label"',
        f'version = "{version}"',
        'source = "simulated"',
        f'data = "sha256:{data}"',
        f'first = "{format_time(int(START))[:10]}"',
        f'last = "{format_time(int(START) + days * DAY)[:10]}"',
        f"min_cases = {MIN_CASES}",
        f"min_weeks = {MIN_WORLDS}  # different worlds here",
        f"seeds = [{seeds}]",
    ]
    for (rule, name, window), cases in fitted.items():
        each = ", ".join(f"{s} = [{p:.4f}, {n}]" for s, p, n in severities(cases))
        lines += [
            "",
            "[[odds]]",
            f'rule = "{rule}"',
            f'name = "{name}"',
            f'window = "{window}"',
            f"n = {cases.n}",
            f"weeks = {cases.worlds}",
            f"p = {cases.p:.4f}",
            f"base_rate = {min(cases.base_rate, 1.0):.4f}",
            f"by_severity = {{ {each} }}",
        ]
    return "\n".join(lines) + "\n"


HEAD = """<!-- printed by scripts/label_odds.py; run it again, do not change this page -->

# How often a name was right: label_p

SIMULATED worlds, whose traders are known. `label_p` of a state is how often, while it was named,
the flow it names really was what directional takers did most of. It says nothing about what price
does next, which is what `follow_p` counts, on real recordings alone; the two are never merged.

A case is an episode: a stretch in which a rule gave one name without a break. Of each the share of
its moments at which the claim was true is taken, and `p` is the mean of these. The base rate is how
often the same was true at any moment: `p` says something only in as far as it is above it. With
fewer than {cases} episodes or {worlds} worlds nothing is said. What each name claims, and what
truth cannot judge, stands on [the page of the scorecard](../scoring.md).

    python scripts/label_odds.py

counts again. {how}
"""


def page_text(
    fitted: dict[Key, Cases],
    held: dict[Key, Cases],
    bins: dict[tuple[float, float], Bin],
    gain: float,
    how: str,
) -> str:
    """The page: the curve first, then every state."""
    lines = [HEAD.format(cases=MIN_CASES, worlds=MIN_WORLDS, how=how), "## On worlds held out", ""]
    lines += [
        f"Against base rates alone the table's squared error there is smaller by {gain:.1%} "
        "(below 0: larger).",
        "",
        "![given probability against how often it was so](label_p.svg)",
        "",
        "| given | mean given | was so | episodes |",
        "| --- | ---: | ---: | ---: |",
    ]
    lines += [f"| {low:.0%} to {high:.0%} | {b.expected:.1%} | {b.seen:.1%} | {b.n} |"
              for (low, high), b in bins.items()]  # fmt: skip
    lines += [
        "",
        "## State by state",
        "",
        "| rule | state | window | label_p | base rate | episodes | worlds | held out (episodes) "
        "| by greatest severity |",
        "| --- | --- | --- | ---: | ---: | ---: | ---: | ---: | --- |",
    ]
    for key, cases in fitted.items():
        enough = cases.n >= MIN_CASES and cases.worlds >= MIN_WORLDS
        p = f"{cases.p:.1%}" if enough else f"too few ({cases.p:.1%})"
        other = held.get(key)
        seen = "–" if other is None else f"{other.p:.1%} ({other.n})"
        each = ", ".join(f"{s} {p:.0%} ({n})" for s, p, n in severities(cases))
        lines.append(
            f"| {key[0]} | `{key[1]}` | {key[2]} | {p} | {cases.base_rate:.1%} | {cases.n} "
            f"| {cases.worlds} | {seen} | {each} |"
        )
    return "\n".join(lines) + "\n"


def used_seeds() -> set[int]:
    """Every seed a scorecard was made from."""
    if not LEDGER.exists():
        return set()
    return {seed for line in LEDGER.read_text().splitlines() for seed in json.loads(line)["seeds"]}


def main() -> int:
    """Count, check, write."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--worlds", type=int, default=6, help="that give the table")
    asked.add_argument("--held-out", type=int, default=3, help="that check it")
    asked.add_argument("--days", type=int, default=15, help="judged days of each")
    asked.add_argument("--burn-in", type=int, default=21, help="days before them")
    asked.add_argument("--processes", type=int, default=len(os.sched_getaffinity(0)))
    asked.add_argument("--version", default="1")
    asked.add_argument("--dry-run", action="store_true", help="print, write nothing")
    given = asked.parse_args()
    scorer = ScoreParameters(days=given.days, burn_in_days=given.burn_in)
    total = given.worlds + given.held_out
    seeds = [seed_of("label_p", "worlds", k) for k in range(total)]
    if used_seeds() & set(seeds):
        print("a world of the scorecard is among these", file=sys.stderr)
        return 1
    worlds = []
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(given.processes, context) as pool:
        for world in pool.map(carry_out, [(seed, scorer) for seed in seeds]):
            worlds.append(world)
            print(f"{len(worlds)} of {total} worlds", file=sys.stderr, flush=True)
    fitted, held = counted(worlds[: given.worlds]), counted(worlds[given.worlds :])
    known = {key: cases.p for key, cases in fitted.items()
             if cases.n >= MIN_CASES and cases.worlds >= MIN_WORLDS}  # fmt: skip
    bins, gain = reliability(known, held), skill(known, held)
    facts = {"readings": asdict(DEFAULTS), "market": dict(MadeWorlds().described()),
             "scorer": asdict(scorer), "seeds": seeds, "sources": sources()}  # fmt: skip
    data = hashlib.sha256(canonical(facts).encode()).hexdigest()
    first = ", ".join(map(str, seeds[: given.worlds]))
    days = given.days + given.burn_in
    table = table_text(fitted, data, given.version, days, first)
    how = (
        f"This table: {given.worlds} mixed worlds of {given.days} days after {given.burn_in} of "
        f"baseline; {given.held_out} further worlds check it. Version {given.version}, "
        f"SHA-256 of every number, seed and source {data[:16]}."
    )
    page = page_text(fitted, held, bins, gain, how)
    if given.dry_run:
        print(table, page, sep="\n")
        return 0
    TABLE.parent.mkdir(exist_ok=True)
    TABLE.write_text(table, encoding="utf-8")
    PAGE.write_text(page, encoding="utf-8")
    across, upwards = "given by the table", "was so in worlds held out"
    CURVE.write_text(drawn([*bins.values()], "episodes", across, upwards), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
