"""What goes with a price × OI state: USD split, direction of the flow, what is left of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tideline.domain.time import DAY, HOUR
from tideline.readings.bands import Band
from tideline.readings.parameters import DEFAULTS, Parameters
from tideline.readings.reading import UsdSplit


def usd_split(
    coin: float, coin_delta: float, mark: float, mark_delta: float, usd_delta: float | None
) -> UsdSplit:
    """Split the change of dollar open interest into quantity, price and their product.

    Args:
        coin, mark: OI in coin and mark price at T (levels).
        coin_delta, mark_delta: their change over the window.
        usd_delta: change of OI in USD as counted, for the remainder (venues' own marks differ
            from the weighted one); None where it is not known.
    """
    q, p = coin - coin_delta, mark - mark_delta
    quantity, price, cross = p * coin_delta, q * mark_delta, mark_delta * coin_delta
    remainder = None if usd_delta is None else usd_delta - (quantity + price + cross)
    return UsdSplit(usd_delta, quantity, price, cross, remainder)


def fuel_left(hourly: Sequence[float | None], parameters: Parameters = DEFAULTS) -> float | None:
    """1 − (Q_peak − Q) / (Q_peak − Q_base), clamped to [0, 1]; None when it cannot be told.

    Args:
        hourly: OI in coin at T − j·1h, j = 0, 1, 2, … as known at T; 14 days reach far enough.

    The peak is the greatest OI of the 7 days up to T (the latest, if equal), the base the least of
    the 7 days before the peak. 1: nothing has been closed yet; 0: all that was built is gone.
    """
    days = int(parameters.fuel_days * DAY // HOUR)
    now = hourly[0] if hourly else None
    recent = [(q, -j) for j, q in enumerate(hourly[: days + 1]) if q is not None]
    if now is None or not recent:
        return None
    peak, at = max(recent)
    before = [q for q in hourly[1 - at : 1 - at + days] if q is not None]
    if not before or peak <= min(before):
        return None
    return min(1.0, max(0.0, 1.0 - (peak - now) / (peak - min(before))))


@dataclass(frozen=True, slots=True)
class SpentInputs:
    """What has to be known of the last two sub-windows and of the episode before them.

    Attributes:
        oi_rates: rate of OI in the sub-windows, the older first.
        forced: forced flow (USD) in them, the older first; None where no feed is complete.
        forced_peak: largest forced flow of any sub-window of the episode, USD.
        extreme_before: the episode's furthest price before them, in its own direction.
        extreme_within: the furthest price within them.
        upward: True for short_covering (the extreme is a high), False for long_liquidation.
    """

    oi_rates: tuple[float | None, float | None]
    forced: tuple[float | None, float | None] | None
    forced_peak: float | None
    extreme_before: float | None
    extreme_within: float | None
    upward: bool


def spent(
    given: SpentInputs | None, sub_band: Band, parameters: Parameters = DEFAULTS
) -> tuple[bool | None, str]:
    """Is the forced side largely done? (verdict, why); None where an input is missing.

    True needs all three: OI inside its band in two consecutive sub-windows, forced flow at most
    a quarter of the episode's peak in both, and no new price extreme.
    """
    if given is None:
        return None, "needs the episode's own sub-windows"
    if any(rate is None for rate in given.oi_rates):
        return None, "open interest of a sub-window is missing"
    if any(sub_band.side(rate) for rate in given.oi_rates if rate is not None):
        return False, "open interest still moves outside its band"
    if given.extreme_before is None or given.extreme_within is None:
        return None, "prices of the episode are missing"
    beyond = given.extreme_within - given.extreme_before
    if (beyond if given.upward else -beyond) > 0:
        return False, "price made a new extreme"
    if given.forced is None or given.forced_peak is None or None in given.forced:
        return None, "no complete liquidation feed, so forced flow cannot be told"
    limit = parameters.spent_forced * given.forced_peak
    if any(flow > limit for flow in given.forced if flow is not None):
        return False, f"forced flow is still above {parameters.spent_forced:.0%} of its peak"
    return True, "open interest is steady, forced flow is low and price makes no new extreme"
