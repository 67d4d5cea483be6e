"""``GET /v1/scan`` and ``GET /v1/readings/{asset}``: named states with their evidence."""

from __future__ import annotations

from typing import Annotated

from litestar import Response, get
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import PathParameter, QueryParameter

from tideline.domain.errors import UnknownName
from tideline.readings.catalogue import RULES
from tideline.readings.naming import ALL, states_of
from tideline.readings.reading import CANNOT_TELL, SEVERITIES, Reading
from tideline.serve.asking import known_assets, names_in
from tideline.serve.caller import Caller
from tideline.serve.cost import Ask, check_cost, cost_of
from tideline.serve.entitlement import require
from tideline.serve.examples import READINGS
from tideline.serve.given import Asker, Serving
from tideline.serve.media import JSON
from tideline.serve.readings import mode_named, needed, rules_named, wire_reading
from tideline.serve.service import Service
from tideline.serve.shapes import Readings, encode
from tideline.serve.times import moment, read_moment

Window = Annotated[str, QueryParameter(description="15m 30m 45m 1h 2h 4h 12h 24h")]
Bands = Annotated[str, QueryParameter(description="adaptive or fixed")]
AsOf = Annotated[
    str | None,
    QueryParameter(description="RFC 3339 with an offset, or integer ms; absent: the head"),
]
STATES = (*dict.fromkeys(name for rule in RULES for name in states_of(rule)), CANNOT_TELL)
Some = Annotated[
    str | None,
    QueryParameter(description="R1,R3.kind,… as in the catalogue, or all", max_length=400),
]
DEEPEST = "positioning.oi_usdtm_coin@1h:zscore[722]"
"""How far the adaptive bands look back: 30 days of hours."""


@get(
    "/v1/scan",
    summary="Every asset's state, ranked",
    responses={200: ResponseSpec(Readings, examples=READINGS, description="Strongest first")},
    tags=["readings"],
)
async def scan(
    service: Serving,
    caller: Asker,
    window: Window = "45m",
    states: Annotated[
        str | None, QueryParameter(description="Only these: short_covering,…", max_length=2000)
    ] = None,
    min_severity: Annotated[
        str | None, QueryParameter(description="none, watch, elevated or extreme")
    ] = None,
    bands: Bands = "adaptive",
    as_of: AsOf = None,
    readings: Some = "R1",
) -> Response[bytes]:
    """At the head the same scan serves everybody for a few seconds."""
    require(caller.plan, addresses=needed(window))
    mode, wanted = mode_named(bands), _states(states)
    least = _severity(min_severity)
    rules = rules_named(_some(readings), mode, caller.plan, window)

    def work() -> bytes:
        if as_of is None:
            at, found = service.scans.at_head(service.head, window, mode, rules)
        else:
            at = checked_moment(service, caller, as_of, service.store.assets())
            found = service.scans.of(at, window, mode, rules)
        kept = [
            reading
            for reading in found
            if (wanted is None or reading.name in wanted)
            and SEVERITIES.index(reading.severity) >= least
        ]
        return _body(service, at, window, kept)

    return Response(await service.work(work), media_type=JSON)


@get(
    "/v1/readings/{asset:str}",
    summary="All readings of one asset",
    responses={200: ResponseSpec(Readings, examples=READINGS, description="In catalogue order")},
    tags=["readings"],
)
async def readings_of_asset(
    service: Serving,
    caller: Asker,
    asset: Annotated[str, PathParameter(description="One coin", max_length=40)],
    window: Window = "45m",
    bands: Bands = "adaptive",
    as_of: AsOf = None,
    readings: Some = None,
) -> Response[bytes]:
    """Those whose numbers the plan may ask, or those named, each with its evidence."""
    require(caller.plan, addresses=needed(window))
    rules = rules_named(_some(readings), mode_named(bands), caller.plan, window)

    def work() -> bytes:
        known_assets([asset], service.store.assets())
        head = service.head
        at = head if as_of is None else checked_moment(service, caller, as_of, [asset])
        return _body(service, at, window, service.scans.asset(asset, at, window, rules))

    return Response(await service.work(work), media_type=JSON)


def checked_moment(service: Service, caller: Caller, as_of: str | int, assets: list[str]) -> int:
    """A moment that can be answered, within the plan's depth and cost."""
    at = int(service.store.log.check_as_of(read_moment(as_of, "as_of")))
    require(caller.plan, oldest=at, head=service.head)
    asks = [Ask(name, 1, at, at) for name in assets]
    check_cost(caller.plan, cost_of(service.store.log, asks, [DEEPEST], columns=False, told=False))
    return at


def _body(service: Service, at: int, window: str, found: list[Reading]) -> bytes:
    told = [wire_reading(reading) for reading in found]
    return encode(Readings(moment(at), window, service.store.simulated, told))


def _some(text: str | None) -> str | None:
    return None if text == ALL else text


def _states(text: str | None) -> frozenset[str] | None:
    if text is None:
        return None
    names = names_in(text, "states", len(STATES))
    for name in names:
        if name not in STATES:
            raise UnknownName("states", name[:40], STATES)
    return frozenset(names)


def _severity(text: str | None) -> int:
    if text is None:
        return 0
    if text not in SEVERITIES:
        raise UnknownName("min_severity", text[:40], SEVERITIES)
    return SEVERITIES.index(text)
