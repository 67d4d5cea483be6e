"""R8 on three years of recorded hours of Bybit, its outcomes against the file itself."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tideline.collect.archives.table_import import import_table
from tideline.domain.time import DAY, HOUR, ManualClock, parse_time
from tideline.log import Log
from tideline.store import Store

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("TIDELINE_SHARED", ROOT / ".." / "shared")) / "data"
FILE = DATA / "bybit_linear_1h" / "BTCUSDT_1h.parquet"
NOW = int(parse_time("2026-11-20T00:00:00Z"))

pytestmark = pytest.mark.skipif(not FILE.is_file(), reason=f"no recorded hours at {FILE}")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    clock = ManualClock(NOW)
    path = tmp_path_factory.mktemp("bybit") / "s"
    import_table(Log.create(path, clock), [FILE], "bybit_linear_1h", clock)
    return Store(Log.open(path, clock))


@pytest.fixture(scope="module")
def closes() -> dict[int, float]:
    """Price at the END of each hour."""
    frame = pl.read_parquet(FILE)
    stamp = frame["timestamp"].cast(pl.Datetime("us")).dt.timestamp("us").to_numpy()
    return dict(zip((stamp + HOUR).tolist(), frame["close"].to_list(), strict=True))


@pytest.mark.parametrize("moment", ["2022-11-09T16:00:00Z", "2023-08-18T00:00:00Z"])
def test_what_followed_is_what_the_file_says(
    store: Store, closes: dict[int, float], moment: str
) -> None:
    T = int(parse_time(moment))
    found = store.analogues("BTC", T)
    assert found.told
    assert len(found.chosen) == 50
    assert found.candidates > 19_000
    at = sorted(one.at for one in found.chosen)
    assert at[-1] + DAY + HOUR <= T
    assert min(np.diff(at)) >= DAY
    for one in found.chosen:
        for hours, moved in zip((1, 4, 24), one.price, strict=True):
            now, then = closes[one.at + hours * HOUR], closes[one.at]
            assert moved == pytest.approx(now / then - 1.0, abs=1e-9)
    day = found.followed("24h")
    assert day is not None
    assert day.like is not None
    assert day.like.rose == sum(one.price[2] > 0 for one in found.chosen)


def test_a_report_inside_a_cascade(store: Store) -> None:
    """2022-11-09, two days into the fall: a long against it does not line up."""
    report = store.report(
        "BTC", side="long", entry=17_000.0, stop=16_000.0, size=1.0, leverage=20.0,
        equity=60_000.0, as_of="2022-11-09T16:00:00Z",
    )  # fmt: skip
    assert report.item("alignment").verdict == "fail"
    assert report.item("liquidation").verdict == "fail"  # 5 % of margin, the stop is 5.9 % away
    assert report.item("risk").verdict == "fail"
    assert report.item("skew").verdict != "pass"  # one venue is no breadth
    assert [odds.count for odds in report.odds] == [50, 50, 50]
