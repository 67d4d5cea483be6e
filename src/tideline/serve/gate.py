"""Whose key is it, and has it a token left. Authorisation never looks at a path.

Every route carries the guard, so a route that is added is closed until it says otherwise, and no
spelling of a URL leads around it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler

from tideline.domain.errors import UnknownName
from tideline.serve.buckets import Buckets, rate_of, whole_seconds
from tideline.serve.caller import Caller, local_caller
from tideline.serve.keys.ring import KeyRing
from tideline.serve.keys.usage import Usage
from tideline.serve.refusals import TooMany, Unauthorised
from tideline.settings import PLANS, Plan

Guard = Callable[[ASGIConnection, BaseRouteHandler], Awaitable[None]]  # type: ignore[type-arg]

CALLER = "tideline.caller"
"""Where in the ASGI scope the guard leaves the caller."""
_BEARER = "bearer "
NOT_ASKED = frozenset({"service", "caller", "request", "data"})
"""Parameters of a route that do not come from the query."""


class Gate:
    """The one door. Without a ring of keys everybody is local and there is no limit."""

    def __init__(
        self,
        ring: KeyRing | None,
        buckets: Buckets,
        usage: Usage | None,
        plans: tuple[Plan, ...] = PLANS,
    ) -> None:
        self.ring, self._buckets, self._usage = ring, buckets, usage
        self._local = local_caller(plans[-1])

    def admit(self, authorization: str | None) -> Caller:
        """The caller behind an Authorization header.

        Raises:
            Unauthorised: no key or none that is valid; always the same words.
        """
        if self.ring is None:
            return self._local
        if authorization is None or not authorization[: len(_BEARER)].lower() == _BEARER:
            raise Unauthorised
        caller = self.ring.caller(authorization[len(_BEARER) :].strip())
        if caller is None:
            raise Unauthorised
        return caller

    def spend(self, caller: Caller) -> None:
        """One request of the caller.

        Raises:
            TooMany: its owner has no token of the plan left; says when there will be one.
        """
        if self._usage is None or not caller.key_id:
            return
        if caller.plan.requests_per_minute:
            rate = rate_of(caller.plan.requests_per_minute)
            wait_s = self._buckets.take(caller.key_id, caller.owner_id, caller.plan_id, rate)
            if wait_s > 0.0:
                self._usage.count(caller.key_id, refused=True)
                what = f"plan {caller.plan.name} allows {caller.plan.requests_per_minute} a minute"
                raise TooMany(what, whole_seconds(wait_s))
        self._usage.count(caller.key_id)

    def still_open(self, caller: Caller) -> bool:
        """May what the caller opened stay open? Within seconds of a revocation: no."""
        return self.ring is None or self.ring.still_valid(caller)

    def start(self) -> None:
        """Begin to write what is counted."""
        if self._usage is not None:
            self._usage.start()

    def settle(self) -> None:
        """Write what was counted now."""
        if self._usage is not None:
            self._usage.write()

    def close(self) -> None:
        """Write what was counted, let go of the files."""
        if self._usage is not None:
            self._usage.close()
        if self.ring is not None:
            self.ring.close()
        self._buckets.close()


def guard_of(gate: Gate) -> Guard:
    """The guard of every HTTP route: lets the caller in and leaves them in the scope."""

    async def guard(connection: ASGIConnection, handler: BaseRouteHandler) -> None:  # type: ignore[type-arg]
        if str(connection.scope["type"]) != "http":
            return  # a stream is let in by its own handler, which may wait for the key
        caller = gate.admit(connection.headers.get("authorization"))
        gate.spend(caller)
        connection.scope[CALLER] = caller  # type: ignore[literal-required]
        if connection.scope["query_string"] and isinstance(handler, HTTPRouteHandler):
            _check_names(handler, connection.query_params)

    return guard


def _check_names(handler: HTTPRouteHandler, given: Iterable[str]) -> None:
    """A parameter that a call does not have is refused, not left out: a misspelt one changes
    what is answered.

    Raises:
        UnknownName: names the nearest.
    """
    known = handler.parsed_fn_signature.parameters
    for name in given:
        if name not in known or name in NOT_ASKED:
            own = [parameter for parameter in known if parameter not in NOT_ASKED]
            raise UnknownName("query", name[:40], own)
