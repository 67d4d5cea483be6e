"""What one address may ask of a venue within a sliding stretch of time."""

from __future__ import annotations

from collections import deque


class Quota:
    """At most ``units`` within any ``per_us``; what is refused costs nothing."""

    def __init__(self, units: float, per_us: int) -> None:
        self.units, self.per_us = units, per_us
        self._spent: deque[tuple[int, float]] = deque()
        self._sum = 0.0

    def take(self, units: float, now: int) -> bool:
        """Spend ``units`` if there are as many left."""
        while self._spent and self._spent[0][0] <= now - self.per_us:
            self._sum -= self._spent.popleft()[1]
        if self._sum + units > self.units:
            return False
        self._spent.append((now, units))
        self._sum += units
        return True
