"""The frames of a burst in a file: the usual rate, so many times as many, the usual rate again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from benchmarks.collect.served import START, WARM_US, Served, market, pushed

from tideline.domain.time import SECOND
from tideline.market.synthetic import Synthetic

STREAM = "bybit.linear.stream"
BEFORE_S, AFTER_S = 5, 10


@dataclass(slots=True)
class Written:
    """What comes before the frames, the usual rate, and how many frames the burst has."""

    before: Served
    rate: float
    count: int


def written(times: float, seconds: int, coins: int, place: Path) -> Written:
    """Three stretches, a line (moment, connection, body) for each frame."""
    of = market()
    usual = pushed(of, "bybit", STREAM, 4_000, coins=coins)
    rate = len(usual.frames) / usual.seconds
    edges = (START, START + BEFORE_S * SECOND, START + (BEFORE_S + seconds) * SECOND)
    spans = (BEFORE_S, seconds, AFTER_S)
    paces = (1.0, _pace(of, rate * times, times, coins), 1.0)
    found = Written(usual, rate, 0)
    with place.open("wb") as file:
        for edge, span, pace in zip(edges, spans, paces, strict=True):
            most = round(span * rate * times * 1.5)
            if pace == 1.0:
                most = round(span * rate * 1.5)
            part = pushed(of, "bybit", STREAM, most, start=edge - WARM_US, pace=pace, coins=coins)
            frames = [frame for frame in part.frames if frame.at < edge + span * SECOND]
            for frame in frames:
                file.write(b"%d %d %s\n" % (frame.at, frame.connection, frame.body))
            if edge == START:
                found.before = part
            elif pace != 1.0:
                found.count = len(frames)
    found.before.frames = []
    return found


def _pace(of: Synthetic, rate: float, times: float, coins: int) -> float:
    """The pace at which so many frames come: looked at more often, fewer numbers have changed."""
    pace = 1 / times
    for _ in range(3):
        part = pushed(of, "bybit", STREAM, 20_000, pace=pace, coins=coins)
        pace *= len(part.frames) / part.seconds / rate
    return pace


def read(file: IO[bytes]) -> Iterator[tuple[int, int, bytes]]:
    """The frames again, each in memory of its own, as from a socket."""
    for line in file:
        at, number, body = line.rstrip(b"\n").split(b" ", 2)
        yield int(at), int(number), body
