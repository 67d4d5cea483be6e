"""A small world in hand, step by step, and what must hold of it at every step."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from tideline.market.assets import coins_named
from tideline.market.world.book import BLOCK
from tideline.market.world.books import books_of
from tideline.market.world.make import STEP_S, Plan, Prepared, prepare
from tideline.market.world.parameters import draw
from tideline.market.world.scenario import pushes
from tideline.market.world.steps import run

MINUTES = 240


class Living(NamedTuple):
    """A prepared world and the arrays it writes to."""

    prepared: Prepared
    out: tuple[Any, ...]

    def live(self, first: int, last: int) -> int:
        """Steps ``first`` … ``last`` − 1; gives all fills so far."""
        rates = self.prepared.rates * (STEP_S / 3600.0)
        return int(run(self.prepared.hands, rates, *self.out, first, last, 0, STEP_S))


def born(
    seed: int, off: frozenset[str] = frozenset(), scenario: str = "mixed", family: int = 0
) -> Living:
    """BTC in the world of a seed, before its first step, with no burn-in."""
    (coin,) = coins_named(["BTC"])
    books = books_of(coin, scenario, MINUTES * 12)
    drawn = draw(np.random.default_rng([seed, 0]), off)
    rng = np.random.default_rng(seed)
    made = pushes(scenario, 2.0, rng, len(books.names), STEP_S)
    plan = Plan("BTC", books.names, books.shares, drawn, made, seed, 0.0, family)
    count, steps = len(books.names), MINUTES * 60 // int(STEP_S)
    out = (
        np.zeros((6, count, steps), np.int32),
        np.zeros((2, count, steps), np.float32),
        np.zeros(steps),
        np.zeros((count, MINUTES), np.float32),
        np.ones((count, MINUTES // 5, 3), np.float32),
    )
    return Living(prepare(plan, seed, MINUTES, 0), out)


def check_sums(world: Any) -> None:
    """Longs are shorts are open interest; cash and fees are what was deposited."""
    acc, books = world.acc, world.books
    for b in range(len(books)):
        pos = acc["pos"][acc["book"] == b]
        assert pos.sum() == 0, b
        assert pos[pos > 0].sum() == books[b]["oi"], b
    assert acc["cash"].sum() + books["fees"].sum() == acc["deposits"].sum()
    assert (acc["lock"] >= 0).all()


def check_books(world: Any) -> None:
    """Every chain, level, block and best price, found again the slow way from the orders."""
    orders, head, tail = world.orders, world.head, world.tail
    resting = np.flatnonzero(orders["qty"] > 0)
    book_of = world.acc["book"][orders["account"][resting]]
    for b in range(len(world.books)):
        for s, side in ((0, 1), (1, -1)):
            mine = resting[(book_of == b) & (orders["side"][resting] == side)]
            levels = sorted({int(level) for level in orders["level"][mine]})
            assert sorted(np.flatnonzero(head[b, s] >= 0).tolist()) == levels
            blocks = np.bincount(np.array(levels, int) // BLOCK, minlength=world.blocks.shape[2])
            assert (world.blocks[b, s] == blocks).all()
            for level in levels:
                chain, o = [], int(head[b, s, level])
                while o >= 0:
                    chain.append(o)
                    o = int(orders[o]["after"])
                assert sorted(chain) == sorted(mine[orders["level"][mine] == level].tolist())
                assert chain[-1] == tail[b, s, level]
            best = world.books[b]["bid" if s == 0 else "ask"]
            empty = 0 if s == 0 else head.shape[2] - 1
            assert best == ((max(levels) if s == 0 else min(levels)) if levels else empty)
        assert world.books[b]["bid"] < world.books[b]["ask"]
