"""What was known at T: represented rows, paths, feeds, gaps and breaks.

rows of the log ── known at T ──▶ one row per (leg, event_time) ──▶ path of the leg
                                                                └─▶ feed: up? gap? too fine?
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, replace

from tests.reference.model import DAY, HOUR, LAW, MINUTE, SECOND, Group, Null, Row, Rules

LIQUIDATIONS = (
    "liquidation_long_usd",
    "liquidation_short_usd",
    "liquidation_long_coin",
    "liquidation_short_coin",
)


@dataclass(frozen=True)
class Feed:
    """A feed: the fields whose rows say it was up, its heartbeat, its gaps, its max_age."""

    fields: tuple[str, ...]
    name: str
    max_age: int
    bars: bool

    @property
    def heartbeat(self) -> str:
        return f"alive.{self.name}"

    @property
    def gap(self) -> str:
        return f"gap.{self.name}"


TAKER = Feed(("taker_buy_coin", "taker_sell_coin"), "taker", 30 * MINUTE, True)
# The page is silent: perpetual and spot volume share the feed's name but are two streams, so
# each is judged by its own rows (and by the heartbeat they share).
VOLUME = Feed(("volume_coin",), "volume", 30 * MINUTE, True)
SPOT_VOLUME = Feed(("spot_volume_usd",), "volume", 30 * MINUTE, True)
LIQUIDATION = Feed(LIQUIDATIONS, "liquidation", DAY, False)

FEED_OF = {
    "taker_buy_coin": TAKER,
    "taker_sell_coin": TAKER,
    "volume_coin": VOLUME,
    "spot_volume_usd": SPOT_VOLUME,
    **dict.fromkeys(LIQUIDATIONS, LIQUIDATION),
}

HOURLY_VENUES = ("hyperliquid", "coinbase")


def default_max_age(field: str, venue: str) -> int:
    if field == "funding_rate_settled":  # 1.5 intervals
        return 3 * HOUR // 2 if venue in HOURLY_VENUES else 12 * HOUR
    if field == "circulating_supply":
        return 7 * DAY
    return 30 * MINUTE


def cadence_us(row: Row) -> int:
    return round(row.cadence_s * SECOND)


class Known:
    """The log as known at ``as_of``."""

    def __init__(self, rows: list[Row], as_of: int, strict: bool, rules: Rules = LAW) -> None:
        self.as_of, self.rules = as_of, rules
        self.rows = [row for row in rows if self._is_known(row)]
        if strict:
            self.rows = [row for row in self.rows if row.basis == "recorded"]
        if not rules.revisions_kept:
            self.rows = self._overwritten(rows)
        self.legs = self._represented()
        self.times = {leg: [row.event_time for row in kept] for leg, kept in self.legs.items()}

    def _is_known(self, row: Row) -> bool:
        if row.event_time > self.as_of:
            return False
        if not self.rules.known_filter:
            return True
        if self.rules.known_at_t_counts:
            return row.known_time <= self.as_of
        return row.known_time < self.as_of

    def _overwritten(self, rows: list[Row]) -> list[Row]:
        """A mutant's log: the value a leg's event_time has in the end, known from the first."""
        last = {(row.group, row.field, row.event_time): row.value for row in rows}
        return [replace(r, value=last[r.group, r.field, r.event_time]) for r in self.rows]

    def _represented(self) -> dict[tuple[Group, str], list[Row]]:
        """Per leg, in event order, the row that represents each event_time.

        Among equal known_times the later in log order represents; a suspect never does, and an
        earlier good version still does.
        """
        best: dict[tuple[Group, str], dict[int, Row]] = {}
        for row in self.rows:
            if row.status == "suspect" and self.rules.suspects_out:
                continue
            versions = best.setdefault((row.group, row.field), {})
            other = versions.get(row.event_time)
            later = other is None or row.known_time >= other.known_time
            if later or not self.rules.greatest_known:
                versions[row.event_time] = row
        return {leg: [kept[time] for time in sorted(kept)] for leg, kept in best.items()}

    def groups(self) -> set[Group]:
        return {row.group for row in self.rows}

    def leg(self, group: Group, field: str) -> list[Row]:
        return self.legs.get((group, field), [])

    def until(self, group: Group, field: str, t: int) -> list[Row]:
        """The leg's represented rows at or before t."""
        times = self.times.get((group, field), [])
        cut = bisect_right if self.rules.event_at_t_counts else bisect_left
        return self.leg(group, field)[: cut(times, t)]

    def between(self, group: Group, field: str, start: int, end: int) -> list[Row]:
        """The leg's represented rows with event_time in (start, end]."""
        times = self.times.get((group, field), [])
        cut = bisect_right if self.rules.event_at_t_counts else bisect_left
        first = bisect_right if self.rules.window_start_open else bisect_left
        return self.leg(group, field)[first(times, start) : cut(times, end)]

    def in_force(self, group: Group, field: str, t: int, max_age: int | None = None) -> Row | None:
        """The row whose value the path has at t, None where the path is null."""
        times = self.times.get((group, field), [])
        cut = bisect_right if self.rules.event_at_t_counts else bisect_left
        place = cut(times, t)
        if place == 0:
            return None
        row = self.leg(group, field)[place - 1]
        default = default_max_age(field, group[0]) if max_age is None else max_age
        if self.rules.max_age and t - row.event_time > max(default, 3 * cadence_us(row)):
            return None
        return row

    def path(self, group: Group, field: str, t: int, max_age: int | None = None) -> float | None:
        row = self.in_force(group, field, t, max_age)
        return None if row is None else row.value

    # feeds -------------------------------------------------------------------------------

    def bars(self, group: Group, feed: Feed) -> list[Row]:
        return [row for field in feed.fields for row in self.leg(group, field)]

    def beats(self, group: Group, feed: Feed) -> list[Row]:
        return self.leg(group, feed.heartbeat)

    def feed_is_fresh(self, group: Group, feed: Feed, t: int) -> bool:
        """Is the newest row or heartbeat at or before t within its max_age of t?

        Several at the same event_time: the largest max_age of them.
        """
        heard: list[Row] = []
        for field in (*feed.fields, feed.heartbeat):
            heard += self.until(group, field, t)[-1:]
        if not heard:
            return False
        newest = max(row.event_time for row in heard)
        ages = [max(feed.max_age, 3 * cadence_us(r)) for r in heard if r.event_time == newest]
        return not self.rules.max_age or t - newest <= max(ages)

    def feed_nulls(self, group: Group, feed: Feed, t: int, w: int) -> set[str]:
        """Every reason why this feed cannot vouch for (t - w, t]."""
        causes = set()
        if self._begins_late(group, feed, t - w):
            causes.add("short_history")
        if not self.feed_is_fresh(group, feed, t):
            causes.add("stale")
        if self.rules.gaps and self._gap_overlaps(group, feed, t - w, t):
            causes.add("gap")
        if feed.bars and self._too_coarse(group, feed, t, w):
            causes.add("window_too_fine")
        return causes

    def _begins_late(self, group: Group, feed: Feed, start: int) -> bool:
        """A bar that ends at e covers (e - c, e]: the window may begin where that bar begins.

        If the feed's first item is a heartbeat (or the feed has events, not bars), it must
        stand at or before the window's start.
        """
        bars, beats = self.bars(group, feed), self.beats(group, feed)
        if not bars and not beats:
            return True
        first = min(row.event_time for row in bars + beats)
        first_bars = [row for row in bars if row.event_time == first]
        if feed.bars and first_bars:
            return first - max(cadence_us(row) for row in first_bars) > start
        return first > start

    def _gap_overlaps(self, group: Group, feed: Feed, start: int, end: int) -> bool:
        """A gap [a, b] overlaps (start, end] iff a < end and b > start; latest revision per a."""
        return any(row.event_time < end and row.value > start for row in self.leg(group, feed.gap))

    def _too_coarse(self, group: Group, feed: Feed, t: int, w: int) -> bool:
        """A bar inside the window, or the newest of its leg at or before t, is longer than w.

        Leg by leg: a leg of long bars has said nothing of a short window beside one of short bars.
        """
        for field in feed.fields:
            rows = self.between(group, field, t - w, t) + self.until(group, field, t)[-1:]
            if any(cadence_us(row) > w for row in rows):
                return True
        return False

    def flow(self, group: Group, field: str, t: int, w: int) -> float:
        """The leg's sum over (t - w, t], in event order, from 0.0."""
        causes = self.feed_nulls(group, FEED_OF[field], t, w)
        if causes:
            raise Null(*causes)
        if not self.rules.sums_afresh:
            return self._running(group, field, t) - self._running(group, field, t - w)
        total = 0.0
        for row in self.between(group, field, t - w, t):
            total += row.value
        return total

    def _running(self, group: Group, field: str, t: int) -> float:
        """A mutant's sum since the beginning."""
        total = 0.0
        for row in self.until(group, field, t):
            total += row.value
        return total

    def broken(self, group: Group, fields: tuple[str, ...], start: int) -> bool:
        """Is there a break of one of the fields in [start, T], both ends included?"""
        if not self.rules.breaks:
            return False
        marks = {f"break.{field}" for field in fields}
        return any(
            row.group == group and row.field in marks and row.event_time >= start
            for row in self.rows
        )
