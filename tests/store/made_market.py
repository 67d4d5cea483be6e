"""A store of some months of hours on two venues, for what looks far back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa

from tideline.domain.time import HOUR, MINUTE, ManualClock
from tideline.log import Log
from tideline.store import Store

HOURS = 24 * 70
BEGIN = 20_000 * 24 * HOUR
END = BEGIN + HOURS * HOUR
LATE = 2 * MINUTE
"""Rows are known so long after they held."""
GROUPS = (("binance", "BTCUSDT"), ("bybit", "BTCUSDT"))


def hours(seed: int = 3) -> pa.Table:
    """Marks, open interest, funding and taker bars at every hour, known two minutes later."""
    rng = np.random.default_rng(seed)
    event = BEGIN + np.arange(HOURS) * HOUR
    mark = 50_000 * np.exp(np.cumsum(rng.normal(size=HOURS) * 0.004))
    parts = []
    for k, (venue, instrument) in enumerate(GROUPS):
        coins = 50_000 / (k + 1) * np.exp(np.cumsum(rng.normal(size=HOURS) * 0.003))
        fields = {
            "mark_price": mark * (1 + 1e-4 * k),
            "open_interest": coins,
            "open_interest_usd": coins * mark,
            "funding_rate_quoted": 1e-4 + rng.normal(size=HOURS) * 5e-5,
            "funding_interval_h": np.full(HOURS, 8.0),
            "taker_buy_coin": rng.uniform(50, 150, HOURS),
            "taker_sell_coin": rng.uniform(50, 150, HOURS),
        }
        parts += [rows(venue, instrument, field, event, values) for field, values in fields.items()]
    return pa.concat_tables(parts)


def rows(venue: str, instrument: str, field: str, event, values, late: int = LATE) -> pa.Table:
    """Recorded hourly rows of one leg."""
    size = len(values)
    stamp = pa.timestamp("us", "UTC")
    return pa.table(
        {
            "asset": ["BTC"] * size,
            "venue": [venue] * size,
            "instrument": [instrument] * size,
            "field": [field] * size,
            "event_time": pa.array(np.asarray(event, np.int64)).cast(stamp),
            "known_time": pa.array(np.asarray(event, np.int64) + late).cast(stamp),
            "value": pa.array(np.asarray(values, np.float64)),
            "basis": ["recorded"] * size,
            "status": ["ok"] * size,
            "cadence_s": [3600.0] * size,
        }
    )


def store_of(path: Path, table: pa.Table) -> Store:
    """A store that holds these rows, known when they say."""
    clock = ManualClock(END + 100 * HOUR)
    log = Log.create(path, clock)
    order = np.argsort(table["known_time"].cast(pa.int64()).to_numpy(), kind="stable")
    with log.writer(background=False) as writer:
        writer.append(table.take(pa.array(order)))
    log.close()
    return Store(Log.open(path, clock))
