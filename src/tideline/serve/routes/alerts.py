"""``/v1/alerts``: rules that are watched for their owner. Another owner's alert is not there."""

from __future__ import annotations

from typing import Annotated

from litestar import Response, delete, get, post
from litestar.enums import RequestEncodingType
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import Body, PathParameter

from tideline.serve.alerts.alert import AlertSpec
from tideline.serve.alerts.desk import AlertView, Trial
from tideline.serve.alerts.past import Past
from tideline.serve.examples import ALERT
from tideline.serve.given import Asker, Serving
from tideline.serve.shapes import encode

JSON = "application/json"
Spec = Annotated[
    AlertSpec,
    Body(media_type=RequestEncodingType.JSON, examples=[ALERT], description="Rule and channel"),
]
AlertId = Annotated[str, PathParameter(description="as it was given", max_length=64, min_length=1)]


@post(
    "/v1/alerts",
    summary="Watch a rule and tell a channel when it becomes true",
    description="The rule is tested against the past first; `secret` is shown this once.",
    responses={201: ResponseSpec(AlertView, description="The alert, with its past")},
    tags=["alerts"],
)
async def create_alert(service: Serving, caller: Asker, data: Spec) -> Response[bytes]:
    """Checked, tested, saved."""
    made = await service.work(lambda: service.pushing.alerts.create(caller, data))
    return Response(encode(made), status_code=201, media_type=JSON)


@post(
    "/v1/alerts/test",
    summary="How often a rule would have fired; nothing is saved",
    status_code=200,
    responses={200: ResponseSpec(Past, description="The last 30 days")},
    tags=["alerts"],
)
async def try_rule(service: Serving, caller: Asker, data: Spec) -> Response[bytes]:
    """The past of a rule."""
    found = await service.work(lambda: service.pushing.alerts.past(caller, data))
    return Response(encode(found), media_type=JSON)


@get(
    "/v1/alerts",
    summary="Your alerts, oldest first",
    responses={200: ResponseSpec(list[AlertView], description="Without secrets")},
    tags=["alerts"],
)
async def list_alerts(service: Serving, caller: Asker) -> Response[bytes]:
    """Those of the caller's owner."""
    found = await service.work(lambda: service.pushing.alerts.mine(caller))
    return Response(encode(found), media_type=JSON)


@get(
    "/v1/alerts/{alert:str}",
    summary="One alert, its newest events and how they were delivered",
    responses={200: ResponseSpec(AlertView, description="Without its secret")},
    tags=["alerts"],
)
async def get_alert(service: Serving, caller: Asker, alert: AlertId) -> Response[bytes]:
    """404 for what is not the caller's."""
    found = await service.work(lambda: service.pushing.alerts.get(caller, alert))
    return Response(encode(found), media_type=JSON)


@delete(
    "/v1/alerts/{alert:str}",
    summary="Forget an alert and what of it was still to be told",
    status_code=204,
    tags=["alerts"],
)
async def delete_alert(service: Serving, caller: Asker, alert: AlertId) -> None:
    """404 for what is not the caller's."""
    await service.work(lambda: service.pushing.alerts.delete(caller, alert))


@post(
    "/v1/alerts/{alert:str}/test",
    summary="Send a message that says it is a test; success switches the channel on again",
    status_code=200,
    responses={200: ResponseSpec(Trial, description="What the channel said")},
    tags=["alerts"],
)
async def try_channel(service: Serving, caller: Asker, alert: AlertId) -> Response[bytes]:
    """404 for what is not the caller's."""
    found = await service.pushing.alerts.trial(caller, alert)
    return Response(encode(found), media_type=JSON)
