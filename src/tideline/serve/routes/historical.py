"""``POST /v1/features/historical`` and ``GET /v1/features/series``: values as known at a moment."""

from __future__ import annotations

from operator import attrgetter
from typing import Annotated

import numpy as np
from litestar import Request, Response, get, post
from litestar.enums import RequestEncodingType
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import Body, FromQuery, QueryParameter
from litestar.response import Stream
from numpy.typing import NDArray

from tideline.domain.errors import BadInput
from tideline.features.window import WINDOWS
from tideline.serve.asking import features_in, known_assets
from tideline.serve.batch import Answered, Batch, answer_batch
from tideline.serve.caller import Caller
from tideline.serve.cost import NUMBER, TOLD, Cost, check_cost, cost_of
from tideline.serve.entitlement import require
from tideline.serve.examples import ANSWERS, BATCH, SERIES
from tideline.serve.given import Asker, Serving
from tideline.serve.media import JSON, choose_media
from tideline.serve.refusals import TooLong
from tideline.serve.sending import sent
from tideline.serve.service import Service
from tideline.serve.shapes import Answers, HistoricalRequest, Series
from tideline.serve.tables import json_pieces, pieces_of
from tideline.serve.times import moment, read_moment, read_moments
from tideline.serve.vectors import series_pieces

Sent = Response[bytes] | Stream
Given = Annotated[
    HistoricalRequest,
    Body(media_type=RequestEncodingType.JSON, examples=[BATCH], description="A batch"),
]
Evidence = Annotated[bool, QueryParameter(description="false: bare numbers")]
MOST_POINTS = 100_000
_ASSET, _AS_OF = attrgetter("asset"), attrgetter("as_of")


@post(
    "/v1/features/historical",
    status_code=200,
    summary="Values as known at each as_of",
    description=(
        "One answer row for each request row, in order. `Accept` chooses JSON, an Arrow stream or "
        "CSV. The cost is estimated before any work; above the plan's limit it is refused with 422."
    ),
    responses={200: ResponseSpec(Answers, examples=ANSWERS, description="In request order")},
    tags=["features"],
)
async def historical(
    service: Serving,
    caller: Asker,
    request: Request,  # type: ignore[type-arg]
    data: Given,
    evidence: Evidence = True,
) -> Sent:
    """Everything is checked, then estimated, then worked out, then sent."""
    media = choose_media(request.headers.get("accept"))
    features = features_in(data.features)
    require(caller.plan, addresses=features)
    told = evidence and media == JSON
    values = len(data.rows) * len(features)
    check_cost(caller.plan, Cost(0.0, 0.0, values * (TOLD if told else NUMBER)))

    def work() -> Sent:
        batch = Batch(
            assets=list(map(_ASSET, data.rows)),
            as_of=read_moments(list(map(_AS_OF, data.rows)), "as_of"),
            features=features,
            strict=data.strict,
            columns=evidence,
            told=told,
        )
        done = answer(service, caller, batch)
        head = service.head
        facts = {"resolved": moment(head), "simulated": str(service.store.simulated).lower()}
        pieces = pieces_of(media, done, lambda: json_pieces(done, head), facts)
        return sent(pieces, media, {"x-tideline-resolved": moment(head), "vary": "accept"})

    return await service.work(work)


Asset = Annotated[str, QueryParameter(description="One coin", min_length=1, max_length=40)]
Feature = Annotated[str, QueryParameter(description="One address", min_length=1, max_length=120)]
Start = Annotated[
    str,
    QueryParameter(description="RFC 3339 with an offset, or integer ms", min_length=1),
]
End = Annotated[str, QueryParameter(description="Last moment, the same way", min_length=1)]
Step = Annotated[str, QueryParameter(description="One of the window names: 1s … 24h", min_length=1)]


@get(
    "/v1/features/series",
    summary="One feature on a regular grid",
    description="Every point as known at its own moment. `Accept` chooses JSON, Arrow or CSV.",
    responses={200: ResponseSpec(Series, examples=SERIES, description="Columns")},
    tags=["features"],
)
async def series(
    service: Serving,
    caller: Asker,
    request: Request,  # type: ignore[type-arg]
    asset: Asset,
    feature: Feature,
    start: Start,
    end: End,
    step: Step,
    strict: FromQuery[bool] = False,
) -> Sent:
    """A chart's line."""
    media = choose_media(request.headers.get("accept"))
    (address,) = features_in([feature])
    require(caller.plan, addresses=[address])
    grid = _grid(start, end, step)
    check_cost(caller.plan, Cost(0.0, 0.0, grid.size * NUMBER))

    def work() -> Sent:
        batch = Batch([asset] * grid.size, grid, [address], strict, columns=False)
        done = answer(service, caller, batch)
        head = service.head
        facts = {"resolved": moment(head), "simulated": str(service.store.simulated).lower()}
        pieces = pieces_of(media, done, lambda: series_pieces(done, head), facts)
        return sent(pieces, media, {"x-tideline-resolved": moment(head), "vary": "accept"})

    return await service.work(work)


def answer(service: Service, caller: Caller, batch: Batch) -> Answered:
    """Head, horizon, names, depth, cost; then the work.

    Raises:
        FutureAsOf, BeforeHorizon, UnknownName, NotEntitled, TooExpensive, TooLong.
    """
    log, began = service.store.log, service.clock.monotonic()
    oldest, newest = int(batch.as_of.min()), int(batch.as_of.max())
    if newest > service.head:  # what is published was asked of the log already
        log.check_as_of(newest)
    log.check_as_of(oldest)
    require(caller.plan, oldest=oldest, head=service.head)
    known_assets(list(batch.places), service.store.assets())
    cost = cost_of(log, batch.asks, batch.features, columns=batch.columns, told=batch.told)
    check_cost(caller.plan, cost)
    service.metrics.cost.inc(cost.total)

    def alive() -> None:
        if service.clock.monotonic() - began > service.options.timeout_s:
            raise TooLong(service.options.timeout_s)

    return answer_batch(service.store, batch, alive, service.kept)


def _grid(start: str, end: str, step: str) -> NDArray[np.int64]:
    first, last = read_moment(start, "start"), read_moment(end, "end")
    width = WINDOWS.get(step)
    if width is None:
        raise BadInput("step", step[:40], f"is not one of {' '.join(WINDOWS)}", "1h")
    count = (last - first) // width + 1
    if not 1 <= count <= MOST_POINTS:
        raise BadInput("end", end[:40], f"gives {count:,} points, not 1 to {MOST_POINTS:,}")
    return np.arange(count, dtype=np.int64) * width + first
