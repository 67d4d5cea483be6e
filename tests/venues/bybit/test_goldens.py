"""Every Bybit sample, parsed, against the committed result."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.venues.golden_frames import (
    PAYLOADS,
    RECEIVED,
    SHARED,
    dump,
    followed,
    frames,
    hold,
    read_all,
)
from tideline.venues.bybit import history, rest, trades
from tideline.venues.bybit.stream import StreamReader
from tideline.venues.parsed import Note, Parsed
from tideline.venues.trade import Trade

FOLDER = PAYLOADS / "bybit"
GOLDEN = Path(__file__).parent / "golden"

Read = Callable[[bytes, Note], Parsed]
READERS: dict[str, Callable[[], Read]] = {
    "rest_account_ratio.json": lambda: history.account_ratio,
    "rest_funding_history.json": lambda: history.funding,
    "rest_instruments_linear.json": lambda: rest.listings,
    "rest_mark_kline.json": lambda: history.mark_klines,
    "rest_open_interest.json": lambda: history.open_interest,
    "rest_tickers_inverse.json": lambda: rest.tickers,
    "ws_allLiquidation_doc.json": lambda: StreamReader(True).read,
    "ws_tickers_inverse_snapshot_delta.json": lambda: StreamReader(False).read,
    "ws_tickers_linear_doc.json": lambda: StreamReader(True).read,
    "Subscriptions.V5.Linear.Liquidations.txt": lambda: StreamReader(True).read,
    "Subscriptions.V5.Linear.Ticker.txt": lambda: StreamReader(True).read,
    "V5Api.GetFundingRateHistory.txt": lambda: history.funding,
    "V5Api.GetLinearInverseSymbols.txt": lambda: rest.listings,
    "V5Api.GetLinearInverseSymbolsPreListing.txt": lambda: rest.listings,
    "V5Api.GetLinearInverseTickers.txt": lambda: rest.tickers,
    "V5Api.GetLongShortRatio.txt": lambda: history.account_ratio,
    "V5Api.GetMarkPriceKlines.txt": lambda: history.mark_klines,
    "V5Api.GetOpenInterest.txt": lambda: history.open_interest,
    "V5Api.GetSpreadSymbols.txt": lambda: rest.listings,
    "V5Api.GetSpreadTickers.txt": lambda: rest.tickers,
}
TRADES: dict[str, Callable[[bytes, Note], list[Trade]]] = {
    "rest_recent_trade.json": trades.recent_trades,
    "ws_publicTrade.json": trades.stream_trades,
}
PROBE = "live_probe_2026-09-15.json"


def note_for(raws: list[bytes], **params: str) -> Note:
    return Note(RECEIVED, followed("bybit", raws), params)


def test_every_sample_has_a_reader():
    assert {path.name for path in FOLDER.iterdir()} == {*READERS, *TRADES, PROBE}


@pytest.mark.parametrize("name", READERS)
def test_sample(name: str):
    raws = frames(FOLDER / name)
    note = note_for(raws, interval="60")
    hold(GOLDEN / f"{Path(name).stem}.json", read_all(READERS[name](), raws, note))


@pytest.mark.parametrize("name", TRADES)
def test_trades(name: str):
    [raw] = frames(FOLDER / name)
    found: Any = [list(trade) for trade in TRADES[name](raw, note_for([raw]))]
    hold(GOLDEN / f"{Path(name).stem}.json", {"trades": found})


def test_live_probe():
    """The rows of the probe, each in the envelope it was cut from."""
    probe = json.loads((FOLDER / PROBE).read_text("utf-8"))

    def wrapped(row: object) -> bytes:
        result = {"symbol": "ETHUSDT", "category": "linear", "list": [row]}
        return dump({"retCode": 0, "retMsg": "OK", "result": result, "time": 1789460500000})

    outcome = []
    for name, read in (
        ("open_interest_ETHUSDT", history.open_interest),
        ("account_ratio", history.account_ratio),
        ("funding", history.funding),
    ):
        raw = wrapped(probe[name])
        outcome += read_all(read, [raw], note_for([raw]))
    hold(GOLDEN / "live_probe.json", outcome)


def test_samples_are_the_shared_ones():
    if not SHARED.is_dir():
        pytest.skip("the shared samples are not beside this checkout")
    for path in FOLDER.iterdir():
        twins = (SHARED / f"bybit.{path.name}", SHARED / "more" / f"Bybit.{path.name}")
        [original] = [twin for twin in twins if twin.exists()]
        assert path.read_bytes() == original.read_bytes()
