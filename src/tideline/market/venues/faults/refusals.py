"""Faults that are answers: too many requests, bans, forbidden, broken servers."""

from __future__ import annotations

import json
from collections.abc import Mapping

from tideline.domain.time import SECOND
from tideline.market.venues.faults.fault import Fault, Step
from tideline.market.venues.front import Broken
from tideline.venues.wire import Reply, Request

JSON = {"content-type": "application/json"}
HTML = {"content-type": "text/html"}

CLOUDFRONT = (
    b'<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01 Transitional//EN">\n<HTML><HEAD>'
    b"<TITLE>ERROR: The request could not be satisfied</TITLE></HEAD><BODY><H1>403 ERROR</H1>"
    b"The Amazon CloudFront distribution is configured to block access from your country."
    b"</BODY></HTML>"
)
BYBIT_403 = (
    b"<html><head><title>403 Forbidden</title></head><body>access too frequent</body></html>"
)
NGINX = (
    b"<html>\r\n<head><title>%d %s</title></head>\r\n<body>\r\n<center><h1>%d %s</h1></center>\r\n"
    b"<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
)
WORDS = {500: b"Internal Server Error", 502: b"Bad Gateway", 503: b"Service Unavailable",
         504: b"Gateway Timeout"}  # fmt: skip


def too_many(venue: str, wait_s: int, at: int) -> Reply:
    """How the venue says that it was asked too often."""
    bodies: Mapping[str, object] = {
        "binance": {
            "code": -1003,
            "msg": "Too many requests; current limit is 2400 requests per minute. Please use the "
            "websocket for live updates to avoid polling the API.",
        },
        "okx": {"code": "50011", "data": [], "msg": "Too Many Requests"},
        "bitget": {
            "code": "429",
            "msg": "Too Many Requests",
            "requestTime": at // 1000,
            "data": None,
        },
        "hyperliquid": None,
        "coinbase": {"error": "rate_limit_exceeded", "message": "rate limit exceeded"},
        "coinbase-gateway": {
            "jsonrpc": "2.0",
            "error": {"code": 10028, "message": "too_many_requests", "data": {"wait": wait_s}},
        },
    }
    headers = JSON | ({"retry-after": str(wait_s)} if wait_s else {})
    if venue == "bybit":
        said = {"retCode": 10006, "retMsg": "Too many visits. Exceeded the API Rate Limit."}
        body = said | {"result": {}, "retExtInfo": {}, "time": at // 1000}
        return Reply(200, json.dumps(body).encode(), headers)
    return Reply(429, json.dumps(bodies.get(venue)).encode(), headers)


def banned(venue: str, wait_s: int, at: int) -> Reply:
    """How the venue says that it will not speak with this address for a while."""
    if venue == "binance":
        until = at // 1000 + wait_s * 1000
        text = f"Way too many requests; IP(203.0.113.7) banned until {until}. Please use the "
        body = {"code": -1003, "msg": text + "websocket for live updates to avoid bans."}
        return Reply(418, json.dumps(body).encode(), JSON | {"retry-after": str(wait_s)})
    if venue == "bybit":
        return Reply(403, BYBIT_403, HTML)
    return too_many(venue, wait_s, at)


class Ban(Fault):
    """From the first request after the start a host refuses for ``amount`` seconds (C41).

    Each host by itself. ``during`` counts what arrives in that time, but for what was on its way
    already.
    """

    ON_THE_WAY = 2 * SECOND

    def __init__(self, step: Step, venue: str) -> None:
        super().__init__(step, venue)
        self.since: dict[str, int] = {}
        self.during = 0

    @property
    def over(self) -> int:
        return self.step.end + self.step.amount_us

    @property
    def until(self) -> int:
        """When the last of the bans is over; before any began: the step's start."""
        return max(self.since.values(), default=self.step.start) + self.step.amount_us

    def refuse(self, request: Request, at: int) -> Reply | Broken | None:
        if not self.step.on(request.host):
            return None
        since = self.since.get(request.host)
        if since is None:
            if at >= self.step.end:
                return None
            since = self.since[request.host] = at
        until = since + self.step.amount_us
        if at >= until:
            return None
        self.acted += 1
        self.during += at > since + self.ON_THE_WAY
        return self._answer(-(-(until - at) // SECOND), at)

    def refuse_line(self, host: str, at: int) -> Reply | Broken | None:
        if not self.step.hosts:
            return None  # bans are of requests, unless the script names the host of the lines
        return self.refuse(Request(host, ""), at)

    def _answer(self, left: int, at: int) -> Reply:
        return banned(self.venue, left, at)


class SlowDown(Ban):
    """As a ban, in the words of a limit (429)."""

    def _answer(self, left: int, at: int) -> Reply:
        return too_many(self.venue, left, at)


class Status(Fault):
    """Every request is answered with status ``amount`` and a page."""

    def refuse(self, request: Request, at: int) -> Reply | Broken | None:
        if not self.step.meets(request):
            return None
        self.acted += 1
        return self._page()

    def refuse_line(self, host: str, at: int) -> Reply | Broken | None:
        if self.step.path or not self.step.on(host):
            return None
        self.acted += 1
        return self._page()

    def _page(self) -> Reply:
        status = int(self.step.amount or 503)
        if status == 403:
            return Reply(403, CLOUDFRONT, HTML)
        word = WORDS.get(status, b"Error")
        return Reply(status, NGINX % (status, word, status, word), HTML)
