"""Whales: large orders worked over minutes or hours, to open and some time later to close."""

from __future__ import annotations

from math import exp

from tideline.market.world.chance import below, normal, uniform
from tideline.market.world.compiled import kernel
from tideline.market.world.hands import World, afford, at_market
from tideline.market.world.records import WHALE

CLOSES = 0.55
"""Chance that a new program closes what its whale holds, if that is enough to be worth it."""


@kernel
def whales(w: World, minute: int, step: int) -> None:
    """New programs, and a slice of those in work."""
    par = w.par[0]
    if par.whales > 0.0 and uniform(w.rng) < par.whales_day / 24.0 * par.dt_h:
        lots = par.oi * par.whale_size * exp(1.0 * normal(w.rng))
        hours = par.whale_hours * exp(0.6 * normal(w.rng))
        begin(w, -1, 0, lots, hours / par.dt_h)
    for p in range(w.programs.shape[0]):
        if w.programs[p].left > 0:
            slice_of(w, minute, p)


@kernel
def begin(w: World, only: int, side: int, lots: float, steps: float) -> None:
    """A program on book ``only`` (−1: all), ``side`` ±1 to open or 0: the whale's own choice."""
    free = -1
    for p in range(w.programs.shape[0]):
        if w.programs[p].left <= 0:
            free = p
            break
    if free < 0:
        return
    program = w.programs[free]
    program.whale = below(w.rng, w.groups[0, WHALE, 1])
    held = 0
    for b in range(w.books.shape[0]):
        if w.groups[b, WHALE, 1] > 0:
            held += w.acc[w.groups[b, WHALE, 0] + program.whale].pos
    program.side = side
    program.opens = 1
    if side == 0:
        if abs(held) > 0.3 * lots and uniform(w.rng) < CLOSES:
            program.opens = 0
            program.side = -1 if held > 0 else 1
            lots = min(lots * 1.5, float(abs(held)))
        else:
            push = w.state[0].mood_push
            program.side = 1 if uniform(w.rng) < 0.5 + 0.4 * max(-1.0, min(1.0, push)) else -1
    program.left = int(lots)
    program.pace = max(1.0, lots / max(steps, 1.0))
    program.book = only


@kernel
def slice_of(w: World, minute: int, p: int) -> None:
    """Trade a step's part of a program, on every book by its share."""
    program = w.programs[p]
    lots = min(float(program.left), program.pace * (0.5 + uniform(w.rng)))
    done = 0
    for b in range(w.books.shape[0]):
        book = w.books[b]
        if w.groups[b, WHALE, 1] == 0 or book.bid <= 0:
            continue
        if program.book >= 0 and program.book != b:
            continue
        part = lots if program.book >= 0 else lots * book.share
        slice_lots = int(part + uniform(w.rng))
        a = w.groups[b, WHALE, 0] + program.whale
        if program.opens == 0:
            slice_lots = min(slice_lots, max(0, -program.side * w.acc[a].pos))
        if slice_lots > 0:
            afford(w, a, slice_lots)
            done += slice_lots - at_market(w, minute, a, program.side * slice_lots)
    program.left -= done
    if done == 0 and program.opens == 0:
        program.left = 0
