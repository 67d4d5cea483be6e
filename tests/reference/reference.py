"""The slow reference: one address of one asset at one moment, straight from the page.

    rows ─▶ as known at T ─▶ L(T) ─▶ x(t, w) ─▶ transform ─▶ value, and beside it the evidence

Where the page is silent, the choice made stands in a comment where it is made.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tests.reference import evidence
from tests.reference.context import Context, Spec
from tests.reference.known import Known
from tests.reference.model import (
    LAW,
    TRANSFORMS,
    WINDOWS,
    Answer,
    Group,
    Null,
    Row,
    Rules,
    Samples,
)
from tests.reference.signals import SPECS
from tests.reference.transforms import TRANSFORM, Plan, windows_back

ADDRESS = re.compile(r"([a-z0-9_]+\.[a-z0-9_]+)@(\w+)(?::([a-z]+)(?:\[(\d+)\])?)?")


def parse(address: str) -> tuple[Spec, str, str, int | None]:
    """(signal, window, transform, n) of a well-formed address."""
    match = ADDRESS.fullmatch(address)
    assert match is not None, address
    name, window, transform, n = match.groups()
    transform = transform or "level"
    assert window in WINDOWS and transform in TRANSFORMS, address
    return SPECS[name], window, transform, None if n is None else int(n)


def reference(
    rows: list[Row],
    asset: str,
    as_of: int,
    address: str,
    instruments: Mapping[Group, Any] | None = None,
    strict: bool = False,
    rules: Rules = LAW,
    known: Known | None = None,
) -> Answer:
    """The answer at ``address``; rows are of one asset, in log order."""
    spec, window, transform, n = parse(address)
    w = WINDOWS[window]
    span = windows_back(transform, n) * w
    known = known or Known(rows, as_of, strict, rules)
    context = Context(known, spec, instruments)
    context.groups = context.choose(as_of, _break_start(spec, as_of, w, span))
    samples = Samples()
    plan = Plan(
        _sampler(context, rules), as_of, w, n, spec.kind, _events(context, w), rules, samples
    )
    value, reason, allowed = None, "", frozenset[str]()
    try:
        _refuse_without_groups(context)
        value = TRANSFORM[transform](plan)
    except Null as null:
        reason, allowed = null.reason, frozenset(null.causes)
    return Answer(
        value,
        reason,
        evidence.age_s(context),
        len(evidence.pairs_in_window(context, w)),
        evidence.coverage(context),
        evidence.basis(context, span, w, transform),
        evidence.revised(context, w),
        tuple(context.groups),
        samples.largest,
        plan.divisor,
        allowed,
    )


def _break_start(spec: Spec, as_of: int, w: int, span: int) -> int | None:
    """Start of the span in which a break takes its group out, both ends included.

    The level of a stock has none; flows and changes look one window further back.
    """
    if spec.kind == "stock":
        return as_of - span if span else None
    return as_of - span - w


def _refuse_without_groups(c: Context) -> None:
    """Why L(T) is empty: never a row, a break, or nothing alive."""
    if c.groups:
        return
    if c.spec.needs_supply and not (c.supply_groups() and c.alive_before_breaks):
        raise Null("stale", "no_data")
    if c.alive_before_breaks:
        raise Null("break")
    if not any(c.has_rows(group) for group in c.candidates):
        raise Null("no_data")
    raise Null("stale")


def _events(c: Context, w: int) -> list[int]:
    """Represented event times of needed fields inside the window, newest first."""
    legs = [(group, name) for group in c.groups for name in c.read()]
    if c.spec.needs_supply:
        legs += [leg for leg in c.known.legs if leg[1] in ("circulating_supply", *c.spec.stocks)]
        legs += [leg for leg in c.known.legs if leg[1] in ("index_price", "mark_price")]
    found = {
        row.event_time
        for group, name in legs
        for row in c.known.between(group, name, c.as_of - w, c.as_of)
    }
    return sorted(found, reverse=True)


def _sampler(c: Context, rules: Rules):
    def x(t: int, w: int) -> float:
        if not rules.groups_once:
            chosen = c.groups
            c.groups = c.choose(t, None)
            try:
                if not c.groups:
                    raise Null("stale")
                return c.spec.x(c, t, w)
            finally:
                c.groups = chosen
        return c.spec.x(c, t, w)

    return x
