"""Rows that a reading has wherever it is shown in full: its reason, what is spent, its odds."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tideline.readings.odds.odds import Odds
    from tideline.readings.reading import Reading


def reason_rows(reading: Reading) -> list[tuple[str, str]]:
    """Why, and by which rule."""
    return [("because", reading.because), ("rule", reading.rule)]


def spent_rows(reading: Reading) -> list[tuple[str, str]]:
    """Whether the move is spent, and why; none where that was not asked."""
    if not reading.spent_why:
        return []
    told = {True: "yes", False: "no", None: "cannot tell"}[reading.spent]
    return [("spent", f"{told}: {reading.spent_why}")]


def odds_rows(reading: Reading) -> list[tuple[str, str]]:
    """The two counted odds of a state, each in its own line; none where none is told."""
    found = []
    if reading.label_p is not None:
        found.append(("label_p", f"the named flow dominated in {odds_words(reading.label_p)}"))
    if reading.follow_p is not None:
        found.append(("follow_p", f"price and OI went on in {odds_words(reading.follow_p)}"))
    return found


def odds_words(odds: Odds) -> str:
    """``31 % of 212 cases over 4h, 27 % at any such moment (recordings, 2026-11-28)``"""
    over = f" over {odds.horizon}" if odds.horizon else ""
    return (
        f"{odds.p:.0%} of {odds.n:,} cases{over}, {odds.base_rate:.0%} at any such moment "
        f"({odds.source}, {odds.version})"
    )
