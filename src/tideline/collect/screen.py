"""The quarantine of one (venue, instrument): open interest, its notional twin, its own marks.

The coins are judged. The notional of a suspect snapshot is suspect with it, and so is a mark that
is nothing but the one over the other and moved by 5 % or more. Where a venue gives a notional only,
that is judged itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from tideline.collect.availability import Fresh
from tideline.collect.legrows import Bools, Floats, Ints
from tideline.collect.quarantine import Explained, Level, Release, judge, releases
from tideline.collect.stored import StoredLeg, nothing_stored
from tideline.collect.suspicion import MARK_MOVE, Snapshots, Traded
from tideline.domain.time import MINUTE, SECOND

COINS, NOTIONAL, MARK = "open_interest", "open_interest_usd", "mark_price"
SCREENED = (COINS, NOTIONAL, MARK)
CONTEXT = (
    *SCREENED,
    "volume_coin",
    "liquidation_long_coin",
    "liquidation_short_coin",
    "confirmed.open_interest",
    "confirmed.open_interest_usd",
    "break.open_interest",
    "break.open_interest_usd",
)
"""Fields of a group that the quarantine looks at."""

MARK_AGE_US = 30 * MINUTE


@dataclass(frozen=True, slots=True)
class ExtraRow:
    """A row the quarantine adds: a release (the suspect's own value, ok) or a break."""

    field: str
    event: int
    known: int
    value: float
    cadence_s: float
    source: int


@dataclass(slots=True)
class Screened:
    """Per field the status of its fresh rows, and the rows that follow from judging them."""

    ok: dict[str, Bools] = field(default_factory=dict)
    released: list[ExtraRow] = field(default_factory=list)
    breaks: list[ExtraRow] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Series:
    """Stored and fresh rows of one leg in event order, revisions in log order."""

    event: Ints
    value: Floats
    known: Ints
    cadence_s: Floats
    source: Ints
    fresh: Bools
    ok: Bools

    def latest_at(self, event: Ints) -> Floats:
        """The last value of exactly that event, NaN without one."""
        return _as_of(self, event, np.zeros(1))

    def standing_at(self, event: Ints) -> Floats:
        """The newest value at or before each event that is still alive, NaN without one."""
        return _as_of(self, event, np.maximum(MARK_AGE_US, 3 * SECOND * self.cadence_s))


def _as_of(series: Series, event: Ints, age: Floats) -> Floats:
    if not len(series.event):
        return np.full(len(event), np.nan)
    at = np.searchsorted(series.event, event, side="right") - 1
    place = np.maximum(at, 0)
    alive = (at >= 0) & (
        event - series.event[place]
        <= np.broadcast_to(age, (max(len(age), len(series.event)),))[place]
    )
    return np.where(alive, series.value[place], np.nan)


def screen(fresh: dict[str, Fresh], stored: dict[str, StoredLeg], explained: Explained) -> Screened:
    """Judge the fresh rows of one group against each other and against what is stored."""
    series = {name: _series(fresh.get(name), stored.get(name)) for name in CONTEXT}
    found = Screened()
    main = COINS if len(series[COINS].event) else NOTIONAL
    level = _level(main, series, stored)
    ok = judge(level)
    if ok.all():
        return found
    found.ok[main] = ok[level.fresh]
    if main == COINS:
        _twins(level, ok, series, found)
    for release in releases(level, ok, explained):
        _release(main, level, release, series, found)
    return found


def _series(fresh: Fresh | None, stored: StoredLeg | None) -> Series:
    old = stored or nothing_stored()
    if fresh is None or not len(fresh.rows):
        none = np.zeros(len(old), np.bool_)
        return Series(old.event, old.value, old.known, old.cadence_s, -old.source_id, none, old.ok)
    rows = fresh.rows
    event = np.concatenate([old.event, rows.event])
    new = np.repeat([False, True], [len(old), len(rows)])
    order = np.lexsort((new, event))
    return Series(
        event[order],
        np.concatenate([old.value, rows.value])[order],
        np.concatenate([old.known, fresh.known])[order],
        np.concatenate([old.cadence_s, rows.cadence_s])[order],
        np.concatenate([-old.source_id, rows.source])[order],
        new[order],
        np.concatenate([old.ok, np.ones(len(rows), np.bool_)])[order],
    )


def _level(main: str, series: dict[str, Series], stored: dict[str, StoredLeg]) -> Level:
    own = series[main]
    unknown = np.full(len(own.event), np.nan)
    shots = Snapshots(
        own.event,
        own.value,
        own.cadence_s,
        series[MARK].standing_at(own.event),
        series[NOTIONAL].latest_at(own.event) if main == COINS else unknown,
    )
    first = [int(own.event[0])] if len(own.event) else [0]
    if main in stored and stored[main].first_event is not None:
        first.append(int(stored[main].first_event or 0))
    confirmed = frozenset(series[f"confirmed.{main}"].event.tolist())
    traded = _traded(series) if main == COINS else _traded({})
    return Level(shots, own.fresh, own.ok & ~own.fresh, own.known, min(first), traded, confirmed)


def _traded(series: dict[str, Series]) -> Traded:
    none = np.empty(0, np.int64)
    bars = series.get("volume_coin")
    if bars is None:
        return Traded(none, none, np.empty(0), none, np.empty(0))
    last = np.append(bars.event[1:] != bars.event[:-1], True)[: len(bars.event)]
    died = [series[f"liquidation_{side}_coin"] for side in ("long", "short")]
    when = np.concatenate([leg.event for leg in died])
    order = np.argsort(when, kind="stable")
    return Traded(
        bars.event[last],
        (bars.cadence_s[last] * SECOND).astype(np.int64),
        bars.value[last],
        when[order],
        np.concatenate([leg.value for leg in died])[order],
    )


def _twins(level: Level, ok: Bools, series: dict[str, Series], found: Screened) -> None:
    """Mark the notional, and a mark made of both, of every fresh suspect."""
    for name in (NOTIONAL, MARK):
        own = series[name]
        status = np.ones(len(own.event), np.bool_)
        for place in np.flatnonzero(level.fresh & ~ok).tolist():
            event = level.shots.event[place]
            rows = _fresh_at(own.event, own.fresh, event)
            coins = _fresh_at(level.shots.event, level.fresh, event)
            if not len(rows):
                continue
            turn = int(np.searchsorted(coins, place))
            if turn == len(coins) - 1:
                chosen = rows[min(turn, len(rows) - 1) :]
            else:
                chosen = rows[turn : turn + 1]
            if name == NOTIONAL or _own_mark(level, place, own, chosen):
                status[chosen] = False
        if not status.all():
            found.ok[name] = status[own.fresh]


def _fresh_at(event: Ints, fresh: Bools, at: int) -> Ints:
    low, high = np.searchsorted(event, [at, at + 1]).tolist()
    rows: Ints = np.flatnonzero(fresh[low:high]) + low
    return rows


def _own_mark(level: Level, place: int, marks: Series, rows: Ints) -> bool:
    """Is the mark at a suspect only its notional over its coins, and did it move?"""
    shots = level.shots
    first = int(np.searchsorted(marks.event, marks.event[rows[0]], side="left"))
    with np.errstate(all="ignore"):
        value = marks.value[rows[0]]
        own = abs(value * shots.value[place] / shots.notional[place] - 1.0) < 1e-9
        moved = first > 0 and abs(value / marks.value[first - 1] - 1.0) >= MARK_MOVE
    return bool(own and moved)


def _release(
    main: str, level: Level, release: Release, series: dict[str, Series], found: Screened
) -> None:
    """The rows that release a suspect and its twins, and its breaks."""
    event = int(level.shots.event[release.place])
    fields = (main,) if main == NOTIONAL else SCREENED
    for name in fields:
        own = series[name]
        low, high = np.searchsorted(own.event, [event, event + 1])
        status = own.ok[low:high].copy()
        if name in found.ok:
            fresh = np.flatnonzero(own.fresh)
            status[own.fresh[low:high]] = found.ok[name][
                np.searchsorted(fresh, low) : np.searchsorted(fresh, high)
            ]
        waiting = low + np.flatnonzero(~status)
        if not len(waiting) or status[-1]:
            continue
        place = release.place if name == main else int(waiting[-1])
        found.released.append(
            ExtraRow(
                name,
                event,
                release.known,
                float(own.value[place]),
                float(own.cadence_s[place]),
                int(own.source[place]),
            )
        )
        if release.break_ratio is not None and name != MARK:
            found.breaks.append(_break(name, event, release, level, own, place))


def _break(
    name: str, event: int, release: Release, level: Level, own: Series, place: int
) -> ExtraRow:
    before = int(level.shots.event[release.previous or 0])
    old = own.latest_at(np.array([before]))[0]
    ratio = float(own.value[place] / old) if np.isfinite(old) and old > 0 else 1.0
    return ExtraRow(
        f"break.{name}",
        event,
        release.known,
        ratio,
        float(own.cadence_s[place]),
        int(own.source[place]),
    )
