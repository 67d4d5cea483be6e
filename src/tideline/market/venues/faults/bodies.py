"""Faults of answers: pages for JSON, halves, nothing, bombs, redirects, old and moved rows."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tideline.domain.time import EARLIEST, LATEST
from tideline.market.venues.faults.fault import Fault
from tideline.market.venues.front import Broken
from tideline.venues.wire import Reply, Request

PAGE = b"<!DOCTYPE html><html><head><title>Just a moment...</title></head><body></body></html>"


class Spoilt(Fault):
    """What ``_bad`` makes of every good answer that the step meets."""

    def spoil(self, request: Request, reply: Reply, at: int) -> Reply | Broken:
        if not self.step.meets(request) or reply.status != 200:
            return reply
        self.acted += 1
        return self._bad(reply)

    def _bad(self, reply: Reply) -> Reply | Broken:
        raise NotImplementedError


class Instead(Fault):
    """Something in front of the server answers; the server is not asked."""

    def refuse(self, request: Request, at: int) -> Reply | Broken | None:
        if not self.step.meets(request):
            return None
        self.acted += 1
        return self._other()

    def _other(self) -> Reply | Broken:
        raise NotImplementedError


class Page(Instead):
    """200 with HTML (C42)."""

    def _other(self) -> Reply | Broken:
        return Reply(200, PAGE, {"content-type": "text/html"})


class Truncated(Spoilt):
    """Two thirds of the JSON."""

    def _bad(self, reply: Reply) -> Reply | Broken:
        return Reply(200, reply.body[: len(reply.body) * 2 // 3], reply.headers)


class Empty(Instead):
    """200 and nothing."""

    def _other(self) -> Reply | Broken:
        return Reply(200, b"", {"content-type": "application/json"})


class Bomb(Instead):
    """A compressed body a thousand times its size (C53)."""

    def _other(self) -> Reply | Broken:
        return Broken("too_large")


class BadGzip(Instead):
    """A compressed body that is not whole."""

    def _other(self) -> Reply | Broken:
        return Broken("bad_encoding")


class CutOff(Instead):
    """The connection breaks in the middle of the body."""

    def _other(self) -> Reply | Broken:
        return Broken("closed")


class Redirect(Instead):
    """Elsewhere: the cloud's metadata service (C54)."""

    def _other(self) -> Reply | Broken:
        return Reply(302, b"", {"location": "http://169.254.169.254/latest/meta-data/"})


class Short(Spoilt):
    """A page with fewer rows than the limit although there are more (C52): every other one."""

    def _bad(self, reply: Reply) -> Reply | Broken:
        return _rewritten(reply, lambda rows: rows[::2])


class Late(Fault):
    """Rows come ``amount`` seconds later than they should: answers are that much out of date."""

    def older(self, request: Request) -> int:
        if not self.step.meets(request):
            return 0
        self.acted += 1
        return self.step.amount_us


class Shifted(Spoilt):
    """The labels of rows are moved by ``amount`` seconds, as when a bar's start becomes its end."""

    def _bad(self, reply: Reply) -> Reply | Broken:
        return _rewritten(reply, lambda rows: [_moved(row, self.step.amount_us) for row in rows])


def _rewritten(reply: Reply, change: Callable[[list[Any]], list[Any]]) -> Reply:
    """The answer with its longest list of rows changed."""
    try:
        value = json.loads(reply.body)
    except ValueError:
        return reply
    holder: list[Any] = [value]
    places = [(holder, 0), *_lists(value)]
    found = [(box, key) for box, key in places if type(box[key]) is list]
    if found:
        box, key = max(found, key=lambda place: len(place[0][place[1]]))
        box[key] = change(box[key])
    return Reply(reply.status, json.dumps(holder[0]).encode(), reply.headers)


def _lists(value: Any) -> list[tuple[Any, Any]]:
    """Where in the objects of an envelope lists are."""
    if type(value) is not dict:
        return []
    found = [(value, name) for name, item in value.items() if type(item) is list]
    for item in value.values():
        found += _lists(item)
    return found


def _moved(row: Any, shift_us: int) -> Any:
    """One row with its times in milliseconds moved."""
    if type(row) is dict:
        return {name: _moved_time(item, shift_us) for name, item in row.items()}
    if type(row) is list and row:
        return [_moved_time(row[0], shift_us), *row[1:]]
    return row


def _moved_time(value: Any, shift_us: int) -> Any:
    digits = value if type(value) is int else None
    if type(value) is str and value.isascii() and value.isdigit() and len(value) <= 15:
        digits = int(value)
    if digits is None or not EARLIEST <= digits * 1000 < LATEST:
        return value
    moved = digits + shift_us // 1000
    return str(moved) if type(value) is str else moved
