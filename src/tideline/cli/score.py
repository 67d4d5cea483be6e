"""Score the readings against the simulated market's truth."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tideline.cli.options import json_option
from tideline.cli.show import console, put_json, put_table
from tideline.domain.errors import BadInput
from tideline.domain.time import Clock, WallClock

if TYPE_CHECKING:
    from tideline.research.scoring.parameters import ScoreParameters
    from tideline.research.scoring.worlds import Worlds

CONTROL_FAILED = 1
"""Exit code of a card whose negative controls found skill."""
LEDGER = "docs/scorecard.log"
CLOCK: Clock = WallClock()


@click.command()
@click.option("--worlds", type=int, metavar="N", help="Worlds, one seed each.  [23]")
@click.option("--days", type=int, metavar="N", help="Scored days of each world.  [15]")
@click.option("--window", metavar="W", help="Window of readings and of truth.  [45m]")
@click.option(
    "--seed",
    metavar="TEXT",
    help="Stands in for the nonce, to repeat a run; the card then says so.",
)
@click.option(
    "--ablation", type=int, metavar="N",
    help="Worlds made again without each mechanism, shorter ones; 0: none.  [2]",
)  # fmt: skip
@click.option("--processes", type=int, metavar="N", help="Processes.  [one a core]")
@click.option("--write", metavar="FILE", help="Write the card as Markdown too.")
@click.option(
    "--log",
    "ledger",
    metavar="FILE",
    help=f"Ledger of scored versions.  [{LEDGER} if docs/ is here]",
)
@click.option("--quick", is_flag=True, help="Few days, no ablation: no numbers to cite.")
@json_option
def score(
    worlds: int | None,
    days: int | None,
    window: str | None,
    seed: str | None,
    ablation: int | None,
    processes: int | None,
    write: str | None,
    ledger: str | None,
    quick: bool,
    as_json: bool,
) -> int:
    """Score the readings against the truth of SIMULATED worlds.

    Every number is hashed first; then a nonce is drawn, and the worlds' seeds come from both.
    R1 with adaptive and fixed bands, baselines at equal alerts per asset-day, the claims of all
    other readings, negative controls that have to find nothing (else the exit code is 1), and what
    each mechanism of the market costs. Every full run is logged.

    \b
        tideline score --quick
        tideline score --write docs/scorecard.md
    """
    from tideline.research.scoring.running import score as run

    asked = {"worlds": worlds, "days": days, "window": window, "ablation_worlds": ablation}
    scorer = parameters(quick, {name: value for name, value in asked.items() if value is not None})
    kept = _ledger(ledger, quick)
    count = len(os.sched_getaffinity(0)) if processes is None else processes
    card, _ = run(maker(), scorer, nonce=seed, processes=count, progress=_progress(as_json))
    at = int(CLOCK.now())
    if kept is not None:
        from tideline.research.scoring.ledger import append

        append(kept, card, at)
    if write is not None:
        _write(Path(write), card, at, scorer, quick)
    if as_json:
        put_json({"logged": None if kept is None else str(kept), **card})
    else:
        _show(card, kept)
    return CONTROL_FAILED if card["failed"] else 0


def parameters(quick: bool, asked: dict[str, Any]) -> ScoreParameters:
    """The scorer's numbers: defaults, what ``--quick`` makes of them, what was asked."""
    from tideline.research.scoring.parameters import QUICK, ScoreParameters

    given = {**(QUICK if quick else {}), **asked}
    if given.get("ablation_worlds") is None and given.get("worlds") is not None:
        given["ablation_worlds"] = min(ScoreParameters().ablation_worlds, given["worlds"])
    return ScoreParameters(**given)


def maker() -> Worlds:
    """The simulated market."""
    from tideline.research.scoring.made_worlds import MadeWorlds

    return MadeWorlds()


def _ledger(asked: str | None, quick: bool) -> Path | None:
    """Where the version is logged. A quick run is logged only where that is asked.

    Raises:
        BadInput: a folder that does not exist, before anything is run.
    """
    path = Path(asked or LEDGER)
    if path.parent.is_dir():
        return None if quick and asked is None else path
    if asked is not None:
        raise BadInput("log", asked, "is in a folder that does not exist")
    return None


def _progress(as_json: bool) -> Any:
    if as_json or not (screen := console(error=True)).is_terminal:
        return None

    def told(done: int, total: int) -> None:
        screen.print(f"{done} of {total} worlds made and observed", end="\r")

    return told


def _write(path: Path, card: Any, at: int, scorer: ScoreParameters, quick: bool) -> None:
    from tideline.research.scoring.markdown import page

    words = ["tideline score", "--quick" if quick else "", f"--worlds {scorer.worlds}"]
    words += [f"--days {scorer.days}", f"--window {scorer.window}"]
    words.append(f"--ablation {scorer.ablation_worlds}")
    if card["fingerprint"]["repeated"]:
        words.append(f"--seed {card['fingerprint']['nonce']}")
    words.append(f"--write {path}")
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.part")
    unfinished.write_text(page(card, at, " ".join(filter(None, words))), encoding="utf-8")
    unfinished.replace(path)


def _show(card: Any, kept: Path | None) -> None:
    from tideline.research.scoring.sections import sections

    click.echo(card["verdict"])
    click.echo("SIMULATED worlds: nothing here happened on any market.")
    for each in sections(card):
        click.echo("")
        if each.columns:
            put_table(each.title, each.columns, each.rows, right=each.columns[1:], foot=each.text)
        else:
            click.echo(f"{each.title}: {each.text}")
    click.echo("")
    click.echo(f"logged in {kept}" if kept else "not logged")
