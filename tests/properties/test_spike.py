"""A 1e17 spike that has left its window leaves no trace."""

from __future__ import annotations

import numpy as np
import pytest

from tests.properties.engine import ask, table_of
from tests.reference.model import HOUR, MINUTE, Row

BIN = ("binance", "BTCUSDT")
START = 20_000 * 24 * HOUR

FLOWS = {"taker_buy_coin": "flow.cvd", "volume_coin": "flow.volume_usdtm"}


def bars(field: str, spike: float) -> list[Row]:
    rng = np.random.default_rng(17)
    found = []
    for k in range(600):
        t = START + k * MINUTE
        value = spike if k == 100 else float(rng.uniform(0.1, 0.9))
        found.append(Row(*BIN, field, t, t, value, cadence_s=60.0))
        if field == "taker_buy_coin":
            found.append(Row(*BIN, "taker_sell_coin", t, t, 0.1, cadence_s=60.0))
        if field in ("open_interest", "mark_price"):
            other = "mark_price" if field == "open_interest" else "open_interest"
            found.append(Row(*BIN, other, t, t, 3.0, cadence_s=60.0))
    return found


@pytest.mark.parametrize(
    ("field", "signal"),
    [
        ("taker_buy_coin", "flow.cvd"),
        ("volume_coin", "flow.volume_usdtm"),
        ("open_interest", "positioning.oi_usdtm_coin"),
        ("mark_price", "price.mark"),
        ("mark_price", "price.rv"),
        ("open_interest", "positioning.oi_change"),
    ],
)
def test_no_trace(field, signal):
    base = f"{signal}@5m"
    tails = ("", ":delta[3]", ":rate", ":zscore[9]", ":pctrank[9]", ":ewma", ":min", ":range")
    addresses = [base + tail for tail in tails]
    # asked all the while, so that whatever is kept from one moment to the next has seen it
    moments = [START + k * MINUTE for k in range(60, 600)]
    seen = ask(table_of(bars(field, 1e17)), moments, addresses, evidence=False)
    calm = ask(table_of(bars(field, 0.5)), moments, addresses, evidence=False)
    gone = np.array(moments) >= START + 161 * MINUTE
    assert np.isfinite(calm.values[gone]).sum() > 2000
    assert seen.values[gone].tobytes() == calm.values[gone].tobytes()
    assert seen.values.tobytes() != calm.values.tobytes()
