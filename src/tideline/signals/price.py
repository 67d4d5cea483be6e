"""Price: where the perpetuals stand, how far they moved, how rough the way was."""

from __future__ import annotations

from tideline.features.signal import Formula, Groups, Signal

_SOURCE = "Mark prices of Binance, Bybit, OKX"

PRICE: tuple[Signal, ...] = (
    Signal(
        "price.mark",
        "stock",
        "USD",
        Groups.USDTM,
        Formula.WEIGHTED_MEAN,
        ("mark_price", "open_interest"),
        "Σ oi · mark / Σ oi",
        "Mark price weighted by open interest.",
        "Always positive.",
        "Not a traded price.",
        _SOURCE,
    ),
    Signal(
        "price.ret",
        "change",
        "log",
        Groups.USDTM,
        Formula.RETURN,
        ("mark_price", "open_interest"),
        "Σ weight · ln( P(t) / P(t−w) )",
        "Return of the mark price over the window, weights fixed at T.",
        "Above 0 price rose.",
        "Not the log ratio of a re-weighted mean: a venue that grows moves nothing.",
        _SOURCE,
    ),
    Signal(
        "price.rv",
        "change",
        "fraction",
        Groups.USDTM,
        Formula.REALISED_VOL,
        ("mark_price", "open_interest"),
        "√ Σ r², r the weighted returns of the 60 sub-windows",
        "Realised volatility of the window.",
        "Never below 0.",
        "Not annualised.",
        _SOURCE,
    ),
)
