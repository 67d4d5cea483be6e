"""Examples of requests and answers for the OpenAPI document, checked against its shapes."""

from __future__ import annotations

from typing import Any

from litestar.openapi.spec import Example

AT = "2026-02-05T16:00:00.000000Z"
VALUE: dict[str, Any] = {
    "feature": "positioning.oi_usdtm@1h:zscore",
    "value": 1.83,
    "unit": "1",
    "as_of": AT,
    "age_s": 2.1,
    "n": 12,
    "coverage": 1.0,
    "basis": "recorded",
    "revised": 0,
    "reason": None,
    "derived": [],
    "completeness": None,
    "simulated": False,
    "legs": [
        {
            "venue": "binance",
            "instrument": "BTCUSDT",
            "age_s": 1.2,
            "used": True,
            "value": 8.1e9,
            "previous": 8.0e9,
        }
    ],
}
ANSWERS = [
    Example(
        summary="One value with its evidence",
        value={"resolved": AT, "rows": [{"asset": "BTC", "as_of": AT, "values": [VALUE]}]},
    ),
    Example(
        summary="evidence=false",
        value={"resolved": AT, "rows": [{"asset": "BTC", "as_of": AT, "values": [1.83]}]},
    ),
]
_BATCH = {
    "rows": [
        {"asset": "BTC", "as_of": "2026-02-05T16:00:00Z"},
        {"asset": "ETH", "as_of": 1770307200000},
    ],
    "features": ["positioning.oi_usdtm@1h:zscore", "price.ret@1h"],
    "strict": False,
}
BATCH = Example(summary="Two rows", value=_BATCH)
ALERT = Example(
    summary="Covering on two coins",
    value={
        "rule": "positioning.oi_usdtm_coin@15m:rate < -0.05 and price.ret@15m > 0",
        "assets": ["BTC", "ETH"],
        "channel": {"kind": "webhook", "url": "https://hooks.example.com/x"},
        "cooldown_s": 900,
        "every_s": 60,
        "name": "covering",
    },
)
SERIES = [
    Example(
        summary="Two points",
        value={
            "asset": "BTC",
            "feature": "price.ret@1h",
            "unit": "log",
            "resolved": AT,
            "as_of": ["2026-02-05T14:00:00.000000Z", "2026-02-05T15:00:00.000000Z"],
            "value": [-0.0031, None],
        },
    )
]
POSITION = Example(
    summary="A long",
    value={
        "asset": "BTC",
        "side": "long",
        "entry": 67_600.0,
        "stop": 64_500.0,
        "size": 0.3,
        "leverage": 10.0,
        "equity": 100_000.0,
        "margin": "isolated",
        "horizon": "2d",
        "as_of": AT,
    },
)
READINGS = [
    Example(
        summary="One state",
        value={
            "resolved": AT,
            "window": "45m",
            "simulated": False,
            "readings": [
                {
                    "name": "short_covering",
                    "asset": "BTC",
                    "window": "45m",
                    "as_of": AT,
                    "severity": "elevated",
                    "direction": "up",
                    "strength": 1.7,
                    "because": "price +2.1 % while open interest −3.0 % over 45m",
                }
            ],
        },
    )
]
