"""What a reply means for what may be asked next."""

from __future__ import annotations

import pytest

from tideline.venues.binance.envelope import verdict
from tideline.venues.wire import Reply

BANNED = b'{"code":-1003,"msg":"Way too much request weight used; IP banned until 1791835500000. "}'
MANY = b'{"code":-1003,"msg":"Too many requests; current limit is 2400 requests per minute."}'
DATE = "Mon, 12 Oct 2026 20:00:00 GMT"


@pytest.mark.parametrize(
    ("status", "body", "headers", "kind", "wait_s"),
    [
        (200, b"[]", {}, "ok", 0),
        (200, b'{"openInterest":"1","symbol":"BTCUSDT","time":1}', {}, "ok", 0),
        (200, b'{"symbol":"X","code":1}', {}, "ok", 0),
        (429, MANY, {"retry-after": "17"}, "slow_down", 17),
        (429, b"", {}, "slow_down", 60),
        (418, BANNED, {"retry-after": "259200"}, "ban", 259_200),
        (418, BANNED, {"date": DATE}, "ban", 300),
        (418, BANNED, {"date": "yesterday"}, "ban", 120),
        (418, b"<html>", {}, "ban", 120),
        (400, MANY, {}, "slow_down", 60),
        (200, BANNED, {"date": DATE}, "ban", 300),
        (403, b"<html>", {}, "ban", 300),
        (451, b"{}", {}, "ban", 3600),
        (400, b'{"code":-1121,"msg":"Invalid symbol."}', {}, "refused", 0),
        (400, b'{"code":-1102,"msg":"Mandatory parameter"}', {}, "refused", 0),
        (400, b'{"code":-1001,"msg":"Internal error"}', {}, "broken", 0),
        (503, b'{"code":-1121,"msg":"?"}', {}, "broken", 0),
        (404, b"[]", {}, "refused", 0),
        (502, b"{}", {}, "broken", 0),
        (400, b'{"code":"x"}', {}, "refused", 0),
        (200, b'{"code":-1121', {}, "broken", 0),
        (200, b"<html>", {}, "broken", 0),
        (200, b"", {}, "broken", 0),
    ],
)
def test_verdict(status: int, body: bytes, headers: dict[str, str], kind: str, wait_s: float):
    found = verdict(Reply(status, body, headers))
    assert (found.kind, found.wait_s) == (kind, wait_s)
