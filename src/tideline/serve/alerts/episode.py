"""When a truth becomes an event.

    armed   --rule true, cooldown over-->  firing: one event
    armed   --rule true, cooling down-->   armed: told when the cooldown is over, if still true
    firing  --over-->                      armed

``over``: ``until`` is true, or, without it, ``rule`` is false. Unknown neither fires nor ends.
"""

from __future__ import annotations

from typing import NamedTuple

from tideline.domain.time import SECOND

NEVER = -1


class Standing(NamedTuple):
    """Of one alert and asset: is it firing, and when it fired last (µs; -1: never)."""

    firing: bool = False
    fired_at: int = NEVER


def step(
    standing: Standing, truths: tuple[bool | None, ...], as_of: int, cooldown_s: int
) -> tuple[Standing, bool]:
    """The next standing, and whether this moment is an event.

    ``truths`` are those of the rule and, where there is one, of ``until``.
    """
    rule = truths[0]
    if standing.firing:
        over = truths[1] if len(truths) > 1 else (None if rule is None else not rule)
        return (standing._replace(firing=False) if over else standing), False
    cooling = standing.fired_at != NEVER and as_of - standing.fired_at < cooldown_s * SECOND
    if rule and not cooling:
        return Standing(True, as_of), True
    return standing, False
