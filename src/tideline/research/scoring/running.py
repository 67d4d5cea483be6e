"""From a maker of worlds to the card: one task a world, in processes or in this one."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from tideline.domain.errors import BadInput
from tideline.readings.parameters import DEFAULTS, Parameters
from tideline.research.scoring.ablation import ablated
from tideline.research.scoring.card import Facts, make_card
from tideline.research.scoring.claim_card import rules_asked
from tideline.research.scoring.fingerprint import Fingerprint, seed_of, take
from tideline.research.scoring.observed import Scored
from tideline.research.scoring.observing import scored_of
from tideline.research.scoring.parameters import ScoreParameters
from tideline.research.scoring.worlds import Worlds

Progress = Callable[[int, int], None]
"""(worlds done, worlds in all)"""


@dataclass(frozen=True)
class Task:
    """One world to be made and observed."""

    maker: Worlds
    seed: int
    without: frozenset[str]
    readings: Parameters
    scorer: ScoreParameters
    control: bool
    """With all readings and the controls; without, R1 alone."""


def score(
    maker: Worlds,
    scorer: ScoreParameters,
    *,
    readings: Parameters = DEFAULTS,
    nonce: str | None = None,
    processes: int = 1,
    progress: Progress | None = None,
) -> tuple[Facts, Fingerprint]:
    """Fix the numbers, draw the seeds, make the worlds, score them.

    Raises:
        BadInput: a number that cannot be used.
    """
    if processes < 1:
        raise BadInput("processes", processes, "is below 1", "1")
    mark = take(readings, {"name": maker.name, **maker.described()}, scorer, nonce)
    part = mark.seeds[: scorer.ablation_worlds]
    names = ("", *maker.mechanisms) if part else ()
    tasks = [Task(maker, seed, frozenset(), readings, scorer, True) for seed in mark.seeds]
    tasks += [
        Task(maker, seed, frozenset({name} - {""}), readings, scorer.ablated, False)
        for name in names
        for seed in part
    ]
    done: list[list[Scored]] = []
    for number, found in enumerate(_carried_out(tasks, processes), start=1):
        done.append(found)
        if progress is not None:
            progress(number, len(tasks))
    size = scorer.worlds
    scored = _flat(done[:size])
    without = {
        name: _flat(done[size + k * len(part) : size + (k + 1) * len(part)])
        for k, name in enumerate(names)
    }
    rows = []
    if without:
        seed = seed_of(mark.sha256, mark.nonce, "ablation")
        rows = ablated(without.pop(""), without, readings, scorer.ablated, seed)
    return make_card(scored, readings, scorer, mark, maker.name, rows), mark


def _carried_out(tasks: Sequence[Task], processes: int) -> Iterator[list[Scored]]:
    """In the order of the tasks, whichever ends first."""
    if processes == 1:
        yield from map(carry_out, tasks)
        return
    # not an executor: those of Python 3.11 stop for good where children are replaced
    context = multiprocessing.get_context("spawn")
    with context.Pool(processes, maxtasksperchild=8) as pool:
        yield from pool.imap(carry_out, tasks)


def carry_out(task: Task) -> list[Scored]:
    """Make one world and observe its assets."""
    made = task.maker.make(
        task.seed, task.scorer.days, task.scorer.burn_in_days, without=task.without
    )
    rules = rules_asked() if task.control else ()
    return [scored_of(each, task.readings, task.scorer, task.control, rules) for each in made]


def _flat(parts: Sequence[Sequence[Scored]]) -> list[Scored]:
    return [one for part in parts for one in part]
