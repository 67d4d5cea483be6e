"""``GET /v1/features/live``: values as of the head."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from litestar import Response, get
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import QueryParameter

from tideline.serve.asking import assets_text, features_text, known_assets
from tideline.serve.caller import Caller
from tideline.serve.cost import LIVE, Ask, Cost, check_cost, cost_of
from tideline.serve.entitlement import require
from tideline.serve.examples import ANSWERS
from tideline.serve.given import Asker, Serving
from tideline.serve.service import Service
from tideline.serve.shapes import Answers, encode
from tideline.serve.times import moment

JSON = "application/json"

Assets = Annotated[
    str, QueryParameter(description="One coin or several: BTC,ETH", max_length=20_000, min_length=1)
]
Features = Annotated[
    str,
    QueryParameter(
        description="Addresses: positioning.oi_usdtm@1h:zscore,price.ret@1h",
        max_length=20_000,
        min_length=1,
    ),
]
Evidence = Annotated[bool, QueryParameter(description="false: bare numbers")]


@get(
    "/v1/features/live",
    summary="Values as of the head",
    description="The same function on the same rows as `historical` at the head, bit for bit.",
    responses={200: ResponseSpec(Answers, examples=ANSWERS, description="One row an asset")},
    tags=["features"],
)
async def live(
    service: Serving, caller: Asker, asset: Assets, features: Features, evidence: Evidence = True
) -> Response[bytes]:
    """One row for each asset, in the order given."""
    addresses = features_text(features)
    require(caller.plan, addresses=addresses)
    names = assets_text(asset)
    check_cost(caller.plan, Cost(0.0, 0.0, LIVE * len(names) * len(addresses)))
    head = service.head
    found: list[list[bytes]] = []
    for name in names:
        kept = service.live.kept(name, addresses, head, evidence)
        if kept is None:
            found = await service.flights.once(
                (caller.plan.name, names, addresses, head, evidence),
                lambda: service.work(
                    lambda: _answers(service, caller, names, addresses, head, evidence)
                ),
            )
            service.metrics.made.inc(len(names) * len(addresses))
            break
        found.append(kept)
    else:
        service.metrics.kept.inc(len(names) * len(addresses))
    return Response(_joined(names, found, moment(head)), media_type=JSON)


def _answers(
    service: Service,
    caller: Caller,
    names: Sequence[str],
    addresses: Sequence[str],
    head: int,
    evidence: bool,
) -> list[list[bytes]]:
    """Worked out; what has to be read from the store first is estimated first."""
    unread = [name for name in names if not service.live.holds(name, addresses)]
    if unread:
        log = service.store.log
        asks = [Ask(name, 1, head, head) for name in known_assets(unread, service.store.assets())]
        check_cost(caller.plan, cost_of(log, asks, addresses, columns=True, told=True))
    return [service.live.answer(name, addresses, head, evidence) for name in names]


def _joined(names: Sequence[str], found: list[list[bytes]], at: str) -> bytes:
    rows = [
        b'{"asset":%b,"as_of":"%b","values":[%b]}' % (encode(name), at.encode(), b",".join(values))
        for name, values in zip(names, found, strict=True)
    ]
    return b'{"resolved":"%b","rows":[%b]}' % (at.encode(), b",".join(rows))
