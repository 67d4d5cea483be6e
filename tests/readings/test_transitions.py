"""The machine of one track: entered, left, changed, held; and back from its transitions."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given as hypothesis_given
from hypothesis import strategies as st

from tests.readings.handed import T, given
from tideline.domain.time import MINUTE, SECOND
from tideline.readings.asking import ranked
from tideline.readings.given import Given, Missing, Wants
from tideline.readings.price_oi import BY_NAME
from tideline.readings.price_oi_rule import price_oi_rule
from tideline.readings.reading import Severity
from tideline.readings.rule import Judgement, Rule, read
from tideline.readings.transitions import STILL, States, Transition, advance, standing_after

W = "45m"
Step = tuple[str, Severity]


def scripted(steps: Sequence[Step]) -> tuple[Rule, Sequence[int]]:
    """A rule that says what stands in the script for the moment asked."""
    moments = [T + k * 5 * SECOND for k in range(len(steps))]
    script = dict(zip(moments, steps, strict=True))

    def judge(at: Given, _: object) -> Judgement:
        name, severity = script[at.as_of]
        if name == "cannot_tell":
            raise Missing("x is null (stale)")
        return Judgement(name, severity, because=f"said {name}")

    rule = Rule("R0.test", "Test", ("a", "b"), "", "", lambda *_: Wants(), judge)
    return rule, moments


def run(steps: Sequence[Step]) -> tuple[list[Transition], States]:
    rule, moments = scripted(steps)
    states: States = {}
    found: list[Transition] = []
    for moment in moments:
        found += advance("BTC", states, lambda w, T=moment: given(w, as_of=T), (W,), [rule])
    return found, states


def brief(found: Sequence[Transition]) -> list[tuple[int, str, str, str, str]]:
    return [((t.as_of - T) // (5 * SECOND), t.change, t.name, t.severity, t.was) for t in found]


def test_entered_changed_replaced_and_left() -> None:
    found, states = run(
        [("quiet", "none"), ("a", "watch"), ("a", "watch"), ("a", "extreme"), ("b", "watch"),
         ("quiet", "none"), ("quiet", "none")]
    )  # fmt: skip
    assert brief(found) == [
        (1, "entered", "a", "watch", ""),
        (3, "severity", "a", "extreme", ""),
        (4, "entered", "b", "watch", "a"),
        (5, "left", "b", "none", ""),
    ]
    assert states == {}
    assert found[0].because == "said a"


def test_what_can_no_longer_be_told_is_left_and_entered_anew() -> None:
    found, _ = run([("a", "watch"), ("cannot_tell", "none"), ("cannot_tell", "none"),
                    ("a", "watch")])  # fmt: skip
    assert brief(found) == [
        (0, "entered", "a", "watch", ""),
        (1, "left", "a", "none", ""),
        (3, "entered", "a", "watch", ""),
    ]
    assert "x is null (stale)" in found[1].because


def test_balanced_is_no_state() -> None:
    assert run([("balanced", "none"), ("quiet", "none"), ("balanced", "none")]) == ([], {})


NAMES = st.sampled_from(["quiet", "balanced", "cannot_tell", "a", "b"])
SEVERITY = st.sampled_from(["none", "watch", "extreme"])


@hypothesis_given(st.lists(st.tuples(NAMES, SEVERITY), min_size=1, max_size=30), st.data())
def test_what_stands_follows_from_the_transitions_at_every_cut(steps, data) -> None:
    """A restart that reads the transitions so far goes on as if nothing had happened."""
    cut = data.draw(st.integers(0, len(steps)))
    rule, moments = scripted(steps)
    whole, _ = run(steps)
    states: States = {}
    first: list[Transition] = []
    for moment in moments[:cut]:
        first += advance("BTC", states, lambda w, T=moment: given(w, as_of=T), (W,), [rule])
    again = dict(standing_after(first).get("BTC", {}))
    assert again == states
    rest: list[Transition] = []
    for moment in moments[cut:]:
        rest += advance("BTC", again, lambda w, T=moment: given(w, as_of=T), (W,), [rule])
    assert first + rest == whole
    last = steps[-1][0]
    assert {s.name for s in again.values()} == (set() if last in STILL else {last})


R1 = price_oi_rule("fixed")


@pytest.mark.parametrize(
    ("after_s", "rate", "left"),
    [
        (5, 0.0, False),  # within the least dwell of w/3
        (899, 0.0, False),
        (900, 0.0, True),
        (900, 0.0101, False),  # above k_out / k_in of its band of 1.5 %
        (900, 0.01, True),
        (5000, 0.0149, False),
    ],
)
def test_r1_is_entered_at_k_in_and_left_at_k_out(after_s: int, rate: float, left: bool) -> None:
    def at(moment: int, move: float, held: float) -> Given:
        from tests.readings.handed import moves

        return given(W, moves(W, move, held), as_of=moment)

    states: States = {}
    first = advance("BTC", states, lambda _: at(T, 0.02, 0.016), (W,), [R1])
    assert [(one.change, one.name) for one in first] == [("entered", "new_longs")]
    later = T + after_s * SECOND
    then = advance("BTC", states, lambda _: at(later, 0.02, rate), (W,), [R1])
    if left:
        assert [(one.change, one.was) for one in then] == [("entered", "new_longs")]
    else:
        assert then == []
    assert BY_NAME["new_longs"].corner
    assert later - T < 90 * MINUTE


def test_ranked_by_severity_then_strength_then_what_could_not_be_told() -> None:
    from tests.readings.handed import moves

    def one(asset: str, move: float | None, rate: float | None):
        return read(R1, given(W, moves(W, move, rate), asset=asset))

    found = ranked(
        [one("D", None, 0.1), one("C", 0.02, 0.0151), one("B", 0.03, 0.05), one("A", 0.011, 0.02)]
    )
    assert [reading.asset for reading in found] == ["B", "A", "C", "D"]
