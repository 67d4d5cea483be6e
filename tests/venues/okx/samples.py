"""Every OKX payload we have, who reads it, and what the reader is told beside it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tideline.domain.errors import WireError
from tideline.domain.instrument import Instrument
from tideline.domain.time import parse_time
from tideline.venues.okx import history, listings, snapshots
from tideline.venues.okx.stream import Reader
from tideline.venues.parsed import Note, Parsed
from tideline.venues.symbols import parse_symbol

HERE = Path(__file__).resolve().parent
PAYLOADS = HERE.parent.parent / "payloads" / "okx"
GOLDEN = HERE / "golden"
RECEIVED = int(parse_time("2026-11-20T12:00:00Z"))

Read = Callable[[bytes, Note], Parsed]

FOLLOWED = (
    "BTC-USD-SWAP",
    "BTC-USDT-SWAP",
    "BTC-USDT-261225",
    "BTC-USD_UM_XPERP-310404",
    "ETH-USDT-SWAP",
    "LTC-USD-190628",
    "WNCG-USDT-SWAP",
    "XRP-USD-230929",
)


def followed(*symbols: str) -> dict[str, Instrument]:
    """Instruments as their names say, without facts of a listing."""
    return {symbol: parse_symbol("okx", symbol) for symbol in symbols}


def pushed(raw: bytes, note: Note) -> Parsed:
    """One frame of a fresh connection."""
    return Reader().read(raw, note)


@dataclass(frozen=True)
class Sample:
    """A payload file and its reader. ``text`` files hold other lines before the body."""

    file: str
    read: Read
    params: Mapping[str, str] = field(default_factory=dict)

    @property
    def body(self) -> bytes:
        raw = (PAYLOADS / self.file).read_bytes()
        if self.file.endswith(".json"):
            return raw
        mark = b"\n= \n" if b"\n= \n" in raw else b"false\n"
        return raw.partition(mark)[2]

    def note(self) -> Note:
        return Note(RECEIVED, followed(*FOLLOWED), dict(self.params))


BTC = {"instId": "BTC-USDT-SWAP", "period": "5m"}
DAILY = {"instId": "BTC-USDT-SWAP", "period": "1D", "unit": "0"}

SAMPLES = (
    Sample("okx.rest_candles.json", history.candles, {"instId": "BTC-USD-SWAP", "bar": "1m"}),
    Sample("okx.rest_funding_rate.json", snapshots.funding_rate),
    Sample("okx.rest_funding_rate_history.json", history.funding_rate_history),
    Sample("okx.rest_instruments_swap.json", listings.instruments),
    Sample("okx.rest_mark_price.json", snapshots.mark_price),
    Sample("okx.rest_open_interest.json", snapshots.open_interest),
    Sample("okx.rubik_long_short_account_ratio_ccy.json", history.global_accounts, BTC),
    Sample("okx.rubik_ls_ratio_contract.json", history.global_accounts, BTC),
    Sample("okx.rubik_open_interest_history.json", history.open_interest_history, BTC),
    Sample("okx.rubik_open_interest_volume.json", history.open_interest_history, BTC),
    Sample("okx.rubik_taker_volume_ccy.json", history.taker_volume, DAILY),
    Sample("okx.ws_funding_rate.json", pushed),
    Sample("okx.ws_liquidation_orders.json", pushed),
    Sample("okx.ws_mark_price.json", pushed),
    Sample("okx.ws_open_interest_2025.json", pushed),
    Sample("OKX.Subscriptions.Unified.FundingRate.txt", pushed),
    Sample("OKX.Subscriptions.Unified.IndexTicker.txt", pushed),
    Sample("OKX.Subscriptions.Unified.MarkPrice.txt", pushed),
    Sample("OKX.Subscriptions.Unified.MarkPriceKlines.txt", pushed),
    Sample("OKX.Subscriptions.Unified.Ticker.txt", pushed),
    Sample("OKX.UnifiedApi.GetBlockTicker.txt", snapshots.open_interest),
    Sample("OKX.UnifiedApi.GetBlockTickers.txt", snapshots.open_interest),
    Sample("OKX.UnifiedApi.GetFundingRateHistory.txt", history.funding_rate_history),
    Sample("OKX.UnifiedApi.GetFundingRates.txt", snapshots.funding_rate),
    Sample("OKX.UnifiedApi.GetIndexTickers.txt", snapshots.index_tickers),
    Sample("OKX.UnifiedApi.GetMarkPriceKlines.txt", history.candles, {**BTC, "bar": "1m"}),
    Sample("OKX.UnifiedApi.GetMarkPrices.txt", snapshots.mark_price),
    Sample("OKX.UnifiedApi.GetOpenInterests.txt", snapshots.open_interest),
    Sample("OKX.UnifiedApi.GetRubikContractSummary.txt", history.open_interest_history, BTC),
    Sample("OKX.UnifiedApi.GetRubikLongShortRatio.txt", history.global_accounts, BTC),
    Sample("OKX.UnifiedApi.GetRubikTakerFlow.txt", history.taker_volume, DAILY),
    Sample("OKX.UnifiedApi.GetRubikTakerVolume.txt", history.taker_volume, DAILY),
    Sample("OKX.UnifiedApi.GetSymbols.txt", listings.instruments),
    Sample("OKX.UnifiedApi.GetTicker.txt", snapshots.mark_price),
    Sample("OKX.UnifiedApi.GetTickers.txt", snapshots.mark_price),
)
"""Files of calls we never make stand with the nearest reader: it has to refuse them by name.

rest_candles is the row that ccxt 4.5.90 quotes in okx.parse_ohlcv, in an envelope.
"""


def subscribed(file: str) -> bytes:
    """The answer to the subscription that a text sample of a push begins with."""
    line = (PAYLOADS / file).read_text().splitlines()[1]
    assert line.startswith("< ")
    return line[2:].encode()


def outcome(read: Read, raw: bytes, note: Note) -> dict[str, Any]:
    """What a reader made of a frame, as it stands in a golden file."""
    try:
        parsed = read(raw, note)
    except WireError as error:
        return {"refused": type(error).__name__, "where": error.where, "why": str(error)}
    return {
        "observations": [
            {**seen._asdict(), "counted": list(seen.counted)} for seen in parsed.observations
        ],
        "listings": [asdict(listing) for listing in parsed.listings],
        "controls": [control._asdict() for control in parsed.controls],
        "ignored": parsed.ignored,
        "server_time": parsed.server_time,
    }


def write_golden() -> None:
    """Write every golden file anew; look at the difference before you commit it."""
    GOLDEN.mkdir(exist_ok=True)
    for sample in SAMPLES:
        found = outcome(sample.read, sample.body, sample.note())
        path = GOLDEN / f"{sample.file}.golden.json"
        path.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    write_golden()
