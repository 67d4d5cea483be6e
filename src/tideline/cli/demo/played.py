"""What is played, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tideline.market.made import MadeMarket

if TYPE_CHECKING:
    from tideline.serve.process import Serving

LATE_S = 0.5
"""Real seconds by which the collector may wake too late before it is said."""


@dataclass(frozen=True, slots=True)
class Demo:
    """What is played.

    Attributes:
        seconds: real ones of collecting; None: until asked to stop.
        home: of the cache.
        serving: where it is served meanwhile; None: nowhere.
    """

    market: MadeMarket
    store: Path
    speed: float
    seconds: float | None
    as_json: bool
    home: Path
    serving: Serving | None = None

    @property
    def facts(self) -> dict[str, Any]:
        """The market, as JSON."""
        return {**self.market._asdict(), "assets": list(self.market.assets)}


@dataclass(slots=True)
class Played:
    """What came of it. ``late_s``: the longest real time by which the collector woke too late.
    ``served``: over HTTP, until the end."""

    began: float
    took: dict[str, float] = field(default_factory=dict)
    ready_s: float | None = None
    readings: list[Any] = field(default_factory=list)
    rows: int = 0
    backfilled: int = 0
    refused: list[str] = field(default_factory=list)
    late_s: float = 0.0
    served: bool = False
    why: str = "asked"

    @property
    def behind(self) -> bool:
        """Was the machine too slow for this speed?"""
        return self.late_s > LATE_S


def too_fast(played: Played, speed: float) -> str:
    """That this machine did not keep up, and what to do."""
    return (
        f"this machine fell {played.late_s:.1f} s behind at --speed {speed:g}: what was collected "
        "late is true, but late; a lower speed keeps up"
    )
