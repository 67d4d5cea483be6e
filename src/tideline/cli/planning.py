"""The poll plan on paper: what would be asked of each venue, and what it takes of the limits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tideline.cli.show import put_json, put_table, seconds

if TYPE_CHECKING:
    from tideline.collect.asking.plan import Plan
    from tideline.domain.instrument import Instrument
    from tideline.venues.declaration import Venue

INVERSE = ("BTC", "ETH", "XRP", "SOL", "DOGE")
"""Coins whose inverse perpetual is worth counting on where a venue has one."""


def expected_instruments(venue: str, assets: Sequence[str]) -> list[Instrument]:
    """The perpetuals one would expect there: linear for every coin, inverse for a few.

    What really trades is asked of the venue's listings when collecting starts.
    """
    from tideline.domain.errors import BadInput
    from tideline.venues.symbols import parse_symbol, perpetual_symbols

    found = {}
    for asset in assets:
        for symbol in perpetual_symbols(venue, asset):
            try:
                one = parse_symbol(venue, symbol)
            except BadInput:
                continue
            if one.linear or asset in INVERSE:
                found[one.symbol] = one
    return list(found.values())


def print_plan(
    venues: Sequence[Venue], assets: Sequence[str], backfill_days: float, as_json: bool
) -> None:
    """Feeds with their cadence and cost, then the load on every limit."""
    from tideline.collect.asking.plan import plan_of
    from tideline.domain.time import DAY

    plans = [
        plan_of(
            venue,
            expected_instruments(venue.name, assets),
            backfill_us=round(backfill_days * DAY),
        )
        for venue in venues
    ]
    if as_json:
        put_json({"assets": list(assets), "venues": [_facts(plan) for plan in plans]})
        return
    for venue, plan in zip(venues, plans, strict=True):
        _print_one(venue, plan)


def _facts(plan: Plan) -> dict[str, Any]:
    sweeps = [
        {
            "feed": sweep.feed,
            "group": sweep.group,
            "instruments": len(sweep.instruments),
            "requests": sweep.requests,
            "cadence_s": sweep.cadence_s,
            "declared_s": sweep.declared_s,
            "per_minute": sweep.per_minute,
            "backfill_requests": sweep.backfill_requests,
        }
        for sweep in plan.sweeps
    ]
    return {"venue": plan.venue, "sweeps": sweeps, "loads": [one._asdict() for one in plan.loads]}


def _print_one(venue: Venue, plan: Plan) -> None:
    put_table(
        f"{plan.venue}: what is asked",
        ("feed", "for", "requests", "every", "declared", "a minute", "to back-fill"),
        [
            (
                sweep.feed,
                f"{sweep.group} {len(sweep.instruments)}" if sweep.instruments else "all",
                str(sweep.requests),
                seconds(sweep.cadence_s),
                seconds(sweep.declared_s),
                f"{sweep.per_minute:.2f}",
                str(sweep.backfill_requests or ""),
            )
            for sweep in plan.sweeps
        ],
        right=("requests", "every", "declared", "a minute", "to back-fill"),
    )
    put_table(
        f"{plan.venue}: what that takes of its limits",
        ("limit", "units a minute", "kept under", "the venue's"),
        [
            (load.bucket, f"{load.used:.1f}", f"{load.allowed:.1f}", f"{load.limit:.1f}")
            for load in plan.loads
        ],
        right=("units a minute", "kept under", "the venue's"),
    )
    for stream in venue.streams:
        print_stream(stream.name, stream.fields)


def print_stream(name: str, fields: Sequence[str]) -> None:
    """A stream asks nothing after its subscription: it is only named."""
    import click

    click.echo(f"  listens to {name}: {', '.join(fields)}")
