"""Flow: what was traded and which side crossed the spread."""

from __future__ import annotations

from tideline.features.signal import Formula, Groups, Signal

FLOW: tuple[Signal, ...] = (
    Signal(
        "flow.cvd",
        "flow",
        "coin",
        Groups.USDTM,
        Formula.FLOW_DIFFERENCE,
        ("taker_buy_coin", "taker_sell_coin"),
        "Σ (taker_buy_coin − taker_sell_coin)",
        "Cumulative volume delta of the window: aggressive buying less aggressive selling.",
        "Above 0 takers bought more than they sold.",
        "Not a running total since some start: the window's own sum.",
        "Taker volumes of Binance, Bybit, OKX",
    ),
    Signal(
        "flow.volume_usdtm",
        "flow",
        "coin",
        Groups.USDTM,
        Formula.FLOW_SUM,
        ("volume_coin",),
        "Σ volume_coin",
        "Quantity traded in USDT perpetuals.",
        "Never below 0.",
        "Not positions opened: most volume changes hands without changing open interest.",
        "Volume bars of Binance, Bybit, OKX",
    ),
    Signal(
        "flow.volume_full",
        "flow",
        "coin",
        Groups.FULL,
        Formula.FLOW_SUM,
        ("volume_coin",),
        "Σ volume_coin where the liquidation feed is complete",
        "Quantity traded on venues whose liquidation feed carries every liquidation.",
        "Never below 0.",
        "Not the market's volume: what forced closing is held against.",
        "Bybit volume bars",
    ),
    Signal(
        "flow.spot_perp_volume",
        "flow",
        "ratio",
        Groups.BIN,
        Formula.SPOT_PERP,
        ("spot_volume_usd", "volume_coin", "mark_price"),
        "Σ spot_volume_usd / (Σ volume_coin × mark at T)",
        "Spot trading against perpetual trading on Binance.",
        "Above 1 spot trades more; low values mean derivatives lead.",
        "Not net buying.",
        "Binance spot and USDT perpetual klines",
    ),
)
