"""The route table: every call there is. A route that is not here is not served."""

from __future__ import annotations

from litestar.handlers import BaseRouteHandler

from tideline.serve.routes.health import health, metrics
from tideline.serve.routes.historical import historical, series
from tideline.serve.routes.live import live

ROUTES: tuple[BaseRouteHandler, ...] = (
    live,
    historical,
    series,
    health,
    metrics,
)
