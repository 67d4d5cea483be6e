"""``POST /v1/positions/report``: the pre-trade checklist of one position."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Response, post
from litestar.enums import RequestEncodingType
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import Body

from tideline.serve.asking import known_assets
from tideline.serve.entitlement import require
from tideline.serve.examples import POSITION
from tideline.serve.given import Asker, Serving
from tideline.serve.media import JSON
from tideline.serve.readings import needed, wire_report
from tideline.serve.routes.scan import checked_moment
from tideline.serve.shapes import PositionRequest, encode

STOOD_ON = ("45m", "4h")
"""The windows of price and open interest a report is made of."""
Given = Annotated[
    PositionRequest,
    Body(media_type=RequestEncodingType.JSON, examples=[POSITION], description="The position"),
]


@post(
    "/v1/positions/report",
    summary="The pre-trade checklist of one position: pass, fail or cannot tell",
    status_code=200,
    responses={200: ResponseSpec(dict[str, Any], description="The numbers, and no advice")},
    tags=["readings"],
)
async def position_report(service: Serving, caller: Asker, data: Given) -> Response[bytes]:
    """As known at one moment; nothing is kept of it."""
    require(caller.plan, addresses=[name for window in STOOD_ON for name in needed(window)])

    def work() -> bytes:
        known_assets([data.asset], service.store.assets())
        given, head = data.as_of, service.head
        at = head if given is None else checked_moment(service, caller, given, [data.asset])
        found = service.store.report(
            data.asset,
            side=data.side,
            entry=data.entry,
            stop=data.stop,
            size=data.size,
            leverage=data.leverage,
            equity=data.equity,
            margin=data.margin,
            horizon=data.horizon,
            as_of=at,
        )
        return encode(wire_report(found, simulated=service.store.simulated))

    return Response(await service.work(work), media_type=JSON)
