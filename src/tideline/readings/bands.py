"""How large a move has to be before it counts: fixed and adaptive bands.

A move x is outside its band when |x| > band, and flat when |x| <= band.

fixed      1 % of price, 1.5 % of open interest at 45m, scaled by √(w / 45m)
adaptive   3 × the median |x_w| at the same hours and the same kind of day of the last 30 days;
           that of open interest, up to 1h, × volume now / its median then, within ¼ and 4

Why the last: positions change hands all the time, and what tells intent is how much of what was
traded stayed open or went. So a change counts from three times the usual part of volume on. Why up
to 1h: over hours the volume is part of the event itself. The volume of a crash must not hide it,
so volume never widens a band beyond the published fixed one.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from tideline.domain.time import HOUR, SECOND, to_datetime
from tideline.features.window import WINDOWS
from tideline.readings.parameters import DEFAULTS, Parameters

Mode = Literal["adaptive", "fixed"]
Of = Literal["price", "oi"]
MODES: tuple[Mode, ...] = ("adaptive", "fixed")


@dataclass(frozen=True, slots=True)
class Band:
    """``enter``: fraction a move must exceed; ``leave``: the finer one an episode is left at.

    ``mode`` is the one in force, ``samples`` how many the adaptive median had, ``note`` says when
    the fixed band stands in for the adaptive one. ``activity``: what it was widened by, already in.
    """

    enter: float
    leave: float
    mode: Mode
    samples: int = 0
    note: str = ""
    activity: float = 1.0

    def ratio(self, move: float) -> float:
        """|move| in bands."""
        return abs(move) / self.enter

    def side(self, move: float) -> int:
        """+1 above the band, −1 below it, 0 inside it (a move equal to the band is inside)."""
        return (move > self.enter) - (move < -self.enter)

    def scaled(self, factor: float) -> Band:
        """The same band for a window ``factor``² times as long."""
        return replace(self, enter=self.enter * factor, leave=self.leave * factor)

    def busier(self, activity: float, window: str, parameters: Parameters = DEFAULTS) -> Band:
        """An adaptive band of OI × ``activity``; a fixed one as it is.

        Never finer than the floor, and never widened beyond the published fixed band of ``window``:
        no volume hides a change that a fixed scanner would count.
        """
        if self.mode == "fixed" or activity == 1.0:
            return self
        most = max(fixed_band("oi", window, parameters).enter, self.enter)
        enter = max(min(self.enter * activity, most), parameters.floor)
        times = enter / self.enter
        return replace(self, enter=enter, leave=self.leave * times, activity=times)

    def words(self) -> str:
        """``adaptive, 64 samples`` or ``fixed (…)``."""
        if self.mode == "adaptive":
            busy = "" if self.activity == 1.0 else f", × {self.activity:.2f} for volume"
            return f"adaptive, {self.samples} samples{busy}"
        return f"fixed ({self.note})" if self.note else "fixed"


def fixed_band(of: Of, window: str, parameters: Parameters = DEFAULTS, note: str = "") -> Band:
    """The published band, scaled by the square root of time."""
    base = parameters.fixed_price if of == "price" else parameters.fixed_oi
    width = base * math.sqrt(WINDOWS[window] / (parameters.fixed_window_s * SECOND))
    return _band(width, "fixed", 0, note, parameters)


def baseline_hours(as_of: int, window: str, parameters: Parameters = DEFAULTS) -> tuple[int, ...]:
    """The j (hours back from T) whose moments T − j·1h belong to the adaptive baseline.

    Those with j·1h >= w, a UTC hour within ±1 h of T's (around midnight too) and a day of the same
    class, weekday or weekend.
    """
    reach, most = int(parameters.hour_reach), int(parameters.baseline_hours)
    return _like_hours(as_of // HOUR, WINDOWS[window], reach, most)


@lru_cache(maxsize=256)
def _like_hours(hour: int, window_us: int, reach: int, most: int) -> tuple[int, ...]:
    """Of all moments within one hour the same ones: minutes do not matter."""
    weekend = _weekend(hour * HOUR)
    found = []
    for j in range(1, most + 1):
        apart = j % 24
        if min(apart, 24 - apart) > reach or j * HOUR < window_us:
            continue
        if _weekend((hour - j) * HOUR) == weekend:
            found.append(j)
    return tuple(found)


def adaptive_band(
    of: Of,
    window: str,
    samples: Sequence[float | None],
    parameters: Parameters = DEFAULTS,
) -> Band:
    """The band from the moves at :func:`baseline_hours` (fractions; null samples do not count)."""
    sizes = [abs(x) for x in samples if x is not None and math.isfinite(x)]
    if len(sizes) < parameters.min_samples:
        short = f"{len(sizes)} of the {parameters.min_samples:g} samples an adaptive band needs"
        return fixed_band(of, window, parameters, short)
    width = max(parameters.k_in * statistics.median(sizes), parameters.floor)
    return _band(width, "adaptive", len(sizes), "", parameters)


def knows_volume(window: str, parameters: Parameters = DEFAULTS) -> bool:
    """Is the band of open interest of this window one that goes by volume?"""
    return WINDOWS[window] <= parameters.activity_window_s * SECOND


def activity(
    now: float | None, usual: Sequence[float | None], parameters: Parameters = DEFAULTS
) -> float:
    """Volume over the window / its median at like hours, within [1/4, 4].

    1 where it cannot be told: no volume at T, fewer samples than an adaptive band needs, median 0.
    """
    return against(now, usual_volume(usual, parameters), parameters)


def usual_volume(usual: Sequence[float | None], parameters: Parameters = DEFAULTS) -> float:
    """The median volume at like hours; 0 with fewer samples than an adaptive band needs."""
    sizes = [x for x in usual if x is not None and math.isfinite(x)]
    return statistics.median(sizes) if len(sizes) >= parameters.min_samples else 0.0


def against(now: float | None, usual: float, parameters: Parameters = DEFAULTS) -> float:
    """:func:`activity` against a median that was worked out before."""
    if now is None or not math.isfinite(now) or usual <= 0.0:
        return 1.0
    most = parameters.activity_most
    return min(max(now / usual, 1.0 / most), most)


def _band(width: float, mode: Mode, samples: int, note: str, parameters: Parameters) -> Band:
    return Band(width, width * parameters.k_out / parameters.k_in, mode, samples, note)


def _weekend(us: int) -> bool:
    return to_datetime(us).weekday() >= 5
