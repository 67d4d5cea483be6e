"""From a signal and the legs at hand to the plan the kernels run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from tideline.domain.fields import BY_NAME, FIELDS
from tideline.domain.instrument import Instrument
from tideline.domain.venue import REFERENCE, venue_order
from tideline.features.arrays import I32
from tideline.features.groups import SINGLE, Group, members
from tideline.features.legs import TWIN, LegSet
from tideline.features.plan import (
    BREAKS,
    CHANGE,
    FEED,
    FEED_2,
    FLOW,
    FLOWS,
    GAP,
    INFO,
    NEEDED,
    PULSE,
    ROLES,
    STOCK,
    STOCKS,
    VENUE,
    WIDTH,
    Plan,
)
from tideline.features.signal import Formula, Groups, Signal

KINDS = {"stock": STOCK, "change": CHANGE, "flow": FLOW}
BAR_FEEDS = ("taker", "volume")
SEPARATE = {"spot_volume_usd": ("spot_volume_usd",), "volume_coin": ("volume_coin",)}
"""Volume bars are judged field by field: spot bars say nothing of the perpetual's."""

_FUNDING = (
    "funding_rate_quoted",
    "funding_interval_h",
    "funding_rate_settled",
    "funding_interval_h" + TWIN,
)
_STOCK_COLUMNS: dict[Formula, tuple[str, ...]] = {
    Formula.FUNDING: (*_FUNDING, "open_interest", "open_interest_usd"),
    Formula.FUNDING_DISPERSION: (*_FUNDING, "open_interest", "open_interest_usd"),
    Formula.FUNDING_ONE: _FUNDING,
    Formula.MARKET_CAP: ("open_interest_usd", "index_price", "mark_price"),
    Formula.SPOT_PERP: ("mark_price",),
    Formula.MINUTES_UNTIL: (
        "next_funding_time",
        "next_funding_time" + TWIN,
        "funding_rate_quoted",
        "funding_rate_settled",
    ),
}
_RATES = ("funding_rate_quoted", "funding_rate_settled", "funding_interval_h")
_BREAK_FIELDS: dict[Formula, tuple[str, ...]] = {
    Formula.FUNDING: (*_RATES, "open_interest", "open_interest_usd"),
    Formula.FUNDING_DISPERSION: (*_RATES, "open_interest", "open_interest_usd"),
    Formula.FUNDING_ONE: _RATES,
}


def feed_fields(field: str) -> tuple[str, ...]:
    """All fields of the feed that ``field`` belongs to."""
    if field in SEPARATE:
        return SEPARATE[field]
    feed = BY_NAME[field].feed
    return tuple(f.name for f in FIELDS if f.feed == feed and f.kind == "flow")


def signal_fields(signal: Signal) -> tuple[str, ...]:
    """Every field whose rows a signal may read: its own, heartbeats, gaps, breaks."""
    stock, flow = _split(signal)
    plain = [f for f in stock if not f.endswith(TWIN)]
    for field in flow:
        plain.extend(feed_fields(field))
        feed = BY_NAME[field].feed
        plain.extend((f"alive.{feed}", f"gap.{feed}"))
    if signal.formula == Formula.MARKET_CAP:
        plain.append("circulating_supply")
    plain.extend([f"break.{f}" for f in plain if f in BY_NAME and not f.startswith("alive.")])
    return tuple(dict.fromkeys(plain))


def _split(signal: Signal) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Stock columns and summed flow columns of a signal, in the formula's order."""
    flow = tuple(f for f in signal.fields if BY_NAME[f].kind == "flow")
    stock = _STOCK_COLUMNS.get(
        signal.formula, tuple(f for f in signal.fields if BY_NAME[f].kind == "stock")
    )
    return stock, flow


def make_plan(
    signal: Signal, window_us: int, legs: LegSet, instruments: Mapping[Group, Instrument]
) -> Plan | None:
    """The plan of one signal on these legs; None where it has no group among them."""
    stock, flow = _split(signal)
    wanted = set(signal_fields(signal))
    present = {(v, i) for v, i, f in legs.index if f in wanted}
    groups = members(signal.groups, present, instruments)
    supply = -1
    if signal.groups == Groups.ALL_REFERENCE:
        reference = [g for g in groups if g[0] == REFERENCE]
        groups = [g for g in groups if g[0] != REFERENCE]
        if reference:
            supply = legs.leg(*reference[0], "circulating_supply")
    if not groups:
        return None
    info = np.zeros(1, INFO)
    info["formula"], info["kind"] = int(signal.formula), KINDS[signal.kind]
    info["window"], info["supply"] = window_us, supply
    info["bars"] = bool(flow) and BY_NAME[flow[0]].feed in BAR_FEEDS
    info["two_feeds"] = signal.formula == Formula.SPOT_PERP
    info["by_value"] = signal.by_value
    info["stocks"] = 1 if signal.formula == Formula.MARKET_CAP else len(stock)
    info["single"] = signal.groups in SINGLE
    role = np.array([_roles(signal, stock, flow, group, legs) for group in groups], np.int32)
    info["has_breaks"] = bool(np.any(_part(role, BREAKS) >= 0))
    part = np.append(np.delete(role, VENUE, axis=1), np.int32(supply))
    used = np.unique(part[part >= 0]).astype(np.int64)
    return Plan(info, role, used)


def _part(role: I32, part: int) -> I32:
    return role[:, part : part + WIDTH[part]]


def _roles(
    signal: Signal, stock: tuple[str, ...], flow: tuple[str, ...], group: Group, legs: LegSet
) -> list[int]:
    """One group's row of the plan: which leg plays which part."""
    row = [-1] * ROLES

    def place(part: int, fields: Sequence[str]) -> None:
        for position, field in enumerate(fields):
            row[part + position] = legs.leg(*group, field)

    place(STOCKS, stock)
    place(FLOWS, flow)
    place(BREAKS, [f"break.{field}" for field in _BREAK_FIELDS.get(signal.formula, signal.fields)])
    minutes = signal.formula == Formula.MINUTES_UNTIL
    place(NEEDED, signal.fields if minutes else tuple(dict.fromkeys(stock + flow)))
    row[VENUE] = venue_order(group[0])
    for part, field in zip((FEED, FEED_2), flow, strict=False):
        place(part, feed_fields(field))
        pulse = legs.leg(*group, f"alive.{BY_NAME[field].feed}")
        row[part + WIDTH[part] - 1] = pulse
        row[PULSE] = pulse
        row[GAP] = legs.leg(*group, f"gap.{BY_NAME[field].feed}")
    return row


def group_names(
    signal: Signal, legs: LegSet, instruments: Mapping[Group, Instrument]
) -> list[Group]:
    """The groups of the signal's plan, in its order."""
    wanted = set(signal_fields(signal))
    present = {(v, i) for v, i, f in legs.index if f in wanted}
    found = members(signal.groups, present, instruments)
    return [group for group in found if group[0] != REFERENCE]
