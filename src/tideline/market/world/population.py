"""Who lives in a world: the accounts of every book, with positions that already add up."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from tideline.market.assets import NAMED, Coin
from tideline.market.world.parameters import Drawn
from tideline.market.world.records import (
    ACCOUNT,
    ARBITRAGE,
    CARRY,
    DIRECTIONAL,
    HEDGER,
    MAKER,
    MIGRANT,
    POOL,
    QUOTER,
    RETAIL,
    REVERTER,
    SCALPER,
    SPOT,
    TREND,
    VALUE,
    WHALE,
)

CROWD = 22_000
"""Traders of bitcoin's book with share 1."""
FEWER = 0.25
"""Power of a coin's open interest next to bitcoin's that its traders' number goes with."""
KINDS = 12
MAKERS, LEVELS = 3, 7
WHALES, HEDGERS, MIGRANTS, SPOT_TRADERS = 12, 8, 24, 16
POSITIONS = {RETAIL: 0.36, TREND: 0.03, VALUE: 0.26, REVERTER: 0.01, WHALE: 0.22, MIGRANT: 0.06}
"""Shares of all positions (long and short) that each kind usually holds; hedgers have their own."""
OPEN = {RETAIL: 0.42, TREND: 0.3, VALUE: 0.3, REVERTER: 0.25, WHALE: 0.9, MIGRANT: 0.5}
"""Share of a kind's accounts that usually hold a position."""
PARTS = {VALUE: 3, MIGRANT: 30, CARRY: 60}
"""Trades in which a kind's usual position is built; 1 where nothing is said."""
LONGEST, SHORTEST = 5, 2
"""Leverage of those who are not retail."""


class Populated(NamedTuple):
    """Accounts, ``groups[b, kind]`` = (first, count), and ``rates[kind]``: looks per hour."""

    accounts: Any
    groups: Any
    rates: Any


def crowd_of(coin: Coin) -> float:
    """How many trade the coin, bitcoin's traders being 1: few own a small market."""
    return float((coin.oi_musd / NAMED[0].oi_musd) ** FEWER)


def populate(
    drawn: Drawn,
    usual: Any,
    shares: Any,
    late: Any,
    price: int,
    rng: np.random.Generator,
    crowd: float = 1.0,
) -> Populated:
    """The accounts of the books (the last one spot), for open interest ``usual`` in lots.

    Nobody holds anything on books that are ``late``: they are yet to be listed. ``crowd``: traders
    of all books, those of bitcoin being 1.
    """
    parts, groups = [], np.zeros((len(usual), KINDS, 2), np.int64)
    offset = 0
    for b, oi in enumerate(usual):
        spot = b == len(usual) - 1
        for kind, count in (
            _spot_counts(len(usual)) if spot else _counts(drawn, shares[b] * crowd)
        ).items():
            made = _accounts(drawn, b, kind, count, float(oi), price, rng)
            groups[b, kind] = offset, count
            offset += count
            parts.append(made)
    accounts = np.concatenate(parts)
    _pair(accounts, groups)
    for b in range(len(usual) - 1):
        if not late[b]:
            _begin(accounts, groups, b, price, rng, drawn)
    return Populated(accounts, groups, _rates(drawn))


def _counts(drawn: Drawn, share: float) -> dict[int, int]:
    crowd = max(200, int(CROWD * share))
    part = {
        TREND: int(crowd * drawn["trend_share"]),
        VALUE: int(crowd * drawn["value_share"]),
        REVERTER: int(crowd * drawn["revert_share"]),
        SCALPER: max(20, int(0.07 * crowd)),
    }
    retail = crowd - sum(part.values())
    return {
        RETAIL: retail,
        **part,
        WHALE: WHALES,
        CARRY: HEDGERS,
        ARBITRAGE: 1,
        MIGRANT: MIGRANTS,
        QUOTER: MAKERS,
        POOL: 1,
    }


def _spot_counts(books: int) -> dict[int, int]:
    return {CARRY: HEDGERS * (books - 1), QUOTER: MAKERS, SPOT: SPOT_TRADERS}


def _accounts(
    drawn: Drawn, b: int, kind: int, count: int, oi: float, price: int, rng: np.random.Generator
) -> Any:
    made = np.zeros(count, ACCOUNT)
    made["book"], made["kind"], made["partner"] = b, kind, -1
    made["role"] = DIRECTIONAL
    spread = drawn["size_spread"]
    sizes = np.exp(spread * rng.standard_normal(count) - 0.5 * spread * spread)
    mean = _mean_size(drawn, kind, count, oi)
    made["size"] = np.maximum(1, (sizes * mean).astype(np.int64))
    made["leverage"] = rng.integers(SHORTEST, LONGEST + 1, count)
    made["mmr"] = 0.01
    if kind == RETAIL:
        drawn_at = drawn["leverage"] * np.exp(drawn["leverage_spread"] * rng.standard_normal(count))
        made["leverage"] = np.clip(drawn_at, 1, 100).astype(np.int32)
        made["mmr"] = np.minimum(0.01, 0.4 / made["leverage"])
        made["isolated"] = rng.random(count) < drawn["isolated"]
        made["belief"] = 0.3 * rng.standard_normal(count)
    elif kind == SCALPER:
        made["belief"] = rng.standard_normal(count)
    elif kind == VALUE:
        made["belief"] = 0.6 * drawn["value_gap"] * rng.standard_normal(count)
        made["threshold"] = rng.uniform(0.5, 2.0, count)
    elif kind in (TREND, REVERTER):
        made["threshold"] = rng.uniform(0.8, 2.5, count)
    elif kind in (CARRY, ARBITRAGE, QUOTER, POOL, SPOT):
        made["role"] = MAKER if kind in (QUOTER, POOL) else HEDGER
        made["mmr"], made["leverage"] = 0.0, 1
        made["threshold"] = rng.uniform(0.5, 2.0, count)
        made["size"] = max(1, int(mean))
    parts = PARTS.get(kind, 1)
    wealth = np.maximum(made["size"] * parts * price // made["leverage"] * 3 // 2, price)
    if kind == POOL:
        wealth[:] = int(drawn["fund_share"] * oi * price)
    made["cash"] = made["deposits"] = wealth
    return made


def _mean_size(drawn: Drawn, kind: int, count: int, oi: float) -> float:
    """Lots of one trade, so that the kind's positions are their share of all."""
    if kind in POSITIONS:
        return POSITIONS[kind] * 2.0 * oi / (count * OPEN[kind]) / PARTS.get(kind, 1)
    if kind == SCALPER:
        return drawn["scalp_turnover"] * oi * drawn["scalp_hold_m"] / (count * 24.0 * 60.0)
    if kind == CARRY:
        return drawn["carry_size"] * oi / (HEDGERS * PARTS[CARRY])
    if kind == ARBITRAGE:
        return 2e-4 * oi
    return max(1.0, 1e-4 * oi)


def _pair(accounts: Any, groups: Any) -> None:
    """Hedgers with their spot accounts, migrants with their accounts elsewhere."""
    spot = groups.shape[0] - 1
    for b in range(spot):
        first, count = groups[b, CARRY]
        own = groups[spot, CARRY, 0] + b * HEDGERS
        accounts["partner"][first : first + count] = own + np.arange(count)
        first, count = groups[b, MIGRANT]
        for k in range(count):
            other = (b + 1 + k % max(1, spot - 1)) % spot if spot > 1 else b
            accounts["partner"][first + k] = groups[other, MIGRANT, 0] + k


def _begin(
    accounts: Any, groups: Any, b: int, price: int, rng: np.random.Generator, drawn: Drawn
) -> None:
    """Positions at ``price``: half of a kind's holders long, half short; hedgers short."""
    pos = np.zeros(len(accounts), np.int64)
    for kind, share in OPEN.items():
        first, count = groups[b, kind]
        holders = first + np.flatnonzero(rng.random(count) < share)
        side = rng.choice([-1, 1], len(holders))
        if kind == MIGRANT:  # one side on all its venues, or a move would close
            side = np.where((holders - first) % 2 == 0, 1, -1)
        pos[holders] = accounts["size"][holders] * PARTS.get(kind, 1) * side
    first, count = groups[b, CARRY]
    pos[first : first + count] = -accounts["size"][first : first + count] * PARTS[CARRY] // 3
    _even_out(pos, groups[b, VALUE], groups[b, RETAIL])
    held = pos != 0
    accounts["pos"] += pos
    accounts["cash"] -= pos * price
    accounts["entry"][held] = price
    isolated = held & (accounts["isolated"] != 0)
    margin = -(-np.abs(pos) * price // accounts["leverage"])
    lock = accounts["cash"] + accounts["pos"] * price - margin
    lack = np.where(lock < 0, -lock, 0)
    accounts["cash"][held] += lack[held]
    accounts["deposits"][held] += lack[held]
    accounts["lock"][isolated] = np.maximum(lock, 0)[isolated]
    retail = groups[b, RETAIL, 0] + np.arange(groups[b, RETAIL, 1])
    hold = rng.exponential(drawn["retail_hold_h"], len(retail))
    accounts["until"][retail] = (hold * 3600.0 / 5.0).astype(np.int64)


def _even_out(pos: Any, *of: Any) -> None:
    """Take what is too much of one side from holders of that side, so that the sum is zero."""
    for first, count in of:
        rest = int(pos.sum())
        for a in range(first, first + count):
            if rest == 0:
                return
            if pos[a] * rest > 0:
                part = min(abs(int(pos[a])), abs(rest))
                pos[a] -= part if rest > 0 else -part
                rest -= part if rest > 0 else -part
    if pos.sum() != 0:
        first = of[-1][0]
        pos[first] -= pos.sum()


def _rates(drawn: Drawn) -> Any:
    """Looks per account and hour, by kind."""
    rates = np.zeros(KINDS)
    rates[RETAIL] = 3.0 / drawn["retail_hold_h"]
    rates[SCALPER] = 2.0 * 60.0 / drawn["scalp_hold_m"]
    rates[TREND], rates[VALUE], rates[REVERTER] = 0.1, 0.06, 0.4
    rates[CARRY] = 10.0 if "hedgers" not in drawn.off else 0.0
    migrants = drawn["migrants"] / (2.0 * POSITIONS[MIGRANT]) / 24.0 * PARTS[MIGRANT]
    rates[MIGRANT] = migrants if "migration" not in drawn.off else 0.0
    rates[SPOT] = 90.0
    return rates
