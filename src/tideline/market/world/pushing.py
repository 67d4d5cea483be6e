"""What a scenario does to a market while it runs: pushes of a kind, a size and a stretch of steps.

========  ===============================================================================
drift     value moves by ``size`` (a logarithm) in all, evenly over the stretch
jump      value moves by ``size`` in the first step
mood      retail's bias is ``size`` higher
appetite  the will to hold positions is ``size`` higher (a logarithm)
leverage  retail's leverage is ``size`` higher (a logarithm)
depth     makers quote ``size`` more (a logarithm; below 0: less)
buyers    a whale opens longs, ``size`` of all open interest over the stretch, on ``book``
sellers   the same, shorts
coverers  whales close shorts they hold, ``size`` of all open interest
exiters   whales close longs
move      holders of ``book`` close and open on ``other``, ``size`` of the book's interest in all
========  ===============================================================================
"""

from __future__ import annotations

from tideline.market.world.chance import below
from tideline.market.world.compiled import kernel
from tideline.market.world.hands import World, at_market, withdraw
from tideline.market.world.records import MIGRANT, RETAIL, VALUE, WHALE
from tideline.market.world.whales import begin

KINDS = (
    "drift",
    "jump",
    "mood",
    "appetite",
    "leverage",
    "depth",
    "buyers",
    "sellers",
    "coverers",
    "exiters",
    "move",
)
DRIFT, JUMP, MOOD, APPETITE, LEVERAGE, DEPTH, BUYERS, SELLERS, COVERERS, EXITERS, MOVE = range(11)


@kernel
def push(w: World, minute: int, step: int) -> None:
    """Everything that is on in this step."""
    state = w.state[0]
    state.drift = state.mood_push = state.appetite_push = 0.0
    state.depth_push = state.leverage_push = 0.0
    for p in range(w.pushes.shape[0]):
        one = w.pushes[p]
        if one.first <= step < one.last:
            _push(w, minute, step, p)


@kernel
def _push(w: World, minute: int, step: int, p: int) -> None:
    one, state = w.pushes[p], w.state[0]
    steps = float(max(1, one.last - one.first))
    if one.kind == DRIFT:
        state.drift += one.size / steps
    elif one.kind == JUMP:
        state.drift += one.size if step == one.first else 0.0
    elif one.kind == MOOD:
        state.mood_push += one.size
    elif one.kind == APPETITE:
        state.appetite_push += one.size
    elif one.kind == LEVERAGE:
        state.leverage_push += one.size
    elif one.kind == DEPTH:
        state.depth_push += one.size
    elif one.kind in (BUYERS, SELLERS) and step == one.first:
        side = 1 if one.kind == BUYERS else -1
        begin(w, one.book, side, one.size * w.par[0].oi, steps)
    elif one.kind in (COVERERS, EXITERS):
        _close(w, minute, p, 1 if one.kind == COVERERS else -1, steps)
    elif one.kind == MOVE:
        _move(w, minute, p, steps)


@kernel
def _close(w: World, minute: int, p: int, way: int, steps: float) -> None:
    """Holders of the other side, whales and value traders and retail, close a part each step."""
    one = w.pushes[p]
    lots = one.size * w.par[0].oi / steps
    for b in range(w.books.shape[0] - 1):
        if one.book >= 0 and one.book != b:
            continue
        left = lots if one.book >= 0 else lots * w.books[b].share
        for _ in range(60):
            kind = WHALE if below(w.rng, 3) == 0 else (RETAIL if below(w.rng, 2) == 0 else VALUE)
            held = w.groups[b, kind, 1]
            if held == 0 or left <= 0.0:
                continue
            a = w.groups[b, kind, 0] + below(w.rng, held)
            pos = w.acc[a].pos
            if pos * way < 0:
                withdraw(w, a)
                part = int(min(left, float(abs(pos)))) + 1
                part = min(part, abs(pos))
                left -= part - at_market(w, minute, a, way * part)


@kernel
def _move(w: World, minute: int, p: int, steps: float) -> None:
    """Migrants of ``book`` close there and open on ``other``; retail follows them."""
    one = w.pushes[p]
    source, goal = int(one.book), int(one.other)
    left = one.size * w.books[source].usual / steps
    for _ in range(60):
        held = w.groups[source, MIGRANT, 1]
        if held == 0 or left <= 0.0:
            return
        k = below(w.rng, held)
        a, c = w.groups[source, MIGRANT, 0] + k, w.groups[goal, MIGRANT, 0] + k
        pos = w.acc[a].pos
        if pos != 0 and k < w.groups[goal, MIGRANT, 1]:
            part = min(int(left) + 1, abs(pos))
            way = 1 if pos > 0 else -1
            done = part - at_market(w, minute, a, -way * part)
            if done > 0:
                at_market(w, minute, c, way * done)
            left -= done
