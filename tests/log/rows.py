"""Small canonical tables for the tests of the log."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

T0 = 1_767_225_600_000_000  # 2026-01-01T00:00:00Z
MINUTE = 60_000_000
DAY = 24 * 60 * MINUTE
TS = pa.timestamp("us", "UTC")


def rows(
    events: Sequence[int],
    values: Sequence[float] | None = None,
    *,
    known: Sequence[int | None] | int | None = None,
    asset: str | Sequence[str] = "BTC",
    venue: str = "binance",
    instrument: str = "BTCUSDT",
    field: str | Sequence[str] = "open_interest",
    basis: str = "recorded",
    status: str = "ok",
    source_id: int = 0,
    text: str | None = None,
) -> pa.Table:
    """One row for each event time; scalars are repeated."""
    n = len(events)
    known_list = [known] * n if known is None or isinstance(known, int) else list(known)
    return pa.table(
        {
            "asset": [asset] * n if isinstance(asset, str) else list(asset),
            "venue": [venue] * n,
            "instrument": [instrument] * n,
            "field": [field] * n if isinstance(field, str) else list(field),
            "event_time": pa.array(list(events), TS),
            "known_time": pa.array(known_list, TS),
            "value": pa.array(list(values) if values is not None else [1.0] * n, pa.float64()),
            "basis": [basis] * n,
            "status": [status] * n,
            "cadence_s": [60.0] * n,
            "source_id": pa.array([source_id] * n, pa.int64()),
            "text": pa.array([text] * n, pa.string()),
        }
    )


def pairs(table: pa.Table) -> list[tuple[int, float]]:
    """(event µs, value) of each row, in the order given."""
    events = table.column("event_time").cast(pa.int64()).to_pylist()
    return list(zip(events, table.column("value").to_pylist(), strict=True))
