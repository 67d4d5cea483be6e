"""Which groups may speak on a window: fast enough, fresh enough, and enough of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tideline.domain.time import DAY, SECOND, format_duration
from tideline.features.window import WINDOWS
from tideline.readings.parameters import DEFAULTS, Parameters
from tideline.readings.reading import GroupEvidence

SUB_WINDOWS: dict[str, str] = {
    "15m": "5m",
    "30m": "5m",
    "45m": "15m",
    "1h": "15m",
    "2h": "30m",
    "4h": "1h",
    "12h": "4h",
    "24h": "4h",
}
"""The window into which a reading divides its own."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """All groups with ``used`` set, and the share of open interest that the used ones hold."""

    groups: tuple[GroupEvidence, ...]
    share: float
    enough: bool

    @property
    def used(self) -> tuple[tuple[str, str], ...]:
        """(venue, instrument) of the groups used: the ones features are to be evaluated on."""
        return tuple((g.venue, g.instrument) for g in self.groups if g.used)

    @property
    def left_out(self) -> tuple[GroupEvidence, ...]:
        return tuple(g for g in self.groups if not g.used)


def choose_groups(
    groups: Iterable[GroupEvidence], window: str, parameters: Parameters = DEFAULTS
) -> Chosen:
    """Apply the cadence rule.

    A group silent for more than ``recent_days`` is gone, not late: it is dropped altogether.
    Cadence 0 (a source without one) passes on its age alone.
    """
    limit_s = WINDOWS[window] / SECOND * parameters.cadence_share
    gone_s = parameters.recent_days * DAY / SECOND
    judged = tuple(_judge(group, limit_s) for group in groups if group.age_s <= gone_s)
    total = sum(group.value for group in judged)
    held = sum(group.value for group in judged if group.used)
    share = held / total if total > 0 else 0.0
    return Chosen(judged, share, held > 0 and share >= parameters.oi_left)


def _judge(group: GroupEvidence, limit_s: float) -> GroupEvidence:
    if group.cadence_s > limit_s:
        return group.left_out(f"cadence {_span(group.cadence_s)} > {_span(limit_s)}")
    if group.age_s > limit_s:
        return group.left_out(f"age {_span(group.age_s)} > {_span(limit_s)}")
    return group if group.used else group.left_out(group.why_not or "not usable")


def _span(seconds: float) -> str:
    return format_duration(seconds * SECOND)


def name_left_out(groups: Iterable[GroupEvidence]) -> str:
    """``bybit BTCUSDT (cadence 1h > 15m), …``"""
    return ", ".join(f"{g.venue} {g.instrument} ({g.why_not})" for g in groups)
