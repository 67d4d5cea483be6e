"""Seats over several processes: never more than the plan's, free when their process dies (64)."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tideline.serve.seats import Seats

WORKER = """
    import sys
    from pathlib import Path
    from tideline.serve.seats import Seats

    seats, taken = Seats(Path(sys.argv[1])), {}
    for line in sys.stdin:
        word, *given = line.split()
        if word == "take":
            owner, plan, most = map(int, given)
            seat = seats.take(owner, plan, most)
            if seat is not None:
                taken.setdefault((owner, plan), []).append(seat)
            print("yes" if seat is not None else "no", flush=True)
        else:
            seats.leave(taken[tuple(map(int, given))].pop())
            print("left", flush=True)
"""


class Worker:
    """A process that takes and leaves seats when told."""

    def __init__(self, file: Path) -> None:
        self.child = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(WORKER), str(file)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def say(self, *words: object) -> str:
        assert self.child.stdin is not None
        assert self.child.stdout is not None
        print(*words, file=self.child.stdin, flush=True)
        return self.child.stdout.readline().strip()

    def kill(self) -> None:
        self.child.kill()
        self.child.communicate()


@pytest.fixture
def workers(tmp_path: Path):
    made = [Worker(tmp_path / "seats") for _ in range(3)]
    yield made
    for one in made:
        one.kill()


def test_three_processes_share_the_seats_of_an_owner_and_plan(workers):
    took = [workers[k % 3].say("take", 7, 1, 5) for k in range(9)]
    assert took == ["yes"] * 5 + ["no"] * 4
    assert workers[0].say("take", 7, 2, 1) == "yes"  # another plan of theirs
    assert workers[1].say("take", 8, 1, 1) == "yes"  # another owner
    workers[2].say("leave", 7, 1)
    assert [workers[k].say("take", 7, 1, 5) for k in (0, 1)] == ["yes", "no"]


def test_the_seats_of_a_process_that_was_killed_are_free_at_once(workers):
    assert [workers[0].say("take", 7, 1, 2) for _ in range(2)] == ["yes", "yes"]
    assert workers[1].say("take", 7, 1, 2) == "no"
    workers[0].kill()
    assert [workers[k].say("take", 7, 1, 2) for k in (1, 2, 1)] == ["yes", "yes", "no"]


@given(
    st.lists(st.tuples(st.booleans(), st.integers(0, 2), st.integers(0, 2)), max_size=60),
    st.integers(0, 4),
)
def test_one_process_is_a_plain_count(steps, most):
    seats, held = Seats(), dict[tuple[int, int], list]()
    for takes, owner, plan in steps:
        mine = held.setdefault((owner, plan), [])
        if takes:
            seat = seats.take(owner, plan, most)
            assert (seat is not None) is (len(mine) < most)
            if seat is not None:
                mine.append(seat)
        elif mine:
            seats.leave(mine.pop())
    every = [seat for mine in held.values() for seat in mine]
    assert len(set(every)) == len(every)
