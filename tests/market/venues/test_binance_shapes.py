"""The server's answers have the fields of the samples, and of the same kinds."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.venues.binance.samples import SAMPLES
from tideline.domain.time import DAY, HOUR, parse_time
from tideline.market.synthetic import Synthetic
from tideline.market.venues.binance import BinanceServer
from tideline.venues.wire import Request

START = int(parse_time("2026-11-20T12:00:00Z"))
NOW = START + 7 * HOUR + 345_678
MARKET = Synthetic(53, 7, START)
BODIES = {sample.file: json.loads(sample.body) for sample in SAMPLES}

PERIOD = ("period", "5m")
BTC, PERP, PAIR = ("symbol", "BTCUSDT"), ("symbol", "BTCUSD_PERP"), ("pair", "BTCUSD")
TYPE = ("contractType", "PERPETUAL")
BARS = ("interval", "1m")

ASKED: dict[str, tuple[str, str, tuple[tuple[str, str], ...]]] = {
    "CoinFutures.GetExchangeInfo.txt": ("cm", "/dapi/v1/exchangeInfo", ()),
    "CoinFutures.GetFundingRates.txt": ("cm", "/dapi/v1/fundingRate", (PERP,)),
    "CoinFutures.GetGlobalLongShortAccountRatio.txt":
        ("cm", "/futures/data/globalLongShortAccountRatio", (PAIR, PERIOD)),
    "CoinFutures.GetMarkPriceKlines.txt": ("cm", "/dapi/v1/markPriceKlines", (PERP, BARS)),
    "CoinFutures.GetMarkPrices.txt": ("cm", "/dapi/v1/premiumIndex", ()),
    "CoinFutures.GetOpenInterest.txt": ("cm", "/dapi/v1/openInterest", (PERP,)),
    "CoinFutures.GetOpenInterestHistory.txt":
        ("cm", "/futures/data/openInterestHist", (PAIR, TYPE, PERIOD)),
    "CoinFutures.GetTakerBuySellVolumeRatio.txt":
        ("cm", "/futures/data/takerBuySellVol", (PAIR, TYPE, PERIOD)),
    "CoinFutures.GetTopLongShortAccountRatio.txt":
        ("cm", "/futures/data/topLongShortAccountRatio", (PAIR, PERIOD)),
    "CoinFutures.GetTopLongShortPositionRatio.txt":
        ("cm", "/futures/data/topLongShortPositionRatio", (PAIR, PERIOD)),
    "dapi_exchangeInfo.json": ("cm", "/dapi/v1/exchangeInfo", ()),
    "dapi_premiumIndex.json": ("cm", "/dapi/v1/premiumIndex", (PERP,)),
    "dapi_takerBuySellVol.json": ("cm", "/futures/data/takerBuySellVol", (PAIR, TYPE, PERIOD)),
    "dapi_topLongShortPositionRatio.json":
        ("cm", "/futures/data/topLongShortPositionRatio", (PAIR, PERIOD)),
    "dapi_futures_data_openInterestHist.json":
        ("cm", "/futures/data/openInterestHist", (PAIR, TYPE, PERIOD)),
    "UsdFutures.GetExchangeInfo.txt": ("um", "/fapi/v1/exchangeInfo", ()),
    "UsdFutures.GetFundingInfo.txt": ("um", "/fapi/v1/fundingInfo", ()),
    "UsdFutures.GetMarkPrice.txt": ("um", "/fapi/v1/premiumIndex", (BTC,)),
    "UsdFutures.GetMarkPriceKlines.txt": ("um", "/fapi/v1/markPriceKlines", (BTC, BARS)),
    "UsdFutures.GetOpenInterest.txt": ("um", "/fapi/v1/openInterest", (BTC,)),
    "fapi_exchangeInfo.json": ("um", "/fapi/v1/exchangeInfo", ()),
    "fapi_fundingInfo.json": ("um", "/fapi/v1/fundingInfo", ()),
    "fapi_fundingRate.json": ("um", "/fapi/v1/fundingRate", (BTC,)),
    "fapi_futures_data_openInterestHist.json":
        ("um", "/futures/data/openInterestHist", (BTC, PERIOD)),
    "fapi_globalLongShortAccountRatio.json":
        ("um", "/futures/data/globalLongShortAccountRatio", (BTC, PERIOD)),
    "fapi_openInterest.json": ("um", "/fapi/v1/openInterest", (BTC,)),
    "fapi_premiumIndex.json": ("um", "/fapi/v1/premiumIndex", (BTC,)),
    "fapi_takerlongshortRatio.json": ("um", "/futures/data/takerlongshortRatio", (BTC, PERIOD)),
    "fapi_topLongShortAccountRatio.json":
        ("um", "/futures/data/topLongShortAccountRatio", (BTC, PERIOD)),
    "fapi_topLongShortPositionRatio.json":
        ("um", "/futures/data/topLongShortPositionRatio", (BTC, PERIOD)),
}  # fmt: skip

NEVER_ASKED = {
    "CoinFutures.GetFundingInfo.txt": "every COIN-M contract pays each 8 h: an empty list",
    "CoinFutures.GetTickers.txt": "a call nobody needs",
    "UsdFutures.GetTicker.txt": "a call nobody needs",
    "dapi_openInterest.json": "the answer in a wrapper that tardis made",
}
OLDER = {
    "UsdFutures.GetFundingRates.txt": "without rateType",
    "UsdFutures.GetGlobalLongShortAccountRatio.txt": "timestamps as text",
    "UsdFutures.GetOpenInterestHistory.txt": "timestamps as text",
    "UsdFutures.GetTakerBuySellVolumeRatio.txt": "timestamps as text",
    "UsdFutures.GetTopLongShortAccountRatio.txt": "timestamps as text",
    "UsdFutures.GetTopLongShortPositionRatio.txt": "timestamps as text",
    "fapi_futures_data_openInterestHist_2rows.json": "timestamps as text",
}
"""Older documentation of calls whose present form is in ASKED."""


def shape(value: Any) -> Any:
    """Keys and kinds of a value; of a list, those of its first element."""
    if isinstance(value, dict):
        return {name: shape(item) for name, item in sorted(value.items())}
    if isinstance(value, list):
        return [shape(value[0])] if value and isinstance(value[0], dict) else [kind(value)]
    return type(value).__name__


def kind(row: list[Any]) -> list[str]:
    """Kinds within a row of plain cells or rows."""
    return [type(cell).__name__ if not isinstance(cell, list) else str(kind(cell)) for cell in row][
        : 12 if len(row) == 12 else 1
    ]


def filters(body: Any) -> dict[str, Any]:
    """Every kind of filter in an exchangeInfo."""
    return {f["filterType"]: shape(f) for row in body["symbols"] for f in row["filters"]}


def test_every_rest_sample_is_looked_at():
    rest = {name for name in BODIES if not name.startswith(("ws_", "Subscriptions"))}
    assert rest == ASKED.keys() | NEVER_ASKED.keys() | OLDER.keys()


@pytest.mark.parametrize("name", ASKED)
def test_rest(name: str):
    host, path, params = ASKED[name]
    reply = BinanceServer(MARKET).answer(Request(host, path, params), NOW)
    body, sample = json.loads(reply.body), BODIES[name]
    if path.endswith("exchangeInfo"):
        assert filters(body) == filters(sample)
        for each in (body, sample):
            each["symbols"] = [
                {k: v for k, v in row.items() if k not in ("filters", "underlyingSubType")}
                for row in each["symbols"]
            ]
    assert shape(body) == shape(sample)


def frames(host: str, name: str) -> dict[str, Any]:
    """The first frame of one stream."""
    place = "/market/stream" if host == "um_ws" else "/stream"
    session = BinanceServer(MARKET, pace=600.0).open(host, f"{place}?streams={name}", NOW)
    assert session is not None
    due = session.next_due(NOW)
    while due is not None and due < NOW + DAY:
        for frame in session.push(due):
            found: dict[str, Any] = json.loads(frame)
            return found
        due = session.next_due(due + 1)
    raise AssertionError("nothing was said")


def test_pushed_marks():
    [sample] = [BODIES["ws_fapi_markPrice_2026_doc.json"]]
    frame = frames("um_ws", "!markPrice@arr@1s")
    assert frame.keys() == {"stream", "data"}
    assert shape(frame["data"][0]) == shape(sample)
    assert shape(frames("um_ws", "btcusdt@markPrice@1s")["data"]) == shape(sample)


def test_pushed_liquidations():
    """As captured, and ``st``, which came with the merging of the streams."""
    frame = frames("cm_ws", "btcusd_perp@forceOrder")
    sample = BODIES["ws_dapi_forceOrder.json"]
    assert frame["data"].pop("st") == 2
    assert shape(frame) == shape(sample)
    older = BODIES["ws_fapi_forceOrder_doc.json"]
    assert shape(frame["data"])["o"].items() >= shape(older)["o"].items()
    order = frames("um_ws", "btcusdt@forceOrder")["data"]["o"]
    assert order["z"] == order["q"] != order["l"]
