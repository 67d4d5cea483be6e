"""Words of the slow reference: a row, an answer, a null, and the rules a mutant may break."""

from __future__ import annotations

from dataclasses import dataclass, field

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

VENUES = ("binance", "bybit", "okx", "bitget", "hyperliquid", "coinbase")

WINDOWS = {
    "1s": SECOND,
    "5s": 5 * SECOND,
    "15s": 15 * SECOND,
    "30s": 30 * SECOND,
    "1m": MINUTE,
    "5m": 5 * MINUTE,
    "15m": 15 * MINUTE,
    "30m": 30 * MINUTE,
    "45m": 45 * MINUTE,
    "1h": HOUR,
    "2h": 2 * HOUR,
    "4h": 4 * HOUR,
    "12h": 12 * HOUR,
    "24h": DAY,
}

TRANSFORMS = ("level", "delta", "rate", "zscore", "pctrank", "ewma", "min", "max", "range")

Group = tuple[str, str]

# The order in which a null is explained when several causes hold at once.
CAUSES = ("break", "gap", "window_too_fine", "zero_base", "short_history", "stale")


@dataclass(frozen=True)
class Row:
    """One row of the log; the place in a list of rows is its place in the log."""

    venue: str
    instrument: str
    field: str
    event_time: int
    known_time: int
    value: float
    basis: str = "recorded"
    status: str = "ok"
    cadence_s: float = 0.0

    @property
    def group(self) -> Group:
        return (self.venue, self.instrument)


class Null(Exception):
    """There is no number; ``causes`` are all the reasons that hold."""

    def __init__(self, *causes: str) -> None:
        self.causes = set(causes)
        super().__init__(*sorted(self.causes))

    @property
    def reason(self) -> str:
        return next((cause for cause in CAUSES if cause in self.causes), sorted(self.causes)[0])


@dataclass(frozen=True)
class Answer:
    """Value with its evidence.

    scale is the largest |sample| used, divisor what the samples were divided by (sd, base, 1):
    the two figures of the tolerance rule. ``allowed`` are the reasons that may be given.
    """

    value: float | None
    reason: str = ""
    age_s: float | None = None
    n: int = 0
    coverage: float | None = None
    basis: str = ""
    revised: int = 0
    used_groups: tuple[Group, ...] = ()
    scale: float = 0.0
    divisor: float = 1.0
    allowed: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Rules:
    """Each flag is one rule of the page; the planted mutants are these rules, one turned off."""

    known_filter: bool = True  # rows known after T are not used
    known_at_t_counts: bool = True  # known exactly at T is known
    event_at_t_counts: bool = True  # an event exactly at t is in the window and on the path
    window_start_open: bool = True  # an event exactly at t - w is not in the window
    greatest_known: bool = True  # of two revisions the one known later represents
    revisions_kept: bool = True  # a restatement does not overwrite what was known before
    suspects_out: bool = True  # a suspect never represents
    groups_once: bool = True  # L(T) is chosen at T for every sample
    weights_once: bool = True  # weights are taken at T for every sample
    baseline_before: bool = True  # the current window is not part of its own baseline
    max_age: bool = True  # nothing is carried further than max_age
    sums_afresh: bool = True  # no rolling sum is kept by subtracting what left
    gaps: bool = True  # a gap makes the flow null
    breaks: bool = True  # a break takes its group out


LAW = Rules()


@dataclass
class Samples:
    """Remembers the largest |sample| an answer was made of."""

    largest: float = field(default=0.0)

    def seen(self, value: float) -> float:
        self.largest = max(self.largest, abs(value))
        return value
