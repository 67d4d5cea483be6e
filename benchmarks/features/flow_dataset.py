"""Rows of flows for three venues: one-minute taker bars, and liquidations as they strike."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from benchmarks.features.dataset import (
    LEGS,
    SEED,
    START,
    Int64s,
    LegSpec,
    canonical,
    numbered,
)

from tideline.domain.time import MINUTE, SECOND


def bars(days: int, seed: int = SEED) -> pa.Table:
    """taker_buy_coin and taker_sell_coin, bars of one minute, known 1 s after their END."""
    count = days * 1440
    end = START + (1 + np.arange(count, dtype=np.int64)) * MINUTE
    parts = []
    for number, leg in enumerate(LEGS):
        rng = np.random.default_rng([seed, 7, number])
        for field in ("taker_buy_coin", "taker_sell_coin"):
            amount = np.round(rng.lognormal(2.0, 1.0, count), 3)
            parts.append(canonical(leg, field, end, end + SECOND, amount, 60.0))
    return numbered(pa.concat_tables(parts).unify_dictionaries().combine_chunks())


def liquidations(days: int, each_day: int = 8_640, seed: int = SEED) -> pa.Table:
    """Longs and shorts force-closed, at random moments, and a heartbeat a minute."""
    parts = []
    for number, leg in enumerate(LEGS):
        rng = np.random.default_rng([seed, 8, number])
        for field in ("liquidation_long_usd", "liquidation_short_usd"):
            event = _moments(rng, days, each_day // 2)
            amount = np.round(rng.lognormal(8.0, 1.5, len(event)), 2)
            parts.append(canonical(leg, field, event, event + SECOND, amount, 0.0))
        parts.append(_heartbeats(leg, days))
    return numbered(pa.concat_tables(parts).unify_dictionaries().combine_chunks())


def _moments(rng: np.random.Generator, days: int, each_day: int) -> Int64s:
    spread = rng.integers(0, days * 1440 * MINUTE, days * each_day)
    return START + np.unique(spread)


def _heartbeats(leg: LegSpec, days: int) -> pa.Table:
    at = START + np.arange(days * 1440, dtype=np.int64) * MINUTE
    return canonical(leg, "alive.liquidation", at, at + SECOND, np.ones(len(at)), 60.0)
