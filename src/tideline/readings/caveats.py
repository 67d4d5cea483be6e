"""R7: when open interest lies.

new_listing        an instrument of the asset is younger than 14 days
counting_break     a break of counting or contract lies in the window
low_coverage       the groups used hold less than 80 % of open interest
stale_inputs       a group is older than w/3
gap_in_window      a feed was silent in the window
calendar_event     an event is within 2 h
settlement         funding settles within 30 min
thin_session       less is traded than usual at these hours
hedge_book         open interest rises while nothing else moves: hedges, not bets
sides_unknown      how a venue counts is not documented

A caveat lowers the confidence of every reading it touches and is printed with it. It contradicts
none away: where hedge_book and healthy_inflow rest on the same facts, both are shown.
"""

from __future__ import annotations

from tideline.readings.reading import Reading
from tideline.readings.rule import Rule

CAVEAT_RULES: tuple[Rule, ...] = ()


def touches(caveat: str, reading: Reading) -> bool:
    """Does the caveat speak of this reading?"""
    return reading.told
