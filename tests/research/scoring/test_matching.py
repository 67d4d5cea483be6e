"""Who meets whom: rules, and as many pairs as there can be."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.research.scoring.spans import some_spans, spans
from tideline.research.scoring.matching import NONE, matched, matched_to_any
from tideline.research.scoring.runs import Spans

L, C = "new_longs", "short_covering"


def reach(said: Spans, p: int, true: Spans, t: int, tolerance: float) -> bool:
    """Do they overlap, or lie at most ``tolerance`` moments apart?"""
    gap = max(said.first[p] - (true.last[t] - 1), true.first[t] - (said.last[p] - 1))
    return bool(gap <= tolerance)


def most_pairs(edges: list[list[int]]) -> int:
    """The size of a maximum matching, by augmenting paths: ``edges[p]`` the true ones p meets."""
    taken: dict[int, int] = {}

    def place(p: int, seen: set[int]) -> bool:
        for t in edges[p]:
            if t not in seen:
                seen.add(t)
                if t not in taken or place(taken[t], seen):
                    taken[t] = p
                    return True
        return False

    return sum(place(p, set()) for p in range(len(edges)))


@given(some_spans(), some_spans(), st.integers(0, 4))
def test_pairs_keep_the_rules_and_are_as_many_as_can_be(
    said: Spans, true: Spans, tolerance: int
) -> None:
    pairs = matched(said, true, tolerance)
    met = [(p, int(t)) for p, t in enumerate(pairs) if t != NONE]
    assert len({t for _, t in met}) == len(met)
    for p, t in met:
        assert said.kind[p] == true.kind[t]
        assert reach(said, p, true, t, tolerance)
    edges = [
        [
            t
            for t in range(true.size)
            if true.kind[t] == said.kind[p] and reach(said, p, true, t, tolerance)
        ]
        for p in range(said.size)
    ]
    assert len(met) == most_pairs(edges)


@given(some_spans(), some_spans(), st.integers(0, 3))
def test_it_does_not_matter_which_side_is_which(one: Spans, other: Spans, tolerance: int) -> None:
    there, back = matched(one, other, tolerance), matched(other, one, tolerance)
    assert (there != NONE).sum() == (back != NONE).sum()


@given(some_spans(), some_spans(), st.integers(0, 3))
def test_pairs_across_classes_leave_those_within_alone(
    said: Spans, true: Spans, tolerance: int
) -> None:
    same = matched(said, true, tolerance)
    every = matched_to_any(said, true, same, tolerance)
    assert (every[same != NONE] == same[same != NONE]).all()
    met = every[every != NONE].tolist()
    assert len(set(met)) == len(met)
    for p, t in enumerate(every.tolist()):
        if t != NONE and same[p] == NONE:
            assert said.kind[p] != true.kind[t]


def test_at_the_tolerance_and_just_beyond() -> None:
    true = spans((L, 10, 15))
    assert matched(spans((L, 17, 20)), true, 3).tolist() == [0]
    assert matched(spans((L, 18, 20)), true, 3).tolist() == [NONE]
    assert matched(spans((L, 5, 8)), true, 3).tolist() == [0]
    assert matched(spans((L, 5, 7)), true, 3).tolist() == [NONE]


def test_one_alert_over_two_true_episodes_meets_one() -> None:
    true = spans((L, 0, 4), (L, 6, 9))
    assert matched(spans((L, 0, 9)), true, 0).tolist() == [0]
    assert matched(spans((L, 0, 5), (L, 5, 9)), true, 0).tolist() == [0, 1]


def test_a_wrong_label_is_held_against_what_was_true() -> None:
    said, true = spans((L, 0, 4), (L, 20, 24)), spans((C, 1, 5), (L, 21, 25))
    same = matched(said, true, 0)
    assert same.tolist() == [NONE, 1]
    assert matched_to_any(said, true, same, 0).tolist() == [0, 1]
