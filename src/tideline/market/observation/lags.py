"""When imported history counts as known: the assumed lag after event_time, by venue and field.

The table of the signal catalogue: what Binance, Bybit and OKX publish of open interest, ratios and
taker statistics is taken to be there 5 min after the instant; bars of trades, marks and settled
rates at once.
"""

from __future__ import annotations

from tideline.domain.time import MINUTE

POLLED = ("binance", "bybit", "okx")
LAGGING = (
    "open_interest",
    "open_interest_usd",
    "lsr_top_positions",
    "lsr_top_accounts",
    "lsr_global_accounts",
)


def lag_us(venue: str, field: str) -> int:
    """µs from event_time to the modelled known_time."""
    return 5 * MINUTE if venue in POLLED and field in LAGGING else 0
