"""Every Bitget sample, parsed, against the committed result."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.venues.golden_frames import PAYLOADS, RECEIVED, SHARED, followed, frames, hold, read_all
from tideline.venues.bitget import history, rest, stream
from tideline.venues.parsed import Note, Parsed
from tideline.venues.symbols import parse_symbol

FOLDER = PAYLOADS / "bitget"
GOLDEN = Path(__file__).parent / "golden"

READERS: dict[str, Callable[[bytes, Note], Parsed]] = {
    "Futures.GetContracts.txt": rest.listings,
    "Futures.GetFundingRate.txt": rest.funding_rates,
    "Futures.GetHistoricalFundingRate.txt": history.funding,
    "Futures.GetHistoricalMarkPriceKlines.txt": history.mark,
    "Futures.GetNextFundingTime.txt": rest.funding_times,
    "Futures.GetOpenInterest.txt": rest.open_interest,
    "Futures.GetTicker.txt": rest.tickers,
    "Futures.GetTickers.txt": rest.tickers,
    "Subscriptions.Futures.Ticker.txt": stream.read,
    "Unified.GetFundingRate.txt": rest.funding_rates,
    "Unified.GetFundingRateHistory.txt": history.funding,
    "Unified.GetFuturesSymbols.txt": rest.listings,
    "Unified.GetFuturesTickers.txt": rest.tickers,
    "Unified.GetOpenInterest.txt": rest.open_interest,
    "Unified.GetOpenInterestLimit.txt": rest.open_interest,
    "v2_contracts.json": rest.listings,
    "v2_history_fund_rate.json": history.funding,
    "v2_open_interest.json": rest.open_interest,
    "v2_tickers.json": rest.tickers,
    "v3_current_fund_rate.json": rest.funding_rates,
    "v3_instruments.json": rest.listings,
    "v3_open_interest.json": rest.open_interest,
    "v3_tickers.json": rest.tickers,
    "ws_v2_ticker.json": stream.read,
    "ws_v3_liquidation.json": stream.read,
    "ws_v3_ticker.json": stream.read,
}


def note_for(raws: list[bytes]) -> Note:
    named = dict(followed("bitget", raws)) | {"BTCUSDT": parse_symbol("bitget", "BTCUSDT")}
    return Note(RECEIVED, named, {"symbol": "BTCUSDT", "granularity": "5m"})


def test_every_sample_has_a_reader():
    assert {path.name for path in FOLDER.iterdir()} == set(READERS)


@pytest.mark.parametrize("name", READERS)
def test_sample(name: str):
    raws = frames(FOLDER / name)
    hold(GOLDEN / f"{Path(name).stem}.json", read_all(READERS[name], raws, note_for(raws)))


def test_samples_are_the_shared_ones():
    if not SHARED.is_dir():
        pytest.skip("the shared samples are not beside this checkout")
    for path in FOLDER.iterdir():
        twins = (SHARED / f"bitget.{path.name}", SHARED / "more" / f"Bitget.{path.name}")
        [original] = [twin for twin in twins if twin.exists()]
        assert path.read_bytes() == original.read_bytes()
