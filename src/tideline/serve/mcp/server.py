"""The tools under their names, with what an assistant has to know to call them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from importlib.metadata import version
from typing import Annotated, Any, TypeVar

import anyio
from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import ToolAnnotations
from pydantic import Field

from tideline.domain.errors import TidelineError
from tideline.serve.caller import Caller
from tideline.serve.mcp.answers import Catalogue, Explained, Numbers, Past, Scan
from tideline.serve.mcp.questions import MOST_ASSETS, MOST_MOMENTS, Questions

T = TypeVar("T")

CallerOf = Callable[[Context], Caller]

INSTRUCTIONS = """Open interest and its companions from derivatives venues, as known at each moment.
Ask `catalogue` first for the signals and how an address is written. Every number bears the moment
it is of, its age and why it is null. Readings explain; nothing here is advice, or predicts.
"""
READ_ONLY = ToolAnnotations(read_only_hint=True, open_world_hint=False)

AssetName = Annotated[str, Field(min_length=1, max_length=40, description="A coin: BTC")]
Assets = Annotated[list[AssetName], Field(min_length=1, max_length=MOST_ASSETS)]
Features = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=120)]],
    Field(min_length=1, max_length=50, description="Addresses: positioning.oi_usdtm@1h:zscore"),
]
Moment = Annotated[str, Field(max_length=40, description="RFC 3339 with an offset")]
Window = Annotated[str, Field(max_length=4, description="15m 30m 45m 1h 2h 4h 12h 24h")]
Some = Annotated[str, Field(max_length=80, description="R1,R3.kind,… as in the catalogue, or all")]


class Tools:
    """One method a tool; ``caller_of`` tells who is asking."""

    def __init__(self, questions: Questions, caller_of: CallerOf) -> None:
        self._ask, self._caller_of = questions, caller_of

    async def catalogue(
        self,
        ctx: Context,
        search: Annotated[str, Field(max_length=40, description="a word, or nothing")] = "",
    ) -> Catalogue:
        """The signals: unit, meaning, what the sign says and does not; how to write an address.
        The readings: their names, states and windows, for scans and rules."""
        return await self._work(ctx, self._ask.catalogue, search)

    async def live(self, ctx: Context, assets: Assets, features: Features) -> Numbers:
        """Features of one or more coins, now."""
        return await self._work(ctx, self._ask.live, assets, features)

    async def historical(
        self,
        ctx: Context,
        asset: AssetName,
        as_of: Annotated[list[Moment], Field(min_length=1, max_length=MOST_MOMENTS)],
        features: Features,
    ) -> Numbers:
        """Features of one coin as they were known at each moment; nothing later leaks in."""
        return await self._work(ctx, self._ask.historical, asset, as_of, features)

    async def scan(
        self,
        ctx: Context,
        window: Window = "45m",
        min_severity: Annotated[
            str, Field(max_length=10, description="none watch elevated extreme")
        ] = "watch",
        limit: Annotated[int, Field(ge=1, le=50)] = 20,
        readings: Some = "R1",
    ) -> Scan:
        """Which coins are in an unusual state now (R1: price × open interest), strongest first."""
        return await self._work(ctx, self._ask.scan, window, min_severity, limit, readings)

    async def explain(
        self,
        ctx: Context,
        asset: AssetName,
        window: Window = "45m",
        as_of: Moment | None = None,
        readings: Some = "all",
    ) -> Explained:
        """Why a coin is read as it is: evidence, thresholds, venues used and left out."""
        return await self._work(ctx, self._ask.explain, asset, window, as_of, readings)

    async def try_rule(
        self,
        ctx: Context,
        rule: Annotated[
            str,
            Field(
                max_length=2000,
                description="price.ret@1h < -0.05 and R3.kind@45m == liquidation_cascade",
            ),
        ],
        assets: Assets,
    ) -> Past:
        """How often a rule over features and readings would have fired in the last 30 days."""
        return await self._work(ctx, self._ask.try_rule, rule, assets)

    async def report(
        self,
        ctx: Context,
        asset: AssetName,
        side: Annotated[str, Field(max_length=5, description="long or short")],
        entry: float,
        stop: float,
        size: Annotated[float, Field(description="coins")],
        leverage: float,
        equity: Annotated[float, Field(description="USD")],
        margin: Annotated[str, Field(max_length=10)] = "isolated",
        horizon: Annotated[str, Field(max_length=10, description="12h, 2d")] = "2d",
    ) -> dict[str, Any]:
        """The pre-trade checklist of one position: pass, fail or cannot tell, with the numbers."""
        given: dict[str, Any] = {
            "side": side,
            "entry": entry,
            "stop": stop,
            "size": size,
            "leverage": leverage,
            "equity": equity,
            "margin": margin,
            "horizon": horizon,
        }
        return await self._work(ctx, partial(self._ask.report, **given), asset)

    async def _work(self, ctx: Context, ask: Callable[..., T], *given: Any) -> T:
        """Ask in a thread; an error of the package is told, any other is not."""
        caller = self._caller_of(ctx)
        try:
            return await anyio.to_thread.run_sync(partial(ask, caller, *given))
        except TidelineError as error:
            raise ToolError(str(error)) from None


def make_server(questions: Questions, caller_of: CallerOf) -> MCPServer:
    """The server with the tools that the store can answer."""
    with _own_logging():
        server = MCPServer("tideline", instructions=INSTRUCTIONS, version=version("tideline"))
    tools = Tools(questions, caller_of)
    offered: list[Callable[..., Any]] = [
        tools.catalogue,
        tools.live,
        tools.historical,
        tools.scan,
        tools.explain,
        tools.try_rule,
        tools.report,
    ]
    for tool in offered:
        server.add_tool(tool, annotations=READ_ONLY, structured_output=True)
    return server


@contextmanager
def _own_logging() -> Iterator[None]:
    """Keep the library from configuring the logging of the whole process when it is made."""
    root, nothing = logging.getLogger(), logging.NullHandler()
    root.addHandler(nothing)
    try:
        yield
    finally:
        root.removeHandler(nothing)
