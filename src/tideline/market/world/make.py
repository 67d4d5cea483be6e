"""Makes a world: from a seed to the tape and the truth of one asset."""

from __future__ import annotations

from collections.abc import Sequence
from math import log
from typing import Any, NamedTuple

import numpy as np

from tideline.market.tape import EVENT, BookName, Tape
from tideline.market.truth import KINDS as TRUTH_KINDS
from tideline.market.truth import ROLES, Truth
from tideline.market.world.book import BLOCK
from tideline.market.world.books import PRICE, USUAL
from tideline.market.world.hands import PAR, World
from tideline.market.world.parameters import MECHANISMS, Drawn
from tideline.market.world.population import LEVELS, MAKERS, Populated, populate
from tideline.market.world.records import BOOK, FORCED, ORDER, POOL, PROGRAM, PUSH, QUOTER, STATE
from tideline.market.world.steps import run

LEVELS_IN_ALL = 80_000
"""Ticks that a price can have: four times the price at the start."""
STEP_S = 5.0
BURN_IN_H = 48
PROGRAMS = 24
INTEREST_8H = 1e-4
FAR = 1e18


class Plan(NamedTuple):
    """What is to be made: the books with their shares (the last one spot), pushes, the numbers.

    ``common``: seed of the news that all assets of the world share. ``burn_in_h``: hours that are
    lived before anything is written down. ``crowd``: traders, those of bitcoin being 1.
    """

    asset: str
    books: Sequence[BookName]
    shares: Sequence[float]
    drawn: Drawn
    pushes: Any
    common: int = 0
    burn_in_h: float = BURN_IN_H
    family: int = 0
    crowd: float = 1.0


def make(plan: Plan, seed: int, start: int, days: float, name: str) -> tuple[Tape, Truth]:
    """The asset's tape of ``days`` from ``start`` (µs, a midnight) and the truth behind it.

    Of a part of a day the whole minutes are made.
    """
    minutes = int(days * 1_440)
    steps = minutes * 60 // int(STEP_S)
    burn_in = int(plan.burn_in_h * 3600 / STEP_S)
    world = prepare(plan, seed, minutes, burn_in)
    count = len(plan.books)
    stocks = np.zeros((6, count, steps), np.int32)
    quotes = np.zeros((2, count, steps), np.float32)
    indices = np.zeros(steps)
    running = np.zeros((count, minutes), np.float32)
    ratios = np.ones((count, minutes // 5, 3), np.float32)
    rates = world.rates * (STEP_S / 3600.0)
    run(
        world.hands, rates, stocks, quotes, indices, running, ratios,
        0, burn_in + steps, burn_in, STEP_S,
    )  # fmt: skip
    tick = plan.books[-1].tick
    tape = Tape(
        world=name, seed=seed, asset=plan.asset, start=start, step_us=int(STEP_S * 1e6),
        books=tuple(plan.books), oi=stocks[0], last=stocks[1], high=stocks[2], low=stocks[3],
        buy=stocks[4], sell=stocks[5], mid=quotes[0], premium=quotes[1], index=indices * tick,
        rate=running, ratios=ratios, events=_events(world.hands, burn_in, start),
    )  # fmt: skip
    lots = np.array([book.lot for book in plan.books])
    return tape, Truth(plan.asset, start, world.hands.truth, lots)


class Prepared(NamedTuple):
    """The hands of the kernels, and how often each kind looks, per hour."""

    hands: World
    rates: Any


def prepare(plan: Plan, seed: int, minutes: int, burn_in: int) -> Prepared:
    """All arrays of a world before its first step; pushes are counted from the end of burn-in."""
    rng = np.random.default_rng([seed, 1])
    count = len(plan.books)
    usual = np.array([USUAL * share for share in plan.shares])
    late = [name.listed_step > 0 for name in plan.books]
    people = populate(plan.drawn, usual, plan.shares, late, PRICE, rng, plan.crowd)
    places = len(people.accounts) + count * MAKERS * 2 * LEVELS
    head = np.full((count, 2, LEVELS_IN_ALL), -1, np.int32)
    pushes = np.array(plan.pushes, PUSH)
    pushes["first"] += burn_in
    pushes["last"] += burn_in
    hands = World(
        acc=people.accounts,
        books=_books(plan, people, usual, burn_in),
        orders=np.zeros(places, ORDER),
        head=head,
        tail=head.copy(),
        blocks=np.zeros((count, 2, LEVELS_IN_ALL // BLOCK + 1), np.int16),
        truth=np.zeros((count, minutes, len(ROLES), len(TRUTH_KINDS)), np.int32),
        forced=np.zeros(2_000_000, FORCED),
        programs=np.zeros(PROGRAMS, PROGRAM),
        pushes=pushes,
        groups=people.groups,
        par=_par(plan, usual),
        state=_state(),
        common=_common(plan.common, burn_in + minutes * 60 // int(STEP_S)),
        rng=np.array([np.random.default_rng([seed, 2]).integers(1, 2**63)], np.uint64),
    )
    _quoters(people, len(people.accounts))
    return Prepared(hands, people.rates)


def _books(plan: Plan, people: Populated, usual: Any, burn_in: int) -> Any:
    books = np.zeros(len(plan.books), BOOK)
    total = float(np.sum(plan.shares[:-1]))
    for b, name in enumerate(plan.books):
        book = books[b]
        book["last"] = book["high"] = book["low"] = PRICE
        book["ask"] = LEVELS_IN_ALL - 1
        book["usual"], book["share"] = usual[b], plan.shares[b] / total
        book["mark"], book["interval"] = PRICE, max(1, name.interval_h)
        book["interest"] = INTEREST_8H * max(1, name.interval_h) / 8.0
        book["longs_stop"], book["shorts_stop"] = 0.0, FAR
        book["longs_liq"], book["shorts_liq"] = FAR, 0.0
        book["spot"] = int(name.spot)
        book["opens"] = name.listed_step + burn_in if name.listed_step else 0
        mine = np.flatnonzero(people.accounts["book"] == b)
        book["first"], book["count"] = mine[0], len(mine)
        book["pool"] = people.groups[b, POOL, 0]
        book["oi"] = int(np.maximum(people.accounts["pos"][mine], 0).sum())
    return books


def _common(seed: int, steps: int) -> Any:
    """News of every step that all assets of a world share, of variance 1."""
    rng = np.random.default_rng([seed, 4])
    return rng.standard_normal(steps).astype(np.float32)


def _quoters(people: Populated, first: int) -> None:
    """Places of the makers' orders, behind those of the accounts."""
    makers = np.flatnonzero(people.accounts["kind"] == QUOTER)
    people.accounts["partner"][makers] = first + np.arange(len(makers)) * 2 * LEVELS


def _par(plan: Plan, usual: Any) -> Any:
    par = np.zeros(1, PAR)
    for name, value in plan.drawn.values.items():
        par[name] = value
    for name in MECHANISMS:
        par[name] = 0.0 if name in plan.drawn.off else 1.0
    par["dt_h"], par["oi"] = STEP_S / 3600.0, float(np.sum(usual[:-1]))
    par["makers"], par["levels"], par["round"] = MAKERS, LEVELS, PRICE / 100
    par["family"] = plan.family
    return par


def _state() -> Any:
    state = np.zeros(1, STATE)
    for name in ("value", "fair", "fast", "hour", "four", "day"):
        state[name] = log(PRICE)
    return state


def _events(hands: World, burn_in: int, start: int) -> Any:
    found = hands.forced[: int(hands.books[0]["events"])]
    found = found[found["step"] >= burn_in]
    events = np.zeros(len(found), EVENT)
    step_us = int(STEP_S * 1e6)
    ms = found["ms"] * int(STEP_S)  # a thousandth of the step each
    events["at"] = start + (found["step"] - burn_in) * step_us + (ms + 1) * 1000
    for name in ("book", "side", "how", "lots", "ticks"):
        events[name] = found[name]
    return events[np.argsort(events["at"], kind="stable")]
