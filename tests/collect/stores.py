"""Stores, rows and archive files for the tests of the importers."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from tideline.collect.legrows import LegRows, leg_rows
from tideline.domain.time import MINUTE, ManualClock, parse_time
from tideline.log import Log

DATA = Path(__file__).parent / "data"
NOW = int(parse_time("2026-11-20T00:00:00Z"))
BTC = ("BTC", "binance", "BTCUSDT")
STEP = 5 * MINUTE
START = int(parse_time("2026-02-05T00:00:00Z"))

HEADER = (
    "create_time,symbol,sum_open_interest,sum_open_interest_value,count_toptrader_long_short_ratio,"
    "sum_toptrader_long_short_ratio,count_long_short_ratio,sum_taker_long_short_vol_ratio"
)


def new_log(folder: Path, name: str = "store", now: int = NOW) -> tuple[Log, ManualClock]:
    clock = ManualClock(now)
    return Log.create(folder / name, clock), clock


def rows_of(log: Log, asset: str = "BTC", **narrow: Any) -> list[dict[str, Any]]:
    """Every row of an asset as plain values, times in µs."""
    return plain(log.read(asset, log.head(), **narrow))


def plain(table: Any) -> list[dict[str, Any]]:
    import pyarrow as pa

    for name in ("event_time", "known_time"):
        place = table.column_names.index(name)
        table = table.set_column(place, name, table.column(name).cast(pa.int64()))
    return table.to_pylist()


def leg_of(log: Log, field: str, instrument: str = "BTCUSDT", venue: str = "binance", asset="BTC"):
    import pyarrow as pa
    import pyarrow.compute as pc

    table = log.read(asset, log.head(), fields=[field])
    for name, word in (("venue", venue), ("instrument", instrument)):
        table = table.filter(pc.equal(table.column(name).cast(pa.string()), word))
    return plain(table)


def offered(
    values: Iterable[tuple[int, float]], field: str = "open_interest", **more: Any
) -> LegRows:
    """Offered rows of binance BTCUSDT: (event, value) in the order given."""
    pairs = list(values)
    return leg_rows(
        (*BTC, field),
        np.array([event for event, _ in pairs], np.int64),
        np.array([value for _, value in pairs], np.float64),
        cadence_s=more.get("cadence_s", 300.0),
        source=more.get("source", 0),
        lag_us=more.get("lag_us", STEP),
    )


def metrics_line(
    time: str, coins: object, usd: object, symbol: str = "BTCUSDT", more="1.5,1.4,1.3,1.2"
):
    return f"{time},{symbol},{coins},{usd},{more}"


def zipped(path: Path, text: str, member: str | None = None) -> Path:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(member or path.with_suffix(".csv").name, text)
    path.write_bytes(buffer.getvalue())
    return path
