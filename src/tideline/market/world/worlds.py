"""``make_world``: a scenario, a seed and some assets in; what happened, and who did it, out."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from tideline.domain.errors import UnknownName
from tideline.domain.time import DAY
from tideline.market.assets import coins_named
from tideline.market.tape import Tape
from tideline.market.truth import Truth
from tideline.market.world.books import books_of
from tideline.market.world.make import BURN_IN_H, STEP_S, Plan, make
from tideline.market.world.parameters import MECHANISMS, draw
from tideline.market.world.population import crowd_of
from tideline.market.world.scenario import SCENARIOS, pushes

FAMILIES = ("strategies", "herds")
"""Two populations: traders with strategies, and crowds whose opinions spread (``herds``)."""


def make_world(
    scenario: str,
    seed: int,
    assets: Sequence[str],
    days: float,
    *,
    start: int,
    off: frozenset[str] = frozenset(),
    family: str = FAMILIES[0],
    burn_in_h: float = BURN_IN_H,
) -> list[tuple[Tape, Truth]]:
    """One world: its numbers are drawn from ``seed``, each asset adds its own chance to it.

    Args:
        scenario: what is done to it, see ``scenario``; ``mixed`` for weeks of everything.
        start: its first moment, µs, a midnight (UTC) and best a Monday: weekends are quiet.
        off: mechanisms that are switched off.
        family: which population.
        burn_in_h: hours it lives before its first moment.

    Raises:
        UnknownName: no such scenario, asset, mechanism or family.
    """
    _check(scenario, off, family)
    drawn = draw(np.random.default_rng([seed, 0]), off)
    steps = round(days * DAY / 1e6 / STEP_S)
    made = []
    for coin in coins_named(assets):
        own = _seed_of(seed, coin.asset)
        books = books_of(coin, scenario, steps)
        rng = np.random.default_rng([own, 3])
        plan = Plan(
            asset=coin.asset,
            books=books.names,
            shares=books.shares,
            drawn=drawn,
            pushes=pushes(scenario, days, rng, len(books.names), STEP_S),
            common=seed,
            burn_in_h=burn_in_h,
            family=FAMILIES.index(family),
            crowd=crowd_of(coin),
        )
        made.append(make(plan, own, start, days, f"{scenario}-{seed}"))
    return made


def _check(scenario: str, off: frozenset[str], family: str) -> None:
    if scenario not in SCENARIOS:
        raise UnknownName("scenario", scenario, SCENARIOS)
    if family not in FAMILIES:
        raise UnknownName("family", family, FAMILIES)
    for name in off:
        if name not in MECHANISMS:
            raise UnknownName("mechanism", name, MECHANISMS)


def _seed_of(seed: int, asset: str) -> int:
    """The asset's own seed in this world."""
    digest = hashlib.blake2b(f"{seed} {asset}".encode(), digest_size=4).digest()
    return int.from_bytes(digest, "little")
