"""Live is historical at the head: every value, all of it, after flush, compaction and reopening."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.serve.world import Desk, Growing, desk_over, minutes, simulated_rows
from tideline.domain.time import DAY

FEATURES = [
    "positioning.oi_usdtm@1h:zscore",
    "positioning.oi_usdtm_coin@1h:rate",
    "positioning.oi_usdtm_coin@15m:delta",
    "positioning.oi_change@30m",
    "positioning.oi_usdtm@4h:pctrank[12]",
    "positioning.oi_usdtm@1h:max",
    "positioning.taker_imbalance@15m",
    "positioning.oi_price_divergence@1h",
    "positioning.oi_volume@1h",
    "funding.funding_avg@1h",
    "funding.minutes_until_funding@1h",
    "funding.basis_usdtm@5m:ewma",
    "flow.cvd@15m:zscore[8]",
    "flow.volume_usdtm@1h:range",
    "liquidations.liq_long_vol@1h",
    "liquidations.liq_imbalance@4h",
    "price.mark@5m:min",
    "price.ret@1h",
    "price.ret@15m:pctrank[20]",
    "price.rv@1h",
]
MORE = [
    f"{signal}@{window}{tail}"
    for signal, tail in (
        ("positioning.oi_usdtm", ":delta"),
        ("positioning.oi_usdtm", ":min"),
        ("positioning.oi_all_coin", ":rate"),
        ("positioning.oi_change", ":zscore[10]"),
        ("positioning.oi_share_top", ""),
        ("funding.funding_avg", ":delta"),
        ("funding.funding_dispersion", ""),
        ("flow.cvd", ""),
        ("price.ret", ":ewma"),
        ("liquidations.liq_short_vol", ""),
    )
    for window in ("5m", "1h", "4h")
]
Kept = dict[tuple[str, str, str], str]


def live(desk: Desk, assets: list[str], features: list[str]) -> Kept:
    """What live says now, each value as the text that came."""
    desk.service.follower.step()
    answer = desk.get(
        "/v1/features/live", params={"asset": ",".join(assets), "features": ",".join(features)}
    )
    assert answer.status_code == 200, answer.text
    return told(answer.json(), features)


def told(answer: dict[str, Any], features: list[str]) -> Kept:
    found = {}
    for row in answer["rows"]:
        for feature, value in zip(features, row["values"], strict=True):
            assert value["as_of"] == row["as_of"]
            found[row["asset"], row["as_of"], feature] = json.dumps(value)
    return found


def historical(desk: Desk, asked: Kept, features: list[str]) -> Kept:
    """The same questions, asked of the past."""
    rows = sorted({(asset, at) for asset, at, _ in asked})
    found: Kept = {}
    for low in range(0, len(rows), 200):
        part = [{"asset": asset, "as_of": at} for asset, at in rows[low : low + 200]]
        body = {"rows": part, "features": features}
        answer = desk.post("/v1/features/historical", json=body)
        assert answer.status_code == 200, answer.text
        found |= told(answer.json(), features)
    return found


def differences(before: Kept, after: Kept) -> list[str]:
    assert before.keys() == after.keys()
    return [
        f"{key}: {before[key]} then {after[key]}" for key in before if before[key] != after[key]
    ]


def record(
    path: Path, assets: list[str], features: list[str], stamps: int, days: float
) -> tuple[Kept, Growing]:
    """Ask live at every stamp of a store that grows, is flushed, compacted and told of its past."""
    growing = Growing(path, simulated_rows(assets, days))
    rng = np.random.default_rng(7)
    asked: Kept = {}
    step = round(days * DAY / stamps)
    growing.advance(step)
    with desk_over(path, growing.clock, timeout_s=1e9) as desk:
        for stamp in range(stamps):
            growing.advance(step + int(rng.integers(0, 90_000_000)) - 45_000_000)
            if stamp % 5 == 4:
                growing.restate(0.01, str(rng.choice(["open_interest", "taker_buy_coin"])))
            if stamp % 11 == 10:
                growing.writer.flush()
            asked |= live(desk, assets, features)
    return asked, growing


def test_live_is_historical_at_the_head(tmp_path: Path) -> None:
    features, assets = FEATURES, ["BTC", "ETH"]
    asked, growing = record(tmp_path / "store", assets, features, stamps=24, days=0.5)
    numbers = sum(json.loads(value)["value"] is not None for value in asked.values())
    assert numbers > len(asked) / 2
    assert any(json.loads(value)["revised"] for value in asked.values())
    with desk_over(tmp_path / "store", growing.clock, timeout_s=1e9) as desk:
        assert differences(asked, historical(desk, asked, features)) == []
    growing.close()
    growing.log.compact(grace_us=0)
    with desk_over(tmp_path / "store", growing.clock, timeout_s=1e9) as desk:
        assert differences(asked, historical(desk, asked, features)) == []


def test_a_difference_would_be_seen() -> None:
    key = ("BTC", "2026-03-02T00:00:00.000000Z", "price.ret@1h")
    assert differences({key: '{"value": 1.0}'}, {key: '{"value": 1.0000000000000002}'})


def test_a_question_of_more_fields_or_deeper_reads_again(tmp_path: Path) -> None:
    growing = Growing(tmp_path / "store", simulated_rows(["BTC"], 0.3))
    growing.advance(minutes(200))
    with desk_over(tmp_path / "store", growing.clock) as desk:
        asked = live(desk, ["BTC"], FEATURES[:1])
        growing.advance(minutes(7))
        asked |= live(desk, ["BTC"], FEATURES[10:14])
        growing.advance(minutes(7))
        asked |= live(desk, ["BTC"], ["positioning.oi_usdtm@4h:zscore[60]"])
        for feature in sorted({feature for _, _, feature in asked}):
            mine = {key: value for key, value in asked.items() if key[2] == feature}
            assert differences(mine, historical(desk, mine, [feature])) == []
    growing.close()


@pytest.mark.slow
def test_live_is_historical_in_a_million_values(tmp_path: Path) -> None:
    """50 addresses × 20 assets over ten days; then flushed, compacted and reopened."""
    assets = ["BTC", "ETH", *(f"C{k:02}" for k in range(18))]
    features = [*FEATURES, *MORE]
    assert len(features) == 50
    asked, growing = record(tmp_path / "store", assets, features, stamps=1001, days=10.0)
    assert len(asked) >= 1_000_000
    growing.close()
    growing.log.compact(grace_us=0)
    with desk_over(tmp_path / "store", growing.clock, timeout_s=1e9) as desk:
        assert differences(asked, historical(desk, asked, features)) == []
