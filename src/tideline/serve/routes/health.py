"""``GET /v1/health`` and ``GET /metrics``."""

from __future__ import annotations

from litestar import Response, get
from litestar.openapi.datastructures import ResponseSpec

from tideline.serve.entitlement import require
from tideline.serve.given import Asker, Serving
from tideline.serve.health import Health, health_of
from tideline.serve.service import Service
from tideline.serve.shapes import encode

PROMETHEUS = "text/plain; version=0.0.4"


@get(
    "/v1/health",
    summary="Is what is served fresh and whole",
    responses={
        200: ResponseSpec(Health, description="ok or degraded"),
        503: ResponseSpec(Health, description="unhealthy: `why` says what stands still"),
    },
    tags=["service"],
)
async def health(service: Serving) -> Response[bytes]:
    """503 within a minute of anything standing still."""
    found = await service.work(lambda: _look(service))
    status = 503 if found.status == "unhealthy" else 200
    return Response(encode(found), status_code=status, media_type="application/json")


@get(
    "/metrics",
    summary="Counters for Prometheus",
    media_type=PROMETHEUS,
    responses={200: ResponseSpec(str, media_type=PROMETHEUS, description="Text format")},
    tags=["service"],
)
async def metrics(service: Serving, caller: Asker) -> Response[bytes]:
    """Counts of all workers."""
    require(caller.plan, metrics=True)
    body = await service.work(lambda: _counted(service))
    return Response(body, media_type=PROMETHEUS)


def _look(service: Service) -> Health:
    found = health_of(service.store.log, service.follower, service.clock, service.store.simulated)
    service.metrics.healthy.set(0.0 if found.status == "unhealthy" else 1.0)
    service.metrics.head_age.set(found.head_age_s)
    service.metrics.behind.set(found.follower.behind)
    return found


def _counted(service: Service) -> bytes:
    _look(service)
    return service.metrics.text()
