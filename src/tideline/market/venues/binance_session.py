"""A connection to Binance's market streams: marks every second, liquidations as they fall.

Streams that speak of everybody carry both products on both hosts, told apart by ``st``. Of the
liquidations of one symbol within one second only the largest is said. What is subscribed to and
does not exist is acknowledged and never comes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from tideline.domain.time import SECOND
from tideline.market.state import Liquidation, Listed, Market
from tideline.market.venues.binance_listed import Contracts
from tideline.market.venues.binance_rows import NAME, forced_event, mark_event
from tideline.market.venues.compact import compact

_STREAM = re.compile(r"(!|[a-z0-9_]+@)(forceOrder|markPrice)(@arr)?(@1s)?")
_SLOW = 3
"""Seconds between marks of streams without @1s."""


class Pushes:
    """The events of a moment, made once for all connections."""

    def __init__(self, market: Market, listed: Callable[[int], Contracts]) -> None:
        self._market, self._listed = market, listed
        self._at, self._marks = -1, dict[str, str]()
        self._span, self._forced = (-1, -1), list[tuple[str, str]]()

    def marks(self, now: int) -> dict[str, str]:
        """markPriceUpdate of everything that trades, by symbol."""
        at = now // 1000 * 1000
        if at != self._at:
            trading = self._listed(now).trading
            self._marks = {
                name: mark_event(self._market, one.instrument, at) for name, one in trading.items()
            }
            self._at = at
        return self._marks

    def forced(self, since: int, until: int, now: int) -> list[tuple[str, str]]:
        """forceOrder of (since, until], by symbol: the largest of each second, in order."""
        if self._span != (since, until):
            found: list[tuple[int, str, str]] = []
            for name, one in self._listed(now).trading.items():
                for event in self._largest(one, since, until):
                    text = compact(forced_event(one.instrument, event, now))
                    found.append((event.at, name, text))
            self._forced = [(name, text) for _, name, text in sorted(found)]
            self._span = (since, until)
        return self._forced

    def _largest(self, one: Listed, since: int, until: int) -> list[Liquidation]:
        best: dict[int, Liquidation] = {}
        for event in self._market.liquidations(NAME, one.instrument.symbol, since, until):
            second = (event.at - 1) // SECOND
            held = best.get(second)
            if held is None or event.coin > held.coin:
                best[second] = event
        return list(best.values())


class BinanceSession:
    """One connection. ``combined`` frames name their stream; ``silent`` ones never come."""

    def __init__(
        self, pushes: Pushes, names: list[str], combined: bool, silent: bool, pace: float, now: int
    ) -> None:
        self._pushes, self._combined, self._silent = pushes, combined, silent
        self._names = dict.fromkeys(names)
        self._every = max(1000, round(pace * SECOND))
        self._since = now // SECOND * SECOND
        self._next = (now // self._every + 1) * self._every
        self._ticks = 0

    def receive(self, text: str, now: int) -> list[str]:
        """SUBSCRIBE, UNSUBSCRIBE, LIST_SUBSCRIPTIONS."""
        try:
            body = json.loads(text)
            method, params, ident = body["method"], body.get("params", []), body["id"]
            names = [str(name) for name in params]
        except (ValueError, TypeError, AttributeError):
            return [compact({"error": {"code": 3, "msg": "Invalid JSON"}})]
        except KeyError as missing:
            said = f"Invalid request: missing field `{missing.args[0]}`"
            return [compact({"error": {"code": 2, "msg": said}})]
        result: Any = None
        if method == "SUBSCRIBE":
            self._names.update(dict.fromkeys(names))
        elif method == "UNSUBSCRIBE":
            for name in names:
                self._names.pop(name, None)
        elif method == "LIST_SUBSCRIPTIONS":
            result = list(self._names)
        else:
            said = f"Invalid request: unknown variant `{method}`"
            return [compact({"error": {"code": 2, "msg": said}, "id": ident})]
        return [compact({"result": result, "id": ident})]

    def next_due(self, now: int) -> int | None:
        """The next beat, if anything that exists is subscribed to."""
        if self._silent or not any(_STREAM.fullmatch(name) for name in self._names):
            return None
        return max(now, self._next)

    def push(self, now: int) -> list[str]:
        """Liquidations since the last beat, then marks."""
        if self.next_due(now) != now:
            return []
        until = now // SECOND * SECOND
        since, self._since = self._since, until
        self._next = (now // self._every + 1) * self._every
        self._ticks += 1
        frames: list[str] = []
        for name in self._names:
            found = _STREAM.fullmatch(name)
            if found is None:
                continue
            whom = "" if found[1] == "!" else found[1].removesuffix("@").upper()
            if found[2] == "forceOrder":
                for symbol, text in self._pushes.forced(since, until, now):
                    if whom in ("", symbol):
                        frames.append(self._wrapped(name, text))
            elif found[4] or self._ticks % _SLOW == 0:
                marks = self._pushes.marks(now)
                if not whom:
                    frames.append(self._wrapped(name, f"[{','.join(marks.values())}]"))
                elif whom in marks:
                    frames.append(self._wrapped(name, marks[whom]))
        return frames

    def _wrapped(self, name: str, text: str) -> str:
        return f'{{"stream":"{name}","data":{text}}}' if self._combined else text
