"""The nine transforms, each as the page says it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from tests.reference.model import Null, Rules, Samples

X = Callable[[int, int], float]  # x(t, w) or Null


@dataclass
class Plan:
    """What a transform works on: x, T, w, n, and where a stock has to be looked at."""

    x: X
    as_of: int
    w: int
    n: int | None
    kind: str
    stock_times: list[int]  # represented event times in (T - w, T)
    rules: Rules
    samples: Samples
    divisor: float = 1.0

    def sample(self, t: int, w: int | None = None) -> float:
        return self.samples.seen(self.x(t, self.w if w is None else w))


DEFAULT_N = {"delta": 1, "rate": 1, "zscore": 30, "pctrank": 30}


def windows_back(transform: str, n: int | None) -> int:
    """The span of a transform, in windows."""
    if transform in DEFAULT_N:
        return DEFAULT_N[transform] if n is None else n
    return {"level": 0, "ewma": 7}.get(transform, 1)


def past(plan: Plan, t: int) -> float:
    """A sample before T; what is missing there is short history, or a gap."""
    try:
        return plan.sample(t)
    except Null as null:
        raise Null("gap" if "gap" in null.causes else "short_history", *null.causes) from None


def level(plan: Plan) -> float:
    return plan.sample(plan.as_of)


def delta(plan: Plan) -> float:
    now = plan.sample(plan.as_of)
    return now - past(plan, plan.as_of - windows_back("delta", plan.n) * plan.w)


def rate(plan: Plan) -> float:
    now = plan.sample(plan.as_of)
    base = past(plan, plan.as_of - windows_back("rate", plan.n) * plan.w)
    if base == 0:
        raise Null("zero_base")
    plan.divisor = abs(base)
    return (now - base) / abs(base)


def baseline(plan: Plan, n: int) -> list[float]:
    """The non-null samples of B, nearest first."""
    first = 1 if plan.rules.baseline_before else 0
    found, causes = [], {"short_history"}
    for k in range(first, first + n):
        try:
            found.append(plan.sample(plan.as_of - k * plan.w))
        except Null as null:
            causes |= null.causes
    if len(found) < 2 or 3 * len(found) < n:
        raise Null(*causes)
    return found


def zscore(plan: Plan) -> float:
    now = plan.sample(plan.as_of)
    samples = baseline(plan, windows_back("zscore", plan.n))
    if min(samples) == max(samples):
        raise Null("flat_baseline")
    mean = math.fsum(samples) / len(samples)
    spread = math.fsum((sample - mean) ** 2 for sample in samples)
    plan.divisor = math.sqrt(spread / (len(samples) - 1))
    if plan.divisor == 0:
        raise Null("flat_baseline")
    return (now - mean) / plan.divisor


def pctrank(plan: Plan) -> float:
    now = plan.sample(plan.as_of)
    samples = baseline(plan, windows_back("pctrank", plan.n))
    below = sum(1 for sample in samples if sample < now)
    equal = sum(1 for sample in samples if sample == now)
    return (below + 0.5 * equal) / len(samples)


def ewma(plan: Plan) -> float:
    above, below = plan.sample(plan.as_of), 1.0
    for k in range(1, 8):
        try:
            sample = plan.sample(plan.as_of - k * plan.w)
        except Null:
            continue
        above += 2.0**-k * sample
        below += 2.0**-k
    return above / below


def values_inside(plan: Plan) -> list[float]:
    """Stock: at both ends and at every represented event in between; else the 60 sub-windows."""
    if plan.kind == "stock":
        spots = [(t, plan.w) for t in (plan.as_of, *plan.stock_times, plan.as_of - plan.w)]
    else:
        edges = [plan.as_of - k * plan.w // 60 for k in range(61)]
        spots = [(edges[k], edges[k] - edges[k + 1]) for k in range(60)]
    found, causes = [], set()
    for t, w in spots:
        try:
            found.append(plan.sample(t, w))
        except Null as null:
            causes |= null.causes
    if not found:
        raise Null(*causes)
    return found


def smallest(plan: Plan) -> float:
    return min(values_inside(plan))


def largest(plan: Plan) -> float:
    return max(values_inside(plan))


def extent(plan: Plan) -> float:
    found = values_inside(plan)
    return max(found) - min(found)


TRANSFORM = {
    "level": level,
    "delta": delta,
    "rate": rate,
    "zscore": zscore,
    "pctrank": pctrank,
    "ewma": ewma,
    "min": smallest,
    "max": largest,
    "range": extent,
}
