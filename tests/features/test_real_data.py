"""The engine and the slow reference on recorded markets: Binance 5 min, Bybit hourly."""

from __future__ import annotations

import math
import os
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.properties.agreement import Case, disagreement, told_as_text
from tests.properties.engine import ask, given_at, table_of
from tests.reference.known import Known
from tests.reference.model import DAY, HOUR, MINUTE, SECOND, WINDOWS, Row
from tests.reference.reference import parse, reference
from tests.reference.transforms import windows_back

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("TIDELINE_SHARED", ROOT / ".." / "shared")) / "data"

needs_data = pytest.mark.skipif(not DATA.is_dir(), reason=f"no recorded markets at {DATA}")

SEED = 20_260_205
BIN, BYB = ("binance", "BTCUSDT"), ("bybit", "BTCUSDT")

ADDRESSES = (
    "positioning.oi_usdtm@5m",
    "positioning.oi_usdtm@1h:delta",
    "positioning.oi_usdtm_coin@4h:rate",
    "positioning.oi_usdtm_coin@24h:pctrank[30]",
    "positioning.oi_usdtm_coin@24h:rate[7]",
    "positioning.oi_all@12h:zscore[20]",
    "positioning.oi_usdtm_coin@15m:zscore",
    "positioning.oi_usdtm_coin@45m:ewma",
    "positioning.oi_usdtm_coin@4h:min",
    "positioning.oi_usdtm@1h:range",
    "positioning.oi_change@1h:zscore",
    "positioning.oi_change@4h:pctrank[20]",
    "positioning.oi_change@1h:max",
    "positioning.oi_share_top@1h:delta",
    "positioning.oi_price_divergence@1h",
    "positioning.oi_volume@1h",
    "price.mark@30m:delta",
    "price.ret@1h:zscore",
    "price.rv@4h",
    "price.rv@12h:pctrank[10]",
    "flow.volume_usdtm@4h",
    "flow.volume_usdtm@24h:rate",
    "flow.volume_usdtm@5m",
)


def rows_of(group, field, times, values, cadence, lag):
    return [
        Row(*group, field, int(t), int(t) + lag, float(v), "assumed", "ok", cadence)
        for t, v in zip(times, values, strict=True)
    ]


@cache
def recorded() -> tuple[Row, ...]:
    """Binance open interest and the mark it implies; Bybit open interest, close and volume."""
    table = pq.read_table(DATA / "binance_um_5m" / "BTCUSDT_oi_5m.parquet")
    times, coin, usd = (table[name].to_numpy() for name in ("t", "oi", "oi_usd"))
    times, lag = times * 1000, 5 * MINUTE
    rows = rows_of(BIN, "open_interest", times, coin, 300.0, lag)
    rows += rows_of(BIN, "open_interest_usd", times, usd, 300.0, lag)
    rows += rows_of(BIN, "mark_price", times, usd / coin, 300.0, lag)
    hourly = pq.read_table(DATA / "bybit_linear_1h" / "BTCUSDT_1h_2026.parquet")
    start = hourly["timestamp"].cast(pa.timestamp("us", "UTC")).cast(pa.int64()).to_numpy()
    both, close, volume = (hourly[n].to_numpy() for n in ("open_interest", "close", "volume"))
    rows += rows_of(BYB, "open_interest", start, both / 2, 3600.0, lag)
    rows += rows_of(BYB, "mark_price", start + HOUR, close, 3600.0, 0)
    rows += rows_of(BYB, "volume_coin", start + HOUR, volume, 3600.0, 0)
    return tuple(rows)


@cache
def by_event() -> tuple[list[Row], np.ndarray]:
    rows = sorted(recorded(), key=lambda row: row.event_time)
    return rows, np.array([row.event_time for row in rows])


def near(t: int, back: int) -> list[Row]:
    """The rows an answer at T can depend on, so that the slow reference need not see months."""
    rows, events = by_event()
    first, last = np.searchsorted(events, (t - back, t + HOUR))
    return rows[first:last]


def moments(count: int) -> list[int]:
    """At random, and on the grid, over the two months in which both venues stand."""
    rng = np.random.default_rng(SEED)
    start, end = 1_767_225_600 * SECOND + 9 * DAY, 1_767_225_600 * SECOND + 59 * DAY
    found = rng.integers(start, end, count)
    found[::2] = found[::2] // (5 * MINUTE) * (5 * MINUTE)
    found[::5] = found[::5] // HOUR * HOUR
    return [int(t) for t in found]


def back_of(address: str) -> int:
    """The span, a window, the day of oi_volume and the week of coverage, and what is carried."""
    _, window, transform, n = parse(address)
    w = WINDOWS[window]
    return windows_back(transform, n) * w + w + 9 * DAY


@needs_data
def test_the_engine_agrees_on_recorded_markets():
    times = moments(200)
    table = table_of(recorded())
    answers = ask(table, times, ADDRESSES)
    numbers = 0
    rng = np.random.default_rng(SEED)
    for i, t in enumerate(times):
        for j in rng.permutation(len(ADDRESSES))[: 1 + i % 2]:
            address = ADDRESSES[j]
            rows = near(t, back_of(address))
            asked = reference(rows, "BTC", t, address, known=Known(rows, t, False))
            problem = disagreement(given_at(answers, i, int(j)), asked, address)
            assert problem is None, told_as_text(Case([], t, address, False, problem or ""))
            numbers += asked.value is not None and math.isfinite(asked.value)
    assert numbers > 200
