"""Where a linear position is liquidated: margin and loss together meet the maintenance margin.

    wallet + side · size · (p − entry) = maintenance(size · p)

Maintenance grows by less than the notional does, so there is one such price at most. Solved tier
by tier: with N = size·p, the tier's rate r and its constant c, maintenance(N) = r·N − c, hence

    long    N = (size·entry − wallet − c) / (1 − r)
    short   N = (size·entry + wallet + c) / (1 + r)

and the tier that N lies in is the one that holds. Fees of the liquidation and other positions on
the same margin are left out.
"""

from __future__ import annotations

from typing import Literal

from tideline.readings.margin_tiers import MarginTiers

Side = Literal["long", "short"]
Margin = Literal["isolated", "cross"]


def sign_of(side: Side) -> int:
    """+1 long, −1 short."""
    return 1 if side == "long" else -1


def liquidation_price(
    side: Side, size_coin: float, entry: float, wallet_usd: float, tiers: MarginTiers
) -> float | None:
    """USD per coin; None where the margin covers the whole notional of a long.

    ``wallet_usd``: the margin that stands behind it, the position's own (isolated) or all (cross).
    """
    paid = size_coin * entry
    if side == "long" and wallet_usd >= paid:
        return None
    floor = constant = rate = 0.0
    for tier in tiers.tiers:
        constant += floor * (tier.maintenance - rate)
        rate = tier.maintenance
        if side == "long":
            notional = (paid - wallet_usd - constant) / (1.0 - rate)
        else:
            notional = (paid + wallet_usd + constant) / (1.0 + rate)
        if notional <= tier.cap_usd or tier is tiers.tiers[-1]:
            return notional / size_coin
        floor = tier.cap_usd
    return None
