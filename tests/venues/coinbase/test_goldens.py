"""Every Coinbase and Deribit sample, parsed, against the committed result."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.venues.golden_frames import PAYLOADS, SHARED, dump, followed, hold, read_all, values
from tideline.domain.venue import GATEWAY
from tideline.venues.coinbase import frames, gateway, products
from tideline.venues.parsed import Note, Parsed

GOLDEN = Path(__file__).parent / "golden"

Read = Callable[[bytes, Note], Parsed]
CAPTURED = 1_775_521_739_189_000
"""2026-04-07T00:28:59.189Z, when the products answer was given: expiry - time_to_expiry_ms."""
TICKED = 1_765_541_474_100_000
"""2025-12-12T12:11:14.1Z, just after the captured ticker."""

SAMPLES: dict[str, tuple[str, int, Read]] = {
    "coinbase/rest_market_products_future.json": ("coinbase", CAPTURED, products.products),
    "coinbase/AdvancedTrade.GetSymbols.txt": ("coinbase", CAPTURED, products.products),
    "coinbase/legacy_intx_ws_risk_funding.json": ("coinbase", CAPTURED, products.products),
    "coinbase/ws_ticker.json": ("coinbase", CAPTURED, products.products),
    "coinbase/Subscriptions.AdvancedTrade.BatchTicker.txt": (GATEWAY, CAPTURED, frames.read),
    "coinbase/Subscriptions.AdvancedTrade.Ticker.txt": (GATEWAY, CAPTURED, frames.read),
    "deribit/rest_get_instruments.json": (GATEWAY, TICKED, gateway.instruments),
    "deribit/rest_book_summary_doc.json": (GATEWAY, TICKED, gateway.summaries),
    "deribit/rest_funding_rate_history_doc.json": (GATEWAY, TICKED, gateway.funding_history),
    "deribit/ws_ticker_BTC-PERPETUAL.json": (GATEWAY, TICKED, frames.read),
    "deribit/ws_trades.json": (GATEWAY, TICKED, frames.read),
    "deribit/ws_trades_liquidation.json": (GATEWAY, TICKED, frames.read),
    "deribit/ws_control_doc.json": (GATEWAY, TICKED, frames.read),
}


def test_every_sample_has_a_reader():
    found = {
        f"{folder}/{path.name}"
        for folder in ("coinbase", "deribit")
        for path in (PAYLOADS / folder).iterdir()
    }
    assert found == set(SAMPLES)


@pytest.mark.parametrize("name", SAMPLES)
def test_sample(name: str):
    venue, received, read = SAMPLES[name]
    raws = [dump(value) for value in values((PAYLOADS / name).read_text("utf-8"))]
    told = dump(["BTC-PERPETUAL"])
    params = {"instrument_name": "BTC-PERPETUAL"}
    note = Note(received, followed(venue, [*raws, told]), params)
    hold(GOLDEN / f"{Path(name).stem}.json", read_all(read, raws, note))


def test_samples_are_the_shared_ones():
    if not SHARED.is_dir():
        pytest.skip("the shared samples are not beside this checkout")
    for name in SAMPLES:
        path = PAYLOADS / name
        if path.stem.endswith("_doc"):
            continue
        twins = (
            SHARED / name.replace("/", "."),
            SHARED / "more" / f"Coinbase.{path.name}",
        )
        [original] = [twin for twin in twins if twin.exists()]
        assert path.read_bytes() == original.read_bytes()
