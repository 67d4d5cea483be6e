"""The real recordings as series: what the calibration targets are computed from.

The recordings are not part of the project; the folder is $TIDELINE_SHARED/data.
"""

import csv
import io
import os
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl

from tideline.market.calibration.series import HOUR_S, Floats, Series

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("TIDELINE_SHARED", ROOT.parent / "shared")) / "data"
FIVE = 300


def second(text: str) -> int:
    """UTC second of a date."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def on_grid(start_s: int, end_s: int, step_s: int, at_s: Floats, values: Floats) -> Floats:
    """Values at the ends of the steps of (start, end]; stamps up to a few seconds off are on it."""
    out = np.full((end_s - start_s) // step_s, np.nan)
    place = np.rint((at_s - start_s) / step_s).astype(np.int64) - 1
    keep = (place >= 0) & (place < out.size)
    out[place[keep]] = values[keep]
    return out


def metrics() -> dict[str, Floats]:
    """All days of the Binance metrics archive, labels at the END of their five minutes."""
    rows: list[tuple[float, float, float, float]] = []
    for path in sorted((DATA / "binance_vision" / "BTCUSDT").glob("*.zip")):
        with zipfile.ZipFile(path) as archive:
            text = archive.read(archive.namelist()[0]).decode()
        for row in csv.DictReader(io.StringIO(text)):
            rows.append(
                (
                    second(row["create_time"]),
                    float(row["sum_open_interest"]),
                    float(row["sum_open_interest_value"]),
                    float(row["sum_taker_long_short_vol_ratio"] or "nan"),
                )
            )
    at, oi, usd, ratio = (np.array(column) for column in zip(*rows, strict=True))
    return {"at": at, "oi": oi, "usd": usd, "ratio": ratio}


def binance_btc(start: str, end: str) -> Series:
    """Binance BTCUSDT: OI and mark by 5 min, volume and taker buys by the hour, funding by 8 h."""
    raw, first, last = metrics(), second(start), second(end)
    bars = pl.read_parquet(DATA / "binance_vision" / "BTCUSDT_1h_ohlcv.parquet")
    ends = np.array([second(text) + HOUR_S for text in bars["timestamp_utc"]], dtype=np.float64)

    def hourly(column: str) -> Floats:
        held = on_grid(first, last, HOUR_S, ends, bars[column].to_numpy())
        return np.repeat(held / 12.0, 12)

    at, rate = settled("BTC", first, last)
    return Series(
        f"Binance BTCUSDT {start} … {end}",
        first,
        FIVE,
        price=on_grid(first, last, FIVE, raw["at"], raw["usd"] / raw["oi"]),
        oi_coin=on_grid(first, last, FIVE, raw["at"], raw["oi"]),
        volume_coin=hourly("volume"),
        taker_buy_coin=hourly("taker_buy_vol"),
        volume_bar_s=HOUR_S,
        imbalance=on_grid(first, last, FIVE, raw["at"], (raw["ratio"] - 1) / (raw["ratio"] + 1)),
        funding_at_s=at,
        funding=rate,
    )


def settled(asset: str, first: int, last: int) -> tuple[Floats, Floats]:
    """Settled Binance fundings in (first, last]."""
    name = "funding.parquet" if asset == "BTC" else "eth_funding.parquet"
    if asset == "SOL":
        held = pl.read_parquet(DATA / "binance_um_5m" / "SOLUSDT_funding_8h_per_hour.parquet")
        at, rate = held["ts"].to_numpy() / 1e3, held["rate"].to_numpy() * 8.0
    else:
        held = pl.read_parquet(DATA / "binance_bybit_15m" / name)
        at, rate = held["funding_time"].to_numpy() / 1e3, held["funding_rate"].to_numpy()
    at = np.rint(at / 60.0) * 60.0
    keep = (at > first) & (at <= last)
    return at[keep], rate[keep]


def binance_five(asset: str, start: str, end: str) -> Series:
    """Binance BTC, ETH or SOL: OI and mark by 5 min, funding; no volume."""
    first, last = second(start), second(end)
    held = pl.read_parquet(DATA / "binance_um_5m" / f"{asset}USDT_oi_5m.parquet")
    at, oi, usd = (held[name].to_numpy() for name in ("t", "oi", "oi_usd"))
    funded_at, rate = settled(asset, first, last)
    return Series(
        f"Binance {asset}USDT {start} … {end}",
        first,
        FIVE,
        price=on_grid(first, last, FIVE, at / 1e3, usd / oi),
        oi_coin=on_grid(first, last, FIVE, at / 1e3, oi),
        funding_at_s=funded_at,
        funding=rate,
    )


def binance_quarter(asset: str) -> Series:
    """Binance BTC or ETH by 15 min, 2026-04-29 … 05-27: OI, mark, taker volumes, funding."""
    prefix = "" if asset == "BTC" else "eth_"
    folder = DATA / "binance_bybit_15m"
    first, last = second("2026-04-29"), second("2026-05-27")
    held = pl.read_parquet(folder / f"{prefix}oi_15m.parquet")
    taken = pl.read_parquet(folder / f"{prefix}taker_ratio_15m.parquet")
    at = held["open_time"].to_numpy() / 1e3
    ends = taken["open_time"].to_numpy() / 1e3 + 900.0
    buy, sell = taken["taker_buy_vol"].to_numpy(), taken["taker_sell_vol"].to_numpy()
    oi, usd = held["oi"].to_numpy(), held["oi_value_usd"].to_numpy()
    funded_at, rate = settled(asset, first, last)
    return Series(
        f"Binance {asset}USDT 15 min 2026-04-29 … 2026-05-27",
        first,
        900,
        price=on_grid(first, last, 900, at, usd / oi),
        oi_coin=on_grid(first, last, 900, at, oi),
        volume_coin=on_grid(first, last, 900, ends, buy + sell),
        taker_buy_coin=on_grid(first, last, 900, ends, buy),
        funding_at_s=funded_at,
        funding=rate,
    )


def bybit(file: str, asset: str, start: str, end: str) -> Series:
    """Bybit by the hour: OI (halved: two-sided there) stands at T, the candle is [T, T+1h)."""
    first, last = second(start), second(end)
    held = pl.read_parquet(DATA / "bybit_linear_1h" / f"{file}.parquet")
    at = held["timestamp"].dt.epoch("s").to_numpy().astype(np.float64)
    close, volume, oi, rate = (
        held[name].to_numpy().astype(np.float64)
        for name in ("close", "volume", "open_interest", "funding_rate")
    )
    eight = (np.mod(at, 8 * HOUR_S) == 0) & np.isfinite(rate) & (at > first) & (at <= last)
    return Series(
        f"Bybit {asset}USDT {start} … {end}",
        first,
        HOUR_S,
        price=on_grid(first, last, HOUR_S, at + HOUR_S, close),
        oi_coin=on_grid(first, last, HOUR_S, at, oi / 2.0),
        volume_coin=on_grid(first, last, HOUR_S, at + HOUR_S, volume),
        funding_at_s=at[eight],
        funding=rate[eight],
    )


def okx() -> Series:
    """OKX BTC by the hour 2026-01-06 … 03-04: OI in USD over the mark, volume, premium to spot.

    OI of row T stands at T (its USD moves with the mark of the row before), the bar is [T, T+1h).
    """
    first, last = second("2026-01-06"), second("2026-03-04")
    held = pl.read_parquet(DATA / "okx_swap_1h" / "BTC-USDT-SWAP_1h.parquet")
    at = held["timestamp"].dt.epoch("s").to_numpy().astype(np.float64)
    ends = at + HOUR_S

    def column(name: str) -> Floats:
        return held[name].to_numpy().astype(np.float64)

    mark, spot = column("mark_price_okx"), column("close_spot_okx")
    mark_at_start = np.concatenate([[np.nan], mark[:-1]])
    rate = column("funding_rate_raw_okx")
    eight = (np.mod(at, 8 * HOUR_S) == 0) & np.isfinite(rate) & (at > first) & (at <= last)
    return Series(
        "OKX BTC-USDT-SWAP 2026-01-06 … 2026-03-04",
        first,
        HOUR_S,
        price=on_grid(first, last, HOUR_S, ends, mark),
        oi_coin=on_grid(first, last, HOUR_S, at, column("open_interest_usd_okx") / mark_at_start),
        volume_coin=on_grid(first, last, HOUR_S, ends, 0.01 * column("volume_perp_okx")),
        funding_at_s=at[eight],
        funding=rate[eight],
        premium=on_grid(first, last, HOUR_S, ends, mark / spot - 1.0),
    )
