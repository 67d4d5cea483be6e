"""A store hands the engine only the rows a question can need: the answers are those of all rows."""

from __future__ import annotations

import math
import zlib
from pathlib import Path

import numpy as np
import pytest

from tests.properties.addresses import every_transform
from tests.properties.engine import ask, number, table_of
from tests.properties.histories import history
from tests.reference.model import DAY, HOUR, Row
from tests.reference.reference import reference
from tests.reference.signals import SPECS
from tideline.domain.time import ManualClock
from tideline.features.engine import evaluate_legs
from tideline.log import Log
from tideline.signals import BY_ADDRESS
from tideline.store import open_store
from tideline.store.rows import AssetRows

T = 20_000 * DAY
BIN, BYB = ("binance", "BTCUSDT"), ("bybit", "BTCUSDT")

PARTS = ("age_s", "n", "coverage", "basis", "revised")


def stored(path: Path, rows: list[Row], commits: int = 3) -> Path:
    """The rows in a store of their own, in several commits, in log order."""
    table = table_of(rows).drop_columns(["seq", "row"])
    size = max(1, math.ceil(len(rows) / commits))
    with Log.create(path, clock=ManualClock(T + 4000 * DAY)) as log, log.writer() as writer:
        for start in range(0, len(rows), size):
            writer.append(table.slice(start, size))
    return path


def differences(path: Path, rows: list[Row], moments: list[int], addresses: list[str], **how):
    """Where the store's answers are not those of the engine on all rows."""
    whole = ask(table_of(rows), moments, addresses, **how)
    with open_store(path, ManualClock(T + 4001 * DAY)) as store:
        frame = store.historical(
            asset="BTC", features=addresses, as_of=moments, evidence=True, **how
        )
    found = []
    for j, address in enumerate(addresses):
        for i, value in enumerate(frame[address].to_list()):
            if value != number(whole.values[i, j]):
                found.append((address, moments[i], value, number(whole.values[i, j])))
        for i, n in enumerate(frame[f"{address}.n"].to_list()):
            if n != whole.n[i, j]:
                found.append((address, moments[i], "n", n, int(whole.n[i, j])))
    return found


@pytest.mark.parametrize("signal", sorted(SPECS))
def test_the_store_answers_as_the_engine_does_on_all_rows(signal, tmp_path):
    window = ("24h", "12h", "1h", "1m")[zlib.crc32(signal.encode()) % 4]
    told = history(zlib.crc32(signal.encode()), signal, window, 4)
    addresses = every_transform(signal, window, np.random.default_rng(1))
    path = stored(tmp_path / "store", told.rows)
    assert differences(path, told.rows, told.moments, addresses) == []
    for address in addresses[:3]:  # alone, as in company
        assert differences(path, told.rows, told.moments, [address]) == []


def row(group, field, event, value, cadence=3600.0) -> Row:
    return Row(*group, field, event, event, value, cadence_s=cadence)


def far_apart(kind: str) -> tuple[list[Row], str]:
    """Rows that matter although they are older than any default max_age."""
    if kind == "gap":  # begun three weeks ago, ended an hour ago
        bars = [row(BIN, "volume_coin", T - k * HOUR, 1.0) for k in (0, 1, 600, 601, 602)]
        gap = row(BIN, "gap.volume", T - 21 * DAY, float(T - HOUR))
        return [*bars, gap], "flow.volume_usdtm@4h"
    if kind == "cadence":  # a weekly figure may be carried for three weeks
        rows = [row(("reference", "BTC"), "circulating_supply", T - 12 * DAY, 2e7, 604_800.0)]
        rows += [row(BIN, "open_interest_usd", T, 1e9), row(BIN, "mark_price", T, 1e5)]
        return rows, "positioning.oi_mcap@1h"
    if kind == "stale":  # once there, long gone
        return [row(BIN, "open_interest", T - 90 * DAY, 1.0)], "positioning.oi_usdtm_coin@1h"
    if kind == "first":  # up for months, and quiet for a month but for its heartbeat
        rows = [row(BYB, "liquidation_long_usd", T - 60 * DAY, 5.0, 0.0)]
        return [*rows, row(BYB, "alive.liquidation", T, 1.0)], "liquidations.liq_long_full@24h"
    suspects = [row(BYB, "liquidation_long_usd", T - 60 * DAY, 5.0, 0.0)]
    suspects = [Row(**{**r.__dict__, "status": "suspect"}) for r in suspects]
    return [*suspects, row(BYB, "alive.liquidation", T, 1.0)], "liquidations.liq_long_full@24h"


@pytest.mark.parametrize("kind", ["gap", "cadence", "stale", "first", "suspect"])
def test_what_lies_far_back_still_counts(kind, tmp_path):
    rows, address = far_apart(kind)
    asked = reference(rows, "BTC", T, address)
    whole = ask(table_of(rows), [T], [address])
    assert number(whole.values[0, 0]) == asked.value
    path = stored(tmp_path / "store", rows, 1)
    with open_store(path, ManualClock(T + 4001 * DAY)) as store:
        frame = store.historical(asset="BTC", features=[address], as_of=T, evidence=True)
    assert frame[address][0] == asked.value
    assert (frame[f"{address}.reason"][0] or "") in {asked.reason, *asked.allowed}


@pytest.mark.parametrize("signal", ["positioning.oi_usdtm_coin", "flow.cvd", "price.mark"])
def test_reading_in_parts_changes_nothing(signal, tmp_path):
    """A long history read a stretch at a time, as one that would not fit in memory is."""
    rng = np.random.default_rng(11)
    rows = [
        row(group, name, T + k * HOUR, float(rng.integers(1, 50)))
        for k in range(24 * 120)
        for group in (BIN, BYB)
        for name in (*SPECS[signal].stocks, *SPECS[signal].flows)
    ]
    addresses = [f"{signal}@4h", f"{signal}@1h:zscore", f"{signal}@12h:delta"]
    moments = sorted(int(t) for t in rng.integers(T + 5 * DAY, T + 120 * DAY, 300))
    whole = ask(table_of(rows), moments, addresses, evidence=False)
    path = stored(tmp_path / "store", rows)
    with Log.open(path, clock=ManualClock(T + 4001 * DAY)) as log:
        asset, parts, found = AssetRows(log, "BTC", addresses), 0, []
        for part in asset.parts(np.array(moments), rows_at_once=2000):
            some = np.array(moments[part.low : part.high])
            legs = evaluate_legs(part.legs, BY_ADDRESS, asset.instruments, some, addresses)
            found.append(legs.values)
            parts += 1
    assert parts > 2
    assert np.concatenate(found).tobytes() == whole.values.tobytes()
