"""Forced shares, names that differ in degree, and label_p, on hand-made episodes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.research.scoring.spans import blank
from tideline.research.scoring.contrasts import FORCED, contrasted
from tideline.research.scoring.flows import Flows
from tideline.research.scoring.label_odds import R1, Cases, cases_of, reliability, skill
from tideline.research.scoring.observed import KINDS, NOTHING, Said, Scored
from tideline.research.scoring.shares import shares

NAMES = ("short_squeeze/up", "orderly_covering/up")
ONE_DAY = np.ones((1, 2))


def flows(size: int, forced: np.ndarray, full: np.ndarray) -> Flows:
    """10 coins of covering a window, of which ``forced``; on the full feed ``full`` of 10."""
    taken = np.zeros((size, 4))
    taken[:, KINDS.index("short_covering")] = 10.0
    shorts = np.stack([np.zeros(size), forced], axis=1)
    on_feed = np.stack([np.zeros(size), full], axis=1)
    closed = np.full((size, 2), 10.0)
    return Flows(taken, taken, taken, taken[None], shorts, on_feed, closed)


def asset(seed: int, states: np.ndarray, low: float, high: float, **more) -> Scored:
    size = states.size
    named = states >= 0
    said = Said(
        NAMES, states, np.ones(size, np.int8), np.ones(size), np.ones(size, bool),
        np.where(named, low, np.nan), np.where(named, high, np.nan),
    )  # fmt: skip
    seen = blank(1)
    assert seen.size == size
    forced = np.where(states == 0, 6.0, 1.0)
    made = flows(size, forced, more.get("full", forced))
    truth = np.full(size, NOTHING)
    return Scored(
        "w", seed, "BTC", seen, truth, None, {("R3.kind", "45m"): said}, {}, {"45m": made}
    )


def states(*pieces: tuple[int, int, int]) -> np.ndarray:
    found = np.full(288, NOTHING, np.int64)
    for state, first, last in pieces:
        found[first:last] = state
    return found


def test_a_squeeze_is_contrasted_with_what_is_orderly_by_episode() -> None:
    """A long episode counts no more than a short one."""
    assets = [asset(k, states((0, 10, 12), (1, 50, 90), (1, 100, 101)), 0.0, 1.0) for k in (1, 2)]
    found = contrasted(FORCED, assets, "45m", np.ones((5, 2)), 0.95)
    assert found.counts == (2, 4)
    assert found.means == pytest.approx((0.6, 0.1))
    assert found.difference.value == pytest.approx(0.5)


def test_an_interval_holds_and_is_scored_by_hand() -> None:
    """Truth 0.6 in the squeeze, 0.1 in the orderly one: [0.2, 0.5] holds neither."""
    assets = [asset(k, states((0, 10, 12), (1, 50, 90)), 0.2, 0.5) for k in (1, 2)]
    rows, episodes = shares(assets, "45m", ONE_DAY, 0.95)
    # both names follow each other without touching: four episodes in all
    assert episodes == 4
    own, everything, usual, point = rows
    assert own.holds == 0.0
    assert own.width == pytest.approx(0.3)
    assert own.score == pytest.approx(0.3 + 40 * 0.1)
    assert everything.holds == everything.width == everything.score == 1.0
    # 0.6 is 2 of 42 moments of the other world: just outside its middle 95 %
    assert usual.holds == 0.5
    assert usual.width == pytest.approx(np.quantile([0.1] * 40 + [0.6] * 2, 0.975) - 0.1)
    assert point.width == 0.0
    assert point.score == pytest.approx(40 * (0.4 + 0.1) / 2)
    assert everything.worse.value == pytest.approx(1.0 - own.score)


def test_edges_of_an_interval_are_inside_it() -> None:
    assets = [asset(k, states((0, 10, 12)), 0.6, 0.6) for k in (1, 2)]
    rows, _ = shares(assets, "45m", ONE_DAY, 0.95)
    assert rows[0].holds == 1.0
    assert rows[0].score == pytest.approx(0.0)


def r1(seed: int, said: np.ndarray, true: np.ndarray) -> Scored:
    size = said.size
    kind = KINDS.index("short_covering")
    taken = np.zeros((size, 4))
    taken[np.arange(size), np.where(true, kind, (kind + 1) % 4)] = 1.0
    none = np.zeros((size, 2))
    made = Flows(taken, taken, taken, taken[None], none, none, none)
    column = Said(
        ("short_covering/none", "balanced/none"), np.where(said, 0, NOTHING),
        np.where(said, 2, 0).astype(np.int8), np.ones(size), np.ones(size, bool),
        np.full(size, np.nan), np.full(size, np.nan),
    )  # fmt: skip
    blind = np.full(size, NOTHING)
    track = {("R1.state", "45m"): column}
    return Scored("w", seed, "BTC", blank(1), blind, None, track, {}, {"45m": made})


def test_label_p_is_the_mean_share_of_episodes() -> None:
    said, true = np.zeros(288, bool), np.zeros(288, bool)
    said[10:20] = said[30:32] = True
    true[15:32] = True
    cases = cases_of([r1(1, said, true), r1(2, said, true)], "45m", (R1,))
    (found,) = cases.values()
    assert set(cases) == {("R1.state", "short_covering", "45m")}
    assert found.n == 4
    assert found.worlds == 2
    assert found.p == pytest.approx((0.5 + 1.0) / 2)
    assert found.base_rate == pytest.approx(17 / 288)
    assert found.of_severity(2) == (pytest.approx(0.75), 4)
    assert found.of_severity(1)[1] == 0


def test_the_curve_is_of_held_out_cases_alone() -> None:
    key = ("R1.state", "short_covering", "45m")
    held = {
        key: Cases([1.0, 0.0, 0.5], [7, 7, 8], [1, 1, 1], 0.3),
        ("x", "y", "z"): Cases([1.0], [7], [1]),
    }
    ((edges, one),) = reliability({key: 0.45}, held).items()
    assert (edges, one.n, one.interval) == ((0.4, 0.5), 3, None)
    assert one.expected == pytest.approx(0.45)
    assert one.seen == pytest.approx(0.5)
    own = sum((r - 0.45) ** 2 for r in (1.0, 0.0, 0.5))
    base = sum((r - 0.1) ** 2 for r in (1.0, 0.0, 0.5))
    assert skill({key: 0.45}, held) == pytest.approx(1 - own / base)
    assert np.isnan(skill({}, held))
    assert replace(held[key]).n == 3
