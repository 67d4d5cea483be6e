"""Which part of the closing was forced: an interval by side, in coin, never a point.

L is the observed forced quantity of the side that the move closes, V the volume traded, both on
the venues with a feed. Every forced close is a trade, so at least L/V of the trades that closed
positions were forced; and at least as many coins were closed as open interest fell, so at most
L/|ΔQ|.
A sampled feed misses liquidations: it gives no upper bound. A liquidation met by someone who opens
does not lower open interest at all, which is why the two bounds stand so far apart.
"""

from __future__ import annotations

from tideline.readings.given import Given, Wants
from tideline.readings.reading import ForcedShare


def share_wants(window: str) -> Wants:
    """Forced quantity, volume and change of the book, of complete feeds and of all."""
    return Wants(
        (
            *(f"liquidations.liq_{side}_full_coin@{window}" for side in ("long", "short")),
            *(f"liquidations.liq_{side}_coin@{window}" for side in ("long", "short")),
            f"flow.volume_full@{window}",
            f"flow.volume_usdtm@{window}",
            f"positioning.oi_full_coin@{window}:delta",
        )
    )


def forced_share(given: Given, side: str) -> ForcedShare | None:
    """The interval for ``long`` or ``short`` positions; None where a feed or volume is missing."""
    w = given.window
    forced = given.number(f"liquidations.liq_{side}_full_coin@{w}")
    volume = given.number(f"flow.volume_full@{w}")
    change = given.number(f"positioning.oi_full_coin@{w}:delta")
    if forced is not None and volume and change is not None:
        low, high = interval(forced, volume, change)
        return ForcedShare(side, low, high, forced, volume, complete=True)
    forced = given.number(f"liquidations.liq_{side}_coin@{w}")
    volume = given.number(f"flow.volume_usdtm@{w}")
    if forced is None or not volume:
        return None
    return ForcedShare(side, min(1.0, forced / volume), None, forced, volume, complete=False)


def interval(forced: float, volume: float, change: float) -> tuple[float, float]:
    """[L/V, min(1, L/|ΔQ|)]; where open interest rose nothing bounds the share from above."""
    low = min(1.0, forced / volume)
    high = min(1.0, forced / -change) if change < 0 else 1.0
    return low, max(low, high)


def share_words(share: ForcedShare) -> str:
    """``12 % to 48 % of the closing of shorts was forced`` …"""
    if share.high is None:
        return f"at least {share.low:.1%} of the closing of {share.side}s was forced (sampled feed)"
    return f"{share.low:.1%} to {share.high:.0%} of the closing of {share.side}s was forced"
