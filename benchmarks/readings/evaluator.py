"""Every reading of every asset at an instant: what one core needs, tick after tick.

All 500 assets on three venues each, in one store, held by the evaluator as it holds them beside a
collector. Each has the past its windows reach back to and no more: open interest and price for
97 days, everything else for 31, every 15 minutes in the last 8 days and hourly before. Then the
market goes on: every five seconds each asset gets a new price, and open interest, taker and volume
bars, liquidations and funding at their own pace; the evaluator takes in the commit and judges.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks.results import report, table

from tideline.domain.time import DAY, HOUR, MINUTE, SECOND, ManualClock, parse_time
from tideline.log import Log
from tideline.log.schema import TIMESTAMP
from tideline.readings.catalogue import READINGS
from tideline.readings.reading import CANNOT_TELL
from tideline.readings.rule import judged
from tideline.store.evaluator import WINDOWS, Evaluator

START = int(parse_time("2026-02-01T00:00:00Z"))
FINE_US = 8 * DAY
FINE_STEP_US = 15 * MINUTE
PAST_US = 97 * DAY
SHORT_PAST_US = 31 * DAY
DEEP = ("open_interest", "open_interest_usd", "mark_price")
"""Fields that windows look back to for more than a month."""
GROUPS = {"binance": "{}USDT", "bybit": "{}USDT", "okx": "{}-USDT-SWAP"}
STOCKS = {
    "open_interest": 60 * SECOND,
    "open_interest_usd": 60 * SECOND,
    "mark_price": 5 * SECOND,
    "index_price": 5 * SECOND,
    "funding_rate_quoted": MINUTE,
    "funding_interval_h": MINUTE,
    "next_funding_time": MINUTE,
}
FLOWS = {
    "taker_buy_coin": 5 * MINUTE,
    "taker_sell_coin": 5 * MINUTE,
    "volume_coin": 5 * MINUTE,
    "liquidation_long_usd": 30 * SECOND,
    "liquidation_short_usd": 30 * SECOND,
    "liquidation_long_coin": 30 * SECOND,
    "liquidation_short_coin": 30 * SECOND,
}
RATIOS = ("lsr_top_positions", "lsr_top_accounts", "lsr_global_accounts")
ASSETS = 500
TICKS = 60
"""Five minutes: every pace comes round."""
WARM = 14
"""Instants before those: two that read the past, and a minute in which every asset's feeds come up
after it, so that its groups may speak and are planned for the first time."""


class Market:
    """Random walks of price and open interest, drawn from a seed."""

    def __init__(self, names: list[str], seed: int) -> None:
        self.names, self.rng = names, np.random.default_rng(seed)
        size = (len(names), len(GROUPS))
        self.price = self.rng.uniform(1, 100, (len(names), 1)) * np.ones(size)
        self.oi = self.rng.uniform(1e5, 1e6, size)

    def past(self, k: int) -> pa.Table:
        """One asset's history."""
        coarse = np.arange(START - PAST_US, START - FINE_US, HOUR)
        fine = np.arange(START - FINE_US, START, FINE_STEP_US)
        event = np.concatenate([coarse, fine])
        cadence = np.concatenate(
            [np.full(coarse.size, 3600.0), np.full(fine.size, FINE_STEP_US / SECOND)]
        )
        parts = []
        for g, (venue, form) in enumerate(GROUPS.items()):
            steps = 0.006 * np.sqrt(cadence / 3600)
            price = self.price[k, g] * np.exp(np.cumsum(self.rng.normal(0, steps)))
            held = self.oi[k, g] * np.exp(np.cumsum(self.rng.normal(0, steps * 0.7)))
            self.price[k, g], self.oi[k, g] = price[-1], held[-1]
            fields = _fields(venue, event, price, held, cadence, self.rng)
            name = self.names[k]
            for field, values in fields.items():
                low = 0 if field in DEEP else int(np.searchsorted(event, START - SHORT_PAST_US))
                parts.append(
                    _rows(name, venue, form.format(name), field,
                          event[low:], values[low:], cadence[low:])
                )  # fmt: skip
        return pa.concat_tables(parts).unify_dictionaries()

    def tick(self, at: int) -> pa.Table:
        """What every asset gets at this instant, at the pace of each field."""
        size = self.price.shape
        self.price *= np.exp(self.rng.normal(0, 0.0002, (size[0], 1)))
        self.oi *= np.exp(self.rng.normal(0, 0.0003, size))
        columns: dict[str, list[object]] = {name: [] for name in _COLUMNS}
        for k, name in enumerate(self.names):
            for g, (venue, form) in enumerate(GROUPS.items()):
                one = np.array([at])
                values = _fields(
                    venue, one, self.price[k, g : g + 1], self.oi[k, g : g + 1],
                    np.array([5.0]), self.rng,
                )  # fmt: skip
                for field, value in values.items():
                    pace = STOCKS.get(field) or FLOWS.get(field) or 5 * MINUTE
                    if (at + 5 * SECOND * (k % 12)) % pace:
                        continue
                    row = (name, venue, form.format(name), field, float(value[0]), pace / SECOND)
                    for column, word in zip(_COLUMNS, row, strict=True):
                        columns[column].append(word)
        rows = len(columns["asset"])
        made = pa.table(columns)
        made = made.append_column("event_time", pa.array([at] * rows, pa.int64()).view(TIMESTAMP))
        made = made.append_column("basis", pa.array(["recorded"] * rows))
        return made.append_column("status", pa.array(["ok"] * rows))


_COLUMNS = ("asset", "venue", "instrument", "field", "value", "cadence_s")


def _fields(
    venue: str, event: np.ndarray, price: np.ndarray, held: np.ndarray, cadence: np.ndarray,
    rng: np.random.Generator,
) -> dict[str, np.ndarray]:  # fmt: skip
    size = event.size
    flow = held * cadence / 86_400 * rng.uniform(0.5, 2, size)
    share = rng.uniform(0.45, 0.55, size)
    hit = flow * 0.01 * rng.exponential(1, (2, size)) * (rng.random((2, size)) < 0.3)
    interval = 8 * HOUR
    found = {
        "open_interest": held,
        "open_interest_usd": held * price,
        "mark_price": price,
        "index_price": price * (1 + rng.normal(0, 3e-4, size)),
        "funding_rate_quoted": rng.normal(1e-4, 5e-5, size),
        "funding_interval_h": np.full(size, 8.0),
        "next_funding_time": ((event // interval + 1) * interval).astype(float),
        "taker_buy_coin": flow * share,
        "taker_sell_coin": flow * (1 - share),
        "volume_coin": flow,
        "liquidation_long_usd": hit[0] * price,
        "liquidation_short_usd": hit[1] * price,
        "liquidation_long_coin": hit[0],
        "liquidation_short_coin": hit[1],
    }
    if venue == "binance":
        found["spot_volume_usd"] = flow * price * 0.3
        found |= {name: np.exp(rng.normal(0, 0.1, size)) for name in RATIOS}
    return found


def _rows(
    asset: str, venue: str, instrument: str, field: str, event: np.ndarray, values: np.ndarray,
    cadence: np.ndarray,
) -> pa.Table:  # fmt: skip
    size = event.size
    return pa.table(
        {
            "asset": pa.repeat(asset, size),
            "venue": pa.repeat(venue, size),
            "instrument": pa.repeat(instrument, size),
            "field": pa.repeat(field, size),
            "event_time": pa.array(event, pa.int64()).view(TIMESTAMP),
            "known_time": pa.array(event, pa.int64()).view(TIMESTAMP),
            "value": values,
            "basis": pa.repeat("recorded", size),
            "status": pa.repeat("ok", size),
            "cadence_s": cadence,
        }
    )


def measured(path: Path, assets: int) -> dict[str, float]:
    """Seconds for one instant: taking the commit in, and judging; and what was judged."""
    names = [f"C{k:03d}" for k in range(assets)]
    market = Market(names, 7)
    clock = ManualClock(START)
    with Log.create(path, clock) as log, log.writer(background=False) as writer:
        rows = 0
        for k in range(assets):
            rows += writer.append(market.past(k)).rows
            writer.flush()
        evaluator = Evaluator(log)
        at = START
        seq = log.viewer.state().last_seq
        took: list[float] = []
        judging: list[float] = []
        warm = 0.0
        fresh = changed = 0
        for tick in range(WARM + TICKS):
            at += 5 * SECOND
            clock.at = at
            writer.append(market.tick(at))
            commits = list(log.follow(seq, poll_s=0, idle_s=0))
            seq = commits[-1].seq
            began = time.process_time()
            for commit in commits:
                evaluator.follow(commit)
            middle = time.process_time()
            found = evaluator.judge(int(log.head()))
            ended = time.process_time()
            if 2 <= tick < WARM:
                warm = max(warm, ended - began)
            elif tick >= WARM:
                took.append(middle - began)
                judging.append(ended - middle)
                fresh += commits[-1].rows
                changed += len(found)
        told, total = _told(evaluator, int(log.head()))
    whole = np.add(took, judging)
    return {
        "rows": rows / assets, "fresh": fresh / TICKS / assets, "total": total / assets,
        "told": told / total, "changed": changed / TICKS, "take": float(np.mean(took)),
        "judge": float(np.mean(judging)), "mean": float(whole.mean()),
        "p99": float(np.percentile(whole, 99)), "worst": float(whole.max()), "warm": warm,
    }  # fmt: skip


def _told(evaluator: Evaluator, at: int) -> tuple[int, int]:
    """Judgements that could be told, of all, at the last instant."""
    told = total = 0
    for held in evaluator.held.values():
        for entry in READINGS:
            for rule in entry.rules:
                for window in rule.windows or WINDOWS:
                    total += 1
                    told += judged(rule, held.given(at, window)).name != CANNOT_TELL
    return told, total


def main() -> None:
    """One store of all assets, one instant after the other."""
    with tempfile.TemporaryDirectory() as place:
        m = measured(Path(place) / "store", ASSETS)
    line = (
        f"{ASSETS} assets", f"{m['rows']:,.0f}", f"{m['fresh']:.1f}", f"{m['total']:.0f}",
        f"{m['told']:.0%}", f"{m['changed']:.0f}", f"{m['take']:.2f} s", f"{m['judge']:.2f} s",
        f"{m['mean']:.2f} s", f"{m['p99']:.2f} s", f"{m['worst']:.2f} s",
        f"{m['warm']:.2f} s",
    )  # fmt: skip
    head = (
        "held", "rows each", "new rows a tick each", "judgements each", "of them told",
        "transitions a tick", "taking in", "judging", "a tick, mean", "p99", "slowest",
        "slowest of the first minute",
    )  # fmt: skip
    rules = sum(len(entry.rules) for entry in READINGS)
    note = (
        f"Processor time of one thread; {rules} rules of {', '.join(e.key for e in READINGS)} on "
        f"{', '.join(WINDOWS)} (rules with windows of their own on those), every 5 s of a market "
        f"that moves; {TICKS} instants after a first minute, in which every asset's feeds come up "
        "and its groups are planned for the first time."
    )
    report("readings/evaluator.py", f"{table(head, [line])}\n\n{note}", write="--write" in sys.argv)


if __name__ == "__main__":
    main()
