"""A venue whose frames say in plain JSON what they mean, and a desk to drive an intake with.

A frame is ``{"rows": [[symbol, field, event, value, key?, sides?], ...], "listings": [...]}``.
"""

from __future__ import annotations

import json
import math
from typing import Any

from tideline.collect.live.intake import LiveIntake
from tideline.collect.live.record import Closed, Frame, Opened, Universe, Watch
from tideline.collect.sink import Taken
from tideline.domain.errors import BadWire, NotStrict
from tideline.domain.instrument import Instrument
from tideline.domain.time import MINUTE, SECOND, parse_time
from tideline.venues.declaration import History, Poll, Stateless, Stream, Venue
from tideline.venues.parsed import Control, Counted, Listing, Note, Observation, Parsed
from tideline.venues.symbols import parse_symbol
from tideline.venues.wire import OK

T0 = int(parse_time("2026-11-21T03:00:00Z"))
STREAM, POLL, HISTORY, BARS, LIST = (
    "fake.stream",
    "fake.poll",
    "fake.history",
    "fake.klines",
    "fake.listing",
)
LIQUIDATIONS = tuple(
    f"liquidation_{side}_{unit}" for side in ("long", "short") for unit in ("coin", "usd")
)


def read(raw: bytes, note: Note) -> Parsed:
    try:
        body = json.loads(raw)
    except ValueError:
        raise NotStrict("frame", raw[:20], "is no JSON") from None
    if "crash" in body:
        raise KeyError("a bug of a parser")
    if "rows" not in body and "listings" not in body:
        if "pong" in body:
            return Parsed(controls=[Control("pong")])
        raise BadWire("frame", raw[:20], "has nothing")
    parsed = Parsed()
    for symbol, field, event, value, *more in body.get("rows", ()):
        if symbol not in note.instruments:
            parsed.ignore("unknown instrument")
            continue
        key = more[0] if more else ""
        sides = more[1] if len(more) > 1 else "1"
        number = math.nan if value is None else float(value)
        parsed.observations.append(
            Observation(symbol, field, event, number, str(value), Counted("coin", sides), key)
        )
    for entry in body.get("listings", ()):
        parsed.listings.append(listing(**entry))
    return parsed


def listing(symbol: str, size: float = 1.0, listed: int = T0, state: str = "trading") -> Listing:
    guess = parse_symbol("bybit", symbol)
    instrument = Instrument(
        "bybit",
        symbol,
        guess.asset,
        guess.quote,
        guess.settle,
        guess.kind,
        guess.linear,
        guess.multiple,
        size,
        listed,
    )
    return Listing(instrument, state, 8.0)  # type: ignore[arg-type]


def _history(name: str, fields: tuple[str, ...], period: int) -> History:
    return History(name, "rest", fields, period, 200, 0, 300.0, (), lambda *_: None, read)  # type: ignore[arg-type,return-value]


OPEN = ("open_interest", "open_interest_usd", "mark_price")

FAKE = Venue(
    name="bybit",
    hosts=(),
    buckets=(),
    listings=(Poll(LIST, "rest", ("instrument",), 3600.0, (), lambda _: (), read),),
    polls=(Poll(POLL, "rest", OPEN, 15.0, (), lambda _: (), read),),
    histories=(
        _history(HISTORY, ("open_interest", "lsr_global_accounts"), 5 * MINUTE),
        _history(BARS, ("volume_coin",), MINUTE),
    ),
    streams=(
        Stream(
            STREAM,
            "ws",
            (*OPEN, *LIQUIDATIONS),
            lambda _: "",
            lambda _: (),
            lambda *_: (),
            lambda: Stateless(read),
            5.0,
        ),
    ),
    verdict=lambda _: OK,
)


def body(*rows: tuple[Any, ...], **more: Any) -> bytes:
    return json.dumps({"rows": [list(row) for row in rows], **more}).encode()


class Desk:
    """An intake at a clock: ``at`` is the moment of the next record."""

    def __init__(self, *symbols: str, intake: LiveIntake | None = None, at: int = T0) -> None:
        self.intake = intake or LiveIntake([FAKE], trusted=["bybit"])
        self.at = at
        self.records: list[Any] = []
        self.sources = 1
        self.take(Universe(at, "bybit", symbols or ("BTCUSDT",)))

    def take(self, record: Any) -> Taken:
        self.records.append(record)
        return self.intake.take(record)

    def wait(self, seconds: float) -> Desk:
        self.at += round(seconds * SECOND)
        return self

    def open(self, number: int = 1) -> Desk:
        self.take(Opened(self.at, STREAM, number))
        return self

    def watch(self, number: int, fields: tuple[str, ...], usual_s: float, *symbols: str) -> Desk:
        feed = STREAM if number else POLL
        named = symbols or ("BTCUSDT",)
        self.take(Watch(self.at, feed, number, named, fields, usual_s, usual_s or 1.0))
        return self

    def close(self, number: int = 1, *, replaced: bool = False) -> Desk:
        self.take(Closed(self.at, STREAM, number, "test", replaced))
        return self

    def push(self, *rows: tuple[Any, ...], number: int = 1, **more: Any) -> Taken:
        return self.take(Frame(self.at, STREAM, body(*rows, **more), number))

    def poll(self, *rows: tuple[Any, ...], feed: str = POLL, purpose: str = "live") -> Taken:
        return self.take(Frame(self.at, feed, body(*rows), purpose=purpose))

    def seal(self) -> list[tuple[Any, ...]]:
        """(instrument, field, seconds after T0, value, status) of the rows of one commit."""
        batch = self.intake.seal(self.at, self.sources)
        self.sources += len(batch.origins)
        return plain(batch.table)


def plain(table: Any) -> list[tuple[Any, ...]]:
    import pyarrow as pa

    if table is None:
        return []
    events = table.column("event_time").cast(pa.int64()).to_pylist()
    columns = [table.column(name).to_pylist() for name in ("instrument", "field", "value")]
    status = table.column("status").to_pylist()
    return [
        (name, field, (event - T0) / SECOND, value, word)
        for name, field, value, event, word in zip(*columns, events, status, strict=True)
    ]


def ends(rows: list[tuple[Any, ...]], field: str) -> list[tuple[float, float]]:
    """Gap rows of one leg: (start, end) in seconds after T0."""
    return [(row[2], (row[3] - T0) / SECOND if row[3] else 0.0) for row in rows if row[1] == field]
