"""A rule on the days that were: the same evaluation, the same steps, before it is saved."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from tideline.domain.time import DAY, SECOND, format_time
from tideline.features.window import WINDOWS
from tideline.serve.alerts.alert import Checked
from tideline.serve.alerts.episode import Standing, step
from tideline.store import Store
from tideline.store.ruling import rule_truths, tracks_of

DAYS = 30
MOST_MOMENTS = 10_000
"""Of features alone: about 10 µs each."""
MOST_READ = 750
"""Of readings, over all that the rule names: up to 4 ms each (R1 of two venues' rows)."""
SHOWN = 20


class Past(msgspec.Struct, frozen=True):
    """How the rule would have fared.

    Attributes:
        fired: events over all assets.  last: when the last one was.
        moments: moments looked at, over all assets.  true, unknown: of those.
        step_s: distance between moments; longer than the alert's own where that would be too
            much work, so that short episodes between two moments are not seen.
        events: the newest, newest first.
        text: the same as one sentence.
    """

    fired: int
    last: str | None
    start: str
    end: str
    step_s: int
    moments: int
    true: int
    unknown: int
    events: list[tuple[str, str]]
    text: str


class Span(NamedTuple):
    """The grid of a test: the multiples of ``every`` (µs) from ``first`` to ``end``."""

    first: int
    end: int
    every: int

    @property
    def moments(self) -> list[int]:
        """All of them."""
        return list(range(-(-self.first // self.every) * self.every, self.end + 1, self.every))

    @property
    def size(self) -> int:
        """How many, about."""
        return (self.end - self.first) // self.every + 1


def span_of(store: Store, checked: Checked, head: int, oldest: int | None = None) -> Span:
    """The last 30 days up to ``head`` (not before ``oldest`` nor the first row)."""
    first = _first_row(store, checked.spec.assets)
    start = min(max(head - DAYS * DAY, first, int(store.log.horizon()), oldest or 0), head)
    return Span(start, head, _step(checked, head - start))


def on_the_past(store: Store, checked: Checked, span: Span) -> Past:
    """What the alert would have told, had it been watched on this grid."""
    spec, moments = checked.spec, span.moments
    events: list[tuple[int, str]] = []
    true = unknown = 0
    for asset in spec.assets:
        standing = Standing()
        truths = rule_truths(store, checked.rules, asset, moments)
        for moment, found in zip(moments, truths, strict=True):
            standing, fires = step(standing, found, moment, spec.cooldown_s)
            true, unknown = true + (found[0] is True), unknown + (found[0] is None)
            if fires:
                events.append((moment, asset))
    return _told(events, span, len(moments) * len(spec.assets), true, unknown)


def _first_row(store: Store, assets: list[str]) -> int:
    return min(
        (leg.first_event for asset in assets for leg in store.legs(asset)),
        default=int(store.head()),
    )


def _step(checked: Checked, span: int) -> int:
    """The alert's own step, or the first window that makes it little enough work."""
    tracks = len(tracks_of(checked.rules))
    most = (MOST_READ // tracks if tracks else MOST_MOMENTS) // len(checked.spec.assets)
    own = checked.spec.every_s * SECOND
    if span // own <= most:
        return own
    longer = [width for width in WINDOWS.values() if width >= own and span // width <= most]
    return min(longer, default=DAY)


def _told(events: list[tuple[int, str]], span: Span, looked: int, true: int, unknown: int) -> Past:
    newest = sorted(events, reverse=True)
    last = format_time(newest[0][0]) if newest else None
    days = (span.end - span.first) / DAY
    times = "once" if len(events) == 1 else f"{len(events)} times"
    text = f"would have fired {times} in the last {days:.3g} days"
    step_s = span.every // SECOND
    if last is not None:
        text += f", last at {last}"
    text += f" (looked at every {step_s} s"
    text += f"; could not tell at {unknown:,} of {looked:,} moments)" if unknown else ")"
    shown = [(format_time(at), asset) for at, asset in newest[:SHOWN]]
    return Past(
        len(events), last, format_time(span.first), format_time(span.end), step_s, looked, true,
        unknown, shown, text,
    )  # fmt: skip
