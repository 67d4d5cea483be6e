"""Bytes an observation of the store after compaction, on the real recordings.

    python benchmarks/log/store_size.py

Counts every file of the store. The rows are made straight from the files, with the field and time
rules of the importers but without their checks.
"""

from __future__ import annotations

import csv
import io
import os
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa

from tideline.log import Log

SHARED = Path(os.environ.get("TIDELINE_SHARED", Path(__file__).resolve().parents[3] / "shared"))
TS = pa.timestamp("us", "UTC")
METRICS = {
    "sum_open_interest": "open_interest",
    "sum_open_interest_value": "open_interest_usd",
    "sum_toptrader_long_short_ratio": "lsr_top_positions",
    "count_toptrader_long_short_ratio": "lsr_top_accounts",
    "count_long_short_ratio": "lsr_global_accounts",
    "sum_taker_long_short_vol_ratio": "taker_ratio_bar",
}


def table(
    asset: str, venue: str, instrument: str, cadence: float, source: int, columns: dict
) -> pa.Table:
    """``columns``: field -> (event µs, values); interleaved as an importer reads them."""
    parts = []
    for field, (event, values) in columns.items():
        keep = np.isfinite(values)
        n = int(keep.sum())
        parts.append(
            pa.table(
                {
                    "asset": [asset] * n,
                    "venue": [venue] * n,
                    "instrument": [instrument] * n,
                    "field": [field] * n,
                    "event_time": pa.array(event[keep]).cast(TS),
                    "known_time": pa.array(event[keep] + 300_000_000).cast(TS),
                    "value": values[keep],
                    "basis": ["assumed"] * n,
                    "status": ["ok"] * n,
                    "cadence_s": np.full(n, cadence),
                    "source_id": np.full(n, source, np.int64),
                }
            )
        )
    return pa.concat_tables(parts).sort_by("event_time")


def binance_days() -> list[pa.Table]:
    found = []
    for path in sorted((SHARED / "data/binance_vision/BTCUSDT").glob("*.zip")):
        with zipfile.ZipFile(path) as archive:
            text = archive.read(archive.namelist()[0]).decode()
        lines = list(csv.DictReader(io.StringIO(text)))
        event = np.array(
            [np.datetime64(row["create_time"], "us").astype(np.int64) for row in lines]
        )
        values = {
            name: np.array([float(row[column] or "nan") for row in lines])
            for column, name in METRICS.items()
        }
        values["mark_price"] = values["open_interest_usd"] / values["open_interest"]
        columns = {name: (event, each) for name, each in values.items()}
        found.append(table("BTC", "binance", "BTCUSDT", 300.0, 0, columns))
    return found


def binance_5m() -> list[pa.Table]:
    found = []
    for path in sorted((SHARED / "data/binance_um_5m").glob("*_oi_5m.parquet")):
        frame = pl.read_parquet(path)
        event = frame["t"].cast(pl.Int64).to_numpy() * 1000
        oi, usd = frame["oi"].to_numpy(), frame["oi_usd"].to_numpy()
        columns = {"open_interest": oi, "open_interest_usd": usd, "mark_price": usd / oi}
        coin = path.name.split("USDT")[0]
        pairs = {name: (event, each) for name, each in columns.items()}
        found.append(table(coin, "binance", f"{coin}USDT", 300.0, 0, pairs))
    return found


def bybit_1h() -> list[pa.Table]:
    found = []
    for path in sorted((SHARED / "data/bybit_linear_1h").glob("*USDT_1h.parquet")):
        frame = pl.read_parquet(path)
        moment = next(name for name, kind in frame.schema.items() if kind.is_temporal())
        event = frame[moment].dt.epoch("us").to_numpy()
        names = {"open_interest": "open_interest", "close": "mark_price", "volume": "volume_coin"}
        columns = {
            field: (event, frame[column].cast(pl.Float64).to_numpy())
            for column, field in names.items()
            if column in frame.columns
        }
        coin = path.name.split("USDT")[0]
        found.append(table(coin, "bybit", f"{coin}USDT", 3600.0, 0, columns))
    return found


def measure(name: str, tables: list[pa.Table]) -> None:
    with tempfile.TemporaryDirectory() as place:
        log = Log.create(Path(place) / "store")
        with log.writer(background=False) as writer:
            for each in tables:
                writer.append(each)
        log.compact(grace_us=-1)
        groups = {"files": 0, "table log": 0, "journal": 0}
        for path in log.path.rglob("*"):
            if path.is_file():
                group = "files" if "asset=" in str(path) else "journal"
                groups["table log" if "_delta_log" in str(path) else group] += path.stat().st_size
        rows = sum(each.num_rows for each in tables)
        shares = ", ".join(f"{key} {size / rows:.2f}" for key, size in groups.items())
        print(
            f"{name:28} {rows:>9} observations {sum(groups.values()) / rows:6.2f} B each ({shares})"
        )


if __name__ == "__main__":
    measure("Binance metrics, 128 days", binance_days())
    measure("Binance 5 min, BTC ETH SOL", binance_5m())
    measure("Bybit 1 h, BTC ETH", bybit_1h())
    measure("all of them", [*binance_days(), *binance_5m(), *bybit_1h()])
