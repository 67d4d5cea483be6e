"""The tape and the truth tell the same story, and the same seed tells it again."""

from __future__ import annotations

import numpy as np
import pytest

from tideline.domain.errors import UnknownName
from tideline.domain.time import parse_time
from tideline.market.tape import ADL, INSURANCE, MARKET
from tideline.market.truth import KINDS, ROLES
from tideline.market.world import make_world
from tideline.market.world.parameters import MECHANISMS
from tideline.market.world.scenario import SCENARIOS

START = int(parse_time("2026-02-02T00:00:00Z"))
DAYS, PER_MINUTE = 0.1, 12


def made(scenario: str = "mixed", seed: int = 3, **more: object):
    return make_world(
        scenario, seed, ["BTC"], DAYS, start=START, burn_in_h=0.5, **more
    )[0]  # fmt: skip


@pytest.fixture(scope="module")
def one():
    return made()


def column(truth, *names: str) -> np.ndarray:
    """[B, M] lots of these kinds, all roles."""
    return truth.lots[:, :, :, [KINDS.index(name) for name in names]].sum(axis=(2, 3))


def test_open_interest_moves_by_what_was_opened_and_closed(one) -> None:
    tape, truth = one
    for side in ("long", "short"):
        opened = column(truth, f"taker_open_{side}", f"passive_open_{side}")
        closed = column(
            truth, *(f"{how}_{side}" for how in
                     ("taker_close", "forced_close", "adl", "passive_close"))
        )  # fmt: skip
        oi = tape.oi[:, PER_MINUTE - 1 :: PER_MINUTE]
        moved = np.diff(oi, axis=1)[:-1]
        assert np.array_equal((opened - closed)[:-1, 1:], moved)
        assert opened[:-1].sum() > 0


def test_every_traded_lot_has_a_taker_and_a_passive_side(one) -> None:
    tape, truth = one
    volume = (tape.buy + tape.sell).reshape(len(tape.books), -1, PER_MINUTE).sum(axis=2)
    takers = column(truth, *(k for k in KINDS if k.startswith(("taker", "forced"))))
    others = np.zeros_like(takers)
    for event in tape.events:
        if event["how"] != MARKET:
            minute = (int(event["at"]) - START - 1) // 60_000_000
            others[event["book"], minute] += event["lots"]
    assert np.array_equal(takers - others, volume)
    passive = column(truth, *(k for k in KINDS if k.startswith("passive")))
    insured = np.zeros_like(takers)
    for event in tape.events[tape.events["how"] == INSURANCE]:
        insured[event["book"], (int(event["at"]) - START - 1) // 60_000_000] += event["lots"]
    assert np.array_equal(passive - insured, volume)


def test_nobody_is_deleveraged_but_by_an_event(one) -> None:
    tape, truth = one
    adl = tape.events[tape.events["how"] == ADL]["lots"].sum()
    assert column(truth, "adl_long", "adl_short").sum() == adl


def test_prices_lie_where_they_may(one) -> None:
    tape, _ = one
    traded = tape.buy + tape.sell > 0
    assert (tape.high >= tape.low).all()
    assert (tape.last <= tape.high).all()
    assert (tape.last >= tape.low).all()
    assert traded[:-1].any(axis=1).all()
    assert (tape.index > 0).all()


def test_the_same_seed_is_the_same_market(one) -> None:
    tape, truth = made()
    for name in ("oi", "last", "buy", "sell", "mid", "premium", "index", "rate", "ratios"):
        assert np.array_equal(getattr(tape, name), getattr(one[0], name)), name
    assert np.array_equal(tape.events, one[0].events)
    assert np.array_equal(truth.lots, one[1].lots)
    other, _ = made(seed=4)
    assert not np.array_equal(other.last, tape.last)


@pytest.mark.parametrize("name", [name for name in MECHANISMS if name != "arbitrage"])
def test_each_mechanism_can_be_switched_off(one, name: str) -> None:
    """Off, it changes the market, unless nothing had called for it yet."""
    tape, _ = made(off=frozenset({name}))
    same = np.array_equal(tape.last, one[0].last) and np.array_equal(tape.oi, one[0].oi)
    seldom = {"adl": ADL, "insurance_fund": INSURANCE}
    called_for = name not in seldom or (one[0].events["how"] == seldom[name]).any()
    assert same is not called_for


def test_arbitrage_trades_where_one_venue_alone_is_bought() -> None:
    """And only with it: hedgers take on perpetuals from both sides, carry only sells."""

    def bought(off: frozenset[str]) -> int:
        found = make_world(
            "venue_local_inflow", 3, ["BTC"], 0.18, start=START, burn_in_h=0.5, off=off
        )  # fmt: skip
        ((_, truth),) = found
        return int(truth.lots[:-1, :, ROLES.index("hedger"), KINDS.index("taker_open_long")].sum())

    assert bought(frozenset()) > 0
    assert bought(frozenset({"arbitrage"})) == 0


def test_families_differ(one) -> None:
    tape, _ = made(family="herds")
    assert not np.array_equal(tape.last, one[0].last)


def test_assets_of_a_world_share_news() -> None:
    found = make_world("calm", 5, ["BTC", "ETH"], 0.4, start=START, burn_in_h=0.5)
    rets = [np.diff(np.log(tape.index[::60])) for tape, _ in found]
    assert np.corrcoef(*rets)[0, 1] > 0.25


def test_bad_names_are_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownName, match="mixed"):
        made(scenario="mixd")
    with pytest.raises(UnknownName, match="hedgers"):
        made(off=frozenset({"hedger"}))
    with pytest.raises(UnknownName, match="herds"):
        made(family="herd")


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_scenario_lives(scenario: str) -> None:
    tape, truth = made(scenario=scenario, seed=2)
    assert tape.oi[0, -1] > 0
    assert truth.lots.sum() > 0
    if scenario == "new_listing":
        late = next(b for b, book in enumerate(tape.books) if book.listed_step)
        step = tape.books[late].listed_step
        assert tape.oi[late, : step - 1].max() == 0
        assert tape.oi[late, -1] > 0
