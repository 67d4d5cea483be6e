"""May this plan ask this? The one place: REST, batch, series, streams, alerts, exports and MCP.

    entitlement.require(caller.plan, addresses=[...], oldest=as_of, head=head)

It is called with what was asked before anything is looked up, so an answer kept for one caller
is never handed to another who could not have asked for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache

from tideline.domain.time import DAY, format_time
from tideline.features.address import Address, parse_address
from tideline.serve.refusals import NotEntitled
from tideline.settings import EVERY, PLANS, Plan
from tideline.signals import BY_ADDRESS


def require(
    plan: Plan,
    *,
    addresses: Iterable[str] = (),
    oldest: int | None = None,
    head: int | None = None,
    metrics: bool = False,
    plans: tuple[Plan, ...] = PLANS,
) -> None:
    """Let it pass, or refuse.

    Args:
        addresses: every feature address that the answer would show or be made of.
        oldest: the earliest as_of asked, µs; with the ``head`` it is measured from.
        metrics: the service's own counters are asked for.
        plans: where a plan that unlocks it is looked for.

    Raises:
        NotEntitled: names the part that is missing and the first plan that has it.
        BadAddress: not an address of the catalogue.
    """
    for text in addresses:
        if not _allows(plan, text):
            raise _refusal("features", plan, text, plans)
    if oldest is not None and head is not None:
        _require_depth(plan, oldest, head, plans)
    if metrics and not plan.metrics:
        raise NotEntitled("metrics", "the service's counters", plan.name, _first(plans, _metrics))


def allowed(plan: Plan, address: str) -> bool:
    """May the plan ask this address, at the head?"""
    return _allows(plan, address)


def has_signal(plan: Plan, signal: str) -> bool:
    """Has the plan a signal, on whatever window?"""
    category = signal.partition(".")[0]
    return any(name in (EVERY, signal, f"{category}.{EVERY}") for name in plan.signals)


def unlocked_by(signal: str, plans: tuple[Plan, ...] = PLANS) -> str | None:
    """The first plan that has a signal, on whatever window."""
    return _first(plans, lambda plan: has_signal(plan, signal))


@lru_cache(maxsize=8192)
def _allows(plan: Plan, text: str) -> bool:
    return _missing(plan, parse_address(text, BY_ADDRESS)) is None


def _missing(plan: Plan, address: Address) -> str | None:
    """The part of an address that the plan lacks, in words."""
    if not has_signal(plan, address.signal):
        return f"signal {address.signal}"
    if EVERY not in plan.windows and address.window not in plan.windows:
        return f"window {address.window} of {address.signal}"
    if EVERY not in plan.transforms and address.transform not in plan.transforms:
        return f"transform {address.transform} of {address.signal}"
    return None


def _refusal(field: str, plan: Plan, text: str, plans: tuple[Plan, ...]) -> NotEntitled:
    what = _missing(plan, parse_address(text, BY_ADDRESS)) or text
    return NotEntitled(field, what, plan.name, _first(plans, lambda other: _allows(other, text)))


def _require_depth(plan: Plan, oldest: int, head: int, plans: tuple[Plan, ...]) -> None:
    def deep_enough(other: Plan) -> bool:
        return other.history_days is None or head - oldest <= other.history_days * DAY

    if not deep_enough(plan):
        what = f"{format_time(oldest)}, more than {plan.history_days} days before the head,"
        raise NotEntitled("as_of", what, plan.name, _first(plans, deep_enough))


def _metrics(plan: Plan) -> bool:
    return plan.metrics


def _first(plans: tuple[Plan, ...], holds: Callable[[Plan], bool]) -> str | None:
    return next((plan.name for plan in plans if holds(plan)), None)
