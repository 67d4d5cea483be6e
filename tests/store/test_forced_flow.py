"""The forced flow that feeds ``spent`` is that of the sub-windows, not of the whole window."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.planted import DELAY_US, PLANTED, fill
from tideline.readings import price_oi_rule
from tideline.readings.cadence import SUB_WINDOWS
from tideline.readings.flow_left import SpentInputs
from tideline.store import Store, open_store

WINDOW = "45m"
FORCED = "liquidations.liq_long_full"
PUSH = next(push for push in PLANTED if push.state == "long_liquidation")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    path: Path = tmp_path_factory.mktemp("forced") / "store"
    fill(path)
    return open_store(path)


def test_spent_is_handed_the_flow_of_two_sub_windows(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    handed: list[SpentInputs] = []
    filled = price_oi_rule.spent_inputs

    def noted(*given: Any) -> SpentInputs:
        handed.append(filled(*given))
        return handed[-1]

    monkeypatch.setattr(price_oi_rule, "spent_inputs", noted)
    at = PUSH.end + DELAY_US
    (reading,) = store.scan(at, window=WINDOW, assets=[PUSH.asset])
    assert reading.name == PUSH.state
    sub = SUB_WINDOWS[WINDOW]
    names = [f"{FORCED}@{sub}", f"{FORCED}@{sub}:delta", f"{FORCED}@{WINDOW}"]
    (last, change, whole), *_ = store.historical(
        asset=PUSH.asset, as_of=at, features=names
    ).select(names).iter_rows()  # fmt: skip
    (found,) = handed
    assert found.forced == pytest.approx((last - change, last))
    assert last > 0
    assert whole > 1.5 * last  # the window's own flow is another number
    assert found.forced_peak is not None
    assert found.forced_peak < whole
