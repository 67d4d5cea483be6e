"""The route table: every call there is. A route that is not here is not served."""

from __future__ import annotations

from litestar.handlers import BaseRouteHandler

from tideline.serve.routes.alerts import (
    create_alert,
    delete_alert,
    get_alert,
    list_alerts,
    try_channel,
    try_rule,
)
from tideline.serve.routes.docs import docs, docs_file, openapi
from tideline.serve.routes.health import health, metrics
from tideline.serve.routes.historical import historical, series
from tideline.serve.routes.holdings import assets, catalog, catalog_entry, gaps, usage, venues
from tideline.serve.routes.live import live
from tideline.serve.routes.mcp import mcp
from tideline.serve.routes.positions import position_report
from tideline.serve.routes.scan import readings_of_asset, scan
from tideline.serve.routes.stream import stream

ROUTES: tuple[BaseRouteHandler, ...] = (
    live,
    historical,
    series,
    catalog,
    catalog_entry,
    scan,
    readings_of_asset,
    position_report,
    assets,
    venues,
    gaps,
    create_alert,
    try_rule,
    list_alerts,
    get_alert,
    delete_alert,
    try_channel,
    stream,
    mcp,
    health,
    usage,
    metrics,
    openapi,
    docs,
    docs_file,
)
