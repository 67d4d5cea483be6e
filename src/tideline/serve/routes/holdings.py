"""``/v1/catalog``, ``/v1/assets``, ``/v1/venues``, ``/v1/gaps``, ``/v1/usage``: what there is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from litestar import Response, get
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import PathParameter, QueryParameter
from msgspec import Struct

from tideline.collect.status import read_status
from tideline.domain.errors import UnknownName
from tideline.domain.time import DAY
from tideline.domain.venue import ALL_VENUES
from tideline.features.signal import Signal
from tideline.features.window import TRANSFORMS, WINDOWS
from tideline.log import Leg
from tideline.serve.asking import known_assets
from tideline.serve.caller import Caller
from tideline.serve.entitlement import has_signal, require, unlocked_by
from tideline.serve.given import Asker, Serving
from tideline.serve.holdings import asset_entries, coverage_of, gap_entries, venue_entries
from tideline.serve.keys.usage import read_usage
from tideline.serve.media import JSON
from tideline.serve.readings import reading_entries
from tideline.serve.refusals import NotThere
from tideline.serve.service import Service
from tideline.serve.shapes import (
    Assets,
    Catalog,
    Gaps,
    PlanEntry,
    SignalEntry,
    UsageAnswer,
    UsageDay,
    Venues,
    encode,
)
from tideline.serve.times import moment, read_moment
from tideline.settings import Plan
from tideline.signals import BY_ADDRESS, CATALOGUE

MOST_GAPS = 10_000


@get(
    "/v1/catalog",
    summary="All that can be asked",
    responses={200: ResponseSpec(Catalog, description="Signals in order, plans from the smallest")},
    tags=["catalogue"],
)
async def catalog(service: Serving, caller: Asker) -> Response[bytes]:
    """Signals, readings, windows, transforms, plans; what there is of each signal right now."""

    def work() -> Catalog:
        legs = service.store.legs()
        entries = [_entry(service, caller, signal, legs) for signal in CATALOGUE]
        plans = [_plan(plan) for plan in service.options.plans]
        at = moment(service.head)
        readings = reading_entries(caller.plan, service.options.plans)
        return Catalog(at, entries, list(WINDOWS), list(TRANSFORMS), plans, readings)

    return await _told(service, work)


@get(
    "/v1/catalog/{signal:str}",
    summary="One signal: meaning, unit, sign, what it is not",
    responses={200: ResponseSpec(SignalEntry, description="Its whole entry")},
    tags=["catalogue"],
)
async def catalog_entry(
    service: Serving,
    caller: Asker,
    signal: Annotated[str, PathParameter(description="positioning.oi_usdtm", max_length=80)],
) -> Response[bytes]:
    """404 names nothing: the nearest is in the detail."""
    if signal not in BY_ADDRESS:
        raise UnknownName("signal", signal, BY_ADDRESS)
    found = BY_ADDRESS[signal]
    return await _told(service, lambda: _entry(service, caller, found, service.store.legs()))


@get(
    "/v1/assets",
    summary="What is covered",
    responses={200: ResponseSpec(Assets, description="By name")},
    tags=["coverage"],
)
async def assets(service: Serving) -> Response[bytes]:
    """Each coin: venues, rows, how fresh."""
    return await _told(
        service, lambda: Assets(moment(service.head), asset_entries(service.store.legs()))
    )


@get(
    "/v1/venues",
    summary="Where it comes from and how that fares",
    responses={200: ResponseSpec(Venues, description="In catalogue order")},
    tags=["coverage"],
)
async def venues(service: Serving) -> Response[bytes]:
    """Each venue: what is held, bans, skew, concerns."""

    def work() -> Venues:
        status = read_status(service.store.log.path)
        now = int(service.store.log.clock.now())
        entries = venue_entries(service.store.legs(), status, now)
        return Venues(moment(service.head), entries)

    return await _told(service, work)


@get(
    "/v1/gaps",
    summary="What is missing",
    responses={200: ResponseSpec(Gaps, description="The newest first")},
    tags=["coverage"],
)
async def gaps(
    service: Serving,
    caller: Asker,
    asset: Annotated[
        str | None, QueryParameter(description="Only this coin", max_length=40)
    ] = None,
    venue: Annotated[
        str | None, QueryParameter(description="Only this venue", max_length=40)
    ] = None,
    since: Annotated[
        str | None, QueryParameter(description="Reaching past this moment; absent: the last 7 days")
    ] = None,
) -> Response[bytes]:
    """Stretches in which a feed was silent, as known at the head."""
    if venue is not None and venue not in ALL_VENUES:
        raise UnknownName("venue", venue, ALL_VENUES)

    def work() -> Gaps:
        head = service.head
        start = head - 7 * DAY if since is None else int(read_moment(since, "since"))
        require(caller.plan, oldest=min(start, head), head=head)
        held = service.store.assets()
        chosen = held if asset is None else known_assets([asset], held)
        found = gap_entries(service.store.log, chosen, head, start, venue)
        return Gaps(moment(head), found[:MOST_GAPS])

    return await _told(service, work)


@get(
    "/v1/usage",
    summary="What your key has used",
    responses={200: ResponseSpec(UsageAnswer, description="The newest day first")},
    tags=["service"],
)
async def usage(service: Serving, caller: Asker) -> Response[bytes]:
    """Of the key that asks and of no other; 404 where there are no keys."""
    ring = service.gate.ring
    if ring is None:
        raise NotThere("usage: keys are off")

    def work() -> UsageAnswer:
        service.gate.settle()
        days = read_usage(ring, caller.key_id)
        return UsageAnswer([UsageDay(d.key, d.day, d.requests, d.refused) for d in days])

    return await _told(service, work)


async def _told(service: Service, work: Callable[[], Struct]) -> Response[bytes]:
    """What ``work`` finds in a thread, encoded there."""
    return Response(await service.work(lambda: encode(work())), media_type=JSON)


def _entry(service: Service, caller: Caller, signal: Signal, legs: list[Leg]) -> SignalEntry:
    return SignalEntry(
        signal=signal.address,
        kind=signal.kind,
        unit=signal.unit,
        groups=signal.groups.value,
        formula=signal.text,
        fields=list(signal.fields),
        meaning=signal.meaning,
        sign=signal.sign,
        is_not=signal.is_not,
        source=signal.source,
        level_only=signal.level_only,
        unlocked_by=unlocked_by(signal.address, service.options.plans),
        entitled=has_signal(caller.plan, signal.address),
        coverage=coverage_of(signal, legs),
    )


def _plan(plan: Plan) -> PlanEntry:
    return PlanEntry(
        name=plan.name,
        signals=list(plan.signals),
        windows=list(plan.windows),
        transforms=list(plan.transforms),
        history_days=plan.history_days,
        requests_per_minute=plan.requests_per_minute,
        streams=plan.streams,
        alerts=plan.alerts,
        cost_limit=plan.cost_limit,
    )
