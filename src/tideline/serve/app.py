"""The application of one process, put together from a service that is handed in."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from litestar import Litestar, Request, Response
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.handlers import BaseRouteHandler

from tideline.domain.errors import TidelineError
from tideline.serve.caller import Caller
from tideline.serve.envelope import Envelope
from tideline.serve.gate import CALLER, guard_of
from tideline.serve.given import Serving
from tideline.serve.problems import respond
from tideline.serve.routes.table import ROUTES
from tideline.serve.service import Service


def create_app(service: Service, routes: Sequence[BaseRouteHandler] = ROUTES) -> Litestar:
    """The ASGI application. Its lifespan starts the service and stops it."""

    def failed(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
        return respond(request, error, service.log)

    app = Litestar(
        route_handlers=list(routes),
        guards=[guard_of(service.gate)],
        dependencies={
            "service": Provide(lambda: service, sync_to_thread=False),
            "caller": Provide(_caller, sync_to_thread=False),
        },
        exception_handlers={
            TidelineError: failed,
            HTTPException: failed,
            Exception: failed,
        },
        lifespan=[_life(service)],
        openapi_config=None,
        request_max_body_size=service.options.body_bytes,
        debug=False,
        logging_config=None,
    )
    app.asgi_handler = Envelope(
        app.asgi_handler, service.options.hosts, service.clock, service.metrics.answered
    )
    return app


def _caller(request: Request[Any, Any, Any], service: Serving) -> Caller:
    """Who the guard let in. Asking for the service puts it after that one: dependencies that stand
    in one another's way are not gathered by a task group, which costs more than an answer."""
    del service
    found: Caller = request.scope[CALLER]  # type: ignore[literal-required]
    return found


def _life(service: Service) -> Any:
    @asynccontextmanager
    async def life(_: Litestar) -> AsyncGenerator[None, None]:
        service.start()
        service.log.info("started", store=str(service.options.store))
        try:
            async with service.pushing.running():
                yield
        finally:
            service.stop()
            service.log.info("stopped")

    return life
