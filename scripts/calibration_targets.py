"""Compute the real numbers from the recordings and write them to targets.toml.

python scripts/calibration_targets.py           writes the file
python scripts/calibration_targets.py --check   says whether it is what the recordings give
"""

import sys
from pathlib import Path

import real_series
from real_series import DATA, ROOT

from tideline.market.calibration.rhythm import profile
from tideline.market.calibration.series import Series
from tideline.market.calibration.statistics import statistics
from tideline.market.calibration.targets import Column, render

FILE = Path(ROOT) / "src" / "tideline" / "market" / "calibration" / "targets.toml"
NOTE = """
Statistics of real recordings; written by scripts/calibration_targets.py, not by hand.
fit and held_out are one contract (Binance BTCUSDT) at dates that do not meet: a made market is
tuned to fit alone and judged on held_out. The other columns are further looks: other dates,
assets and venues. [value, samples] in the order of the columns' places; [] where unknown.
Dates are UTC, the last one not included.
"""


def recordings() -> dict[str, Series]:
    """Every recording by the name of its column."""
    return {
        "fit": real_series.binance_btc("2026-01-24", "2026-04-01"),
        "held_out": real_series.binance_btc("2026-04-01", "2026-06-01"),
        "binance_btc_earlier": real_series.binance_five("BTC", "2025-12-01", "2026-01-24"),
        "binance_eth": real_series.binance_five("ETH", "2025-12-01", "2026-04-01"),
        "binance_sol": real_series.binance_five("SOL", "2025-12-01", "2026-04-01"),
        "binance_btc_15m": real_series.binance_quarter("BTC"),
        "binance_eth_15m": real_series.binance_quarter("ETH"),
        "bybit_btc": real_series.bybit("BTCUSDT_1h_2026", "BTC", "2026-01-01", "2026-03-01"),
        "okx_btc": real_series.okx(),
        "bybit_btc_2022": real_series.bybit("BTCUSDT_1h", "BTC", "2022-01-01", "2024-01-01"),
        "bybit_eth_2022": real_series.bybit("ETHUSDT_1h", "ETH", "2022-01-01", "2024-01-01"),
    }


def column(name: str, series: Series) -> Column:
    """One recording in numbers."""
    shares = profile(series)
    return Column(
        name,
        series.name,
        series.steps,
        series.step_s,
        statistics(series),
        () if shares is None else tuple(float(share) for share in shares),
    )


def text() -> str:
    """What targets.toml is to be."""
    return render([column(name, series) for name, series in recordings().items()], NOTE)


def main() -> int:
    """Write or check."""
    if not DATA.is_dir():
        print(f"no recordings in {DATA}; set TIDELINE_SHARED")
        return 1
    made = text()
    if "--check" in sys.argv:
        same = FILE.read_text("utf-8") == made
        print("targets.toml is what the recordings give" if same else "targets.toml differs")
        return 0 if same else 1
    FILE.write_text(made, "utf-8")
    print(f"wrote {FILE.relative_to(ROOT)}: {len(made.splitlines())} lines")
    return 0


if __name__ == "__main__":
    sys.exit(main())
