"""Token buckets: bursts, races, clocks, owners with many keys (reliability 64)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tideline.domain.time import SECOND, ManualClock
from tideline.serve.buckets import BURST_S, Buckets, Rate, rate_of, whole_seconds

START = 5_000 * SECOND


class Naive:
    """The rule as a list of moments: never more than burst + rate × span in any span."""

    def __init__(self, rate: Rate) -> None:
        self.rate, self.taken = rate, list[float]()

    def holds(self) -> bool:
        return all(
            count <= self.rate.burst + self.rate.per_second * (end - begin) + 1e-6
            for at, begin in enumerate(self.taken)
            for count, end in enumerate(self.taken[at:], 1)
        )


@given(
    per_minute=st.integers(1, 600),
    waits=st.lists(st.floats(0, 5).map(lambda x: round(x, 3)), max_size=60),
)
def test_never_more_than_the_burst_and_the_rate(per_minute: int, waits: list[float]) -> None:
    clock, rate = ManualClock(START), rate_of(per_minute)
    buckets, naive = Buckets(clock), Naive(rate)
    for wait in waits:
        clock.advance(round(wait * SECOND))
        left = buckets.take(1, 1, 0, rate)
        if left == 0.0:
            naive.taken.append(clock.monotonic())
        else:
            clock.advance(round(left * SECOND) + 1)
            assert buckets.take(1, 1, 0, rate) == 0.0  # as promised
            naive.taken.append(clock.monotonic())
    assert naive.holds()


def test_many_keys_of_one_owner_are_one_owner() -> None:
    buckets, rate = Buckets(ManualClock(START)), rate_of(60)
    taken = sum(buckets.take(key, 7, 0, rate) == 0.0 for key in range(100))
    assert taken == BURST_S
    assert buckets.take(500, 8, 0, rate) == 0.0  # another owner is not touched


def test_a_plan_of_an_owner_takes_nothing_from_another_plan_of_theirs() -> None:
    """Each key has what its plan promises, whatever keys of other plans the owner has."""
    buckets, small, large = Buckets(ManualClock(START)), rate_of(60), rate_of(3_000)
    for _ in range(30):  # far more than the small plan allows, in turns
        buckets.take(1, 7, 0, small)
        assert buckets.take(2, 7, 3, large) == 0.0
    taken = sum(buckets.take(2, 7, 3, large) == 0.0 for _ in range(1_000))
    assert taken == large.burst - 30
    assert buckets.take(1, 7, 0, small) > 0.0
    assert buckets.take(1, 7, 1, small) > 0.0  # the key is empty all the same
    assert buckets.take(9, 7, 1, small) == 0.0


@given(
    asked=st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, 1), st.integers(0, 2), st.integers(0, 900)),
        max_size=80,
    )
)
def test_mixed_keys_owners_and_plans_are_as_many_buckets_of_their_own(asked) -> None:
    """Against one plain bucket for each (owner, plan), asked in the same order."""
    clock = ManualClock(START)
    rates = [rate_of(60), rate_of(600), rate_of(3_000)]
    buckets, apart = Buckets(clock), {}
    for key, owner, plan, wait_ms in asked:
        clock.advance(wait_ms * 1_000)
        alone = apart.setdefault((owner, plan), Buckets(clock))
        number = (key * 2 + owner) * 3 + plan  # a key has one owner and one plan
        assert buckets.take(number, owner, plan, rates[plan]) == alone.take(0, 0, 0, rates[plan])


def test_a_refused_request_takes_nothing() -> None:
    clock = ManualClock(START)
    buckets, rate = Buckets(clock), rate_of(60)
    for _ in range(50):
        buckets.take(1, 1, 0, rate)
    clock.advance(SECOND)
    assert buckets.take(1, 1, 0, rate) == 0.0


def test_threads_and_processes_share_one_count(tmp_path: Path) -> None:
    """64: races. Two mappings of one file stand for two workers."""
    clock, rate = ManualClock(START), rate_of(600)
    workers = [Buckets(clock, tmp_path / "limits") for _ in range(2)]
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda k: workers[k % 2].take(3, 3, 0, rate) == 0.0, range(1000)))
    assert sum(taken) == int(rate.burst)
    for worker in workers:
        worker.close()


def test_a_clock_that_started_again_gives_a_full_bucket_not_an_empty_one(tmp_path: Path) -> None:
    """64: monotonic time begins anew with the machine; the file may be older."""
    rate = rate_of(60)
    old = Buckets(ManualClock(START), tmp_path / "limits")
    for _ in range(20):
        old.take(1, 1, 0, rate)
    new = Buckets(ManualClock(SECOND), tmp_path / "limits")
    assert new.take(1, 1, 0, rate) == 0.0
    old.close()
    new.close()


def test_retry_after_is_whole_and_never_zero() -> None:
    assert [whole_seconds(x) for x in (1e-3, 0.9, 1.0, 1.2)] == [1, 1, 1, 2]
