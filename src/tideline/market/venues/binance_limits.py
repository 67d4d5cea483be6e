"""How much Binance lets an address ask: weight, refusals, and bans for those who go on.

Every answer says what weight the minute has seen. Beyond the limit comes 429 with Retry-After; who
asks on regardless is banned (418), for longer each time: two minutes to three days.
"""

from __future__ import annotations

from tideline.domain.time import DAY, MINUTE, SECOND
from tideline.market.venues.quota import Quota
from tideline.venues.wire import Reply

PATIENCE = 10
"""Refused requests in one minute after which the ban comes."""
FIRST_BAN = 2 * MINUTE
LONGEST_BAN = 3 * DAY


class Weight:
    """The weight of one product's host, minute by minute, and its bans."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.banned_until = 0
        self._next_ban = FIRST_BAN
        self._minute, self._used, self._refused = -1, 0, 0

    def take(self, units: int, now: int, quota: Quota | None) -> Reply | None:
        """Spend weight, and one of ``quota``; an answer if that was too much."""
        if now < self.banned_until:
            return self._banned(now)
        minute = now // MINUTE
        if minute != self._minute:
            self._minute, self._used, self._refused = minute, 0, 0
        self._used += units
        if self._used <= self.limit and (quota is None or quota.take(1, now)):
            return None
        self._refused += 1
        if self._refused > PATIENCE:
            self.banned_until = now + self._next_ban
            self._next_ban = min(2 * self._next_ban, LONGEST_BAN)
            return self._banned(now)
        wait = -(-((minute + 1) * MINUTE - now) // SECOND)
        message = (
            f"Too many requests; current limit of IP(203.0.113.7) is {self.limit} requests per "
            "minute. Please use the websocket for live updates to avoid polling the API."
        )
        return Reply(429, error(-1003, message), self.headers | {"retry-after": str(wait)})

    @property
    def headers(self) -> dict[str, str]:
        """What every answer says."""
        return {
            "content-type": "application/json;charset=UTF-8",
            "x-mbx-used-weight-1m": str(self._used),
        }

    def _banned(self, now: int) -> Reply:
        wait = -(-(self.banned_until - now) // SECOND)
        message = (
            f"Way too many requests; IP(203.0.113.7) banned until {self.banned_until // 1000}. "
            "Please use the websocket for live updates to avoid bans."
        )
        return Reply(418, error(-1003, message), self.headers | {"retry-after": str(wait)})


def error(code: int, message: str) -> bytes:
    """The body of an error."""
    return f'{{"code":{code},"msg":"{message}"}}'.encode()
