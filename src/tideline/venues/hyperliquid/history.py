"""Rows of the past: settled funding and one-minute bars.

Samples ``tests/payloads/hyperliquid/fundingHistory.json`` and the documented candle; reference:
info endpoint, "historical funding rates" and "candle snapshot"::

    fundingHistory   [{"coin", "fundingRate", "premium"?, "time"}]   time jitters: …600076 ms
    candleSnapshot   [{"t": open ms, "T": close ms, "s", "i", "o", "c", "h", "l", "v", "n"}]

Volume is base coin (k-prefixed: 1000 coins). Bars say nothing about takers.
"""

from __future__ import annotations

from typing import Any

from tideline.domain.errors import BadWire
from tideline.domain.time import HOUR, MINUTE
from tideline.venues.counting import FRACTION, scale
from tideline.venues.followed import of_row
from tideline.venues.hyperliquid.context import HOURLY
from tideline.venues.parsed import Note, Observation, Parsed
from tideline.venues.rows import each
from tideline.venues.strict import decode, millis, need, number, rows

JITTER = MINUTE
"""How far from the full hour a settlement may be stamped (seen: 76 ms)."""

SETTLED_FIELDS = ("funding_rate_settled", "funding_interval_h")
BAR_FIELDS = ("volume_coin",)


def funding_history(raw: bytes, note: Note) -> Parsed:
    """Settled rates, each at its full hour."""
    parsed = Parsed()

    def read(row: dict[str, Any]) -> None:
        instrument = of_row(row, "coin", note, parsed)
        if instrument is not None:
            parsed.observations += _settled(row, instrument.symbol)

    each(parsed, rows(decode(raw), "fundingHistory"), read)
    return parsed


def _settled(row: dict[str, Any], symbol: str) -> list[Observation]:
    stamped = millis(need(row, "time"), "time")
    hour = (stamped + HOUR // 2) // HOUR * HOUR
    if abs(stamped - hour) > JITTER:
        raise BadWire("time", row["time"], "is not within a minute of a full hour")
    raw = need(row, "fundingRate")
    rate = float(number(raw, "fundingRate"))
    return [
        Observation(symbol, "funding_rate_settled", hour, rate, str(raw), FRACTION),
        Observation(symbol, "funding_interval_h", hour, 1.0, "1", HOURLY),
    ]


def candles(raw: bytes, note: Note) -> Parsed:
    """Volume of finished one-minute bars, at their END."""
    parsed = Parsed()

    def read(row: dict[str, Any]) -> None:
        instrument = of_row(row, "s", note, parsed)
        if instrument is None:
            return
        end = _end(row)
        if end > note.received:
            parsed.ignore("unfinished bar")
            return
        how = scale(instrument, "volume_coin", end)
        raw_volume = need(row, "v")
        volume = how.of(number(raw_volume, "v"))
        parsed.observations.append(
            Observation(instrument.symbol, "volume_coin", end, volume, str(raw_volume), how.counted)
        )

    each(parsed, rows(decode(raw), "candleSnapshot"), read)
    return parsed


def _end(row: dict[str, Any]) -> int:
    """END of a one-minute bar, µs.

    Raises:
        BadWire: another interval, or times that are no minute.
    """
    if need(row, "i") != "1m":
        raise BadWire("i", row["i"], "is not the interval asked for (1m)")
    start = millis(need(row, "t"), "t")
    if start % MINUTE or millis(need(row, "T"), "T") != start + MINUTE - 1000:
        raise BadWire("t", row["t"], "does not begin a one-minute bar")
    return start + MINUTE
