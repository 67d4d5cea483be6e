"""When two answers agree, as the page says it, and the smallest log on which they do not."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.properties.histories import History
from tests.reference.known import Known
from tests.reference.model import LAW, Answer, Row, Rules
from tests.reference.reference import parse, reference

# Both say that something is missing in the past or just now; the page does not rank them.
MISSING = {"gap", "short_history", "stale"}

TOLERANCE = 1e-12


@dataclass(frozen=True)
class Given:
    """What an engine answered."""

    value: float | None
    reason: str = ""
    age_s: float | None = None
    n: int = 0
    coverage: float | None = None
    basis: str = ""
    revised: int = 0


Engine = Callable[[list[Row], Sequence[int], Sequence[str], bool], list[list[Given]]]
"""(rows, moments, addresses, strict) -> answers[moment][address]"""


def reference_engine(rules: Rules = LAW) -> Engine:
    """The reference as an engine: with a rule turned off it is a planted mutant."""

    def answer(rows, moments, addresses, strict):
        found = []
        for t in moments:
            known = Known(rows, t, strict, rules)
            answers = [reference(rows, "BTC", t, a, rules=rules, known=known) for a in addresses]
            found.append([as_given(a) for a in answers])
        return found

    return answer


def as_given(a: Answer) -> Given:
    return Given(a.value, a.reason, a.age_s, a.n, a.coverage, a.basis, a.revised)


def near(a: float | None, b: float | None, tolerance: float) -> bool:
    if a is None or b is None:
        return a is None and b is None
    if math.isnan(a) or math.isnan(b):
        return False
    return a == b or abs(a - b) <= tolerance


def value_agrees(given: float | None, asked: Answer, transform: str) -> bool:
    """pctrank exactly; else to 1e-12 of the larger of the answer and the samples behind it.

    Where samples were divided (zscore by sd, rate by the base) so is the tolerance; a zscore is
    compared only if its sd is more than rounding.
    """
    if given is None or asked.value is None:
        if transform == "zscore" and asked.value is not None:
            return asked.divisor <= 1e-9 * asked.scale
        return given is None and asked.value is None
    if transform == "pctrank":
        return given == asked.value
    if transform == "zscore" and asked.divisor <= 1e-9 * asked.scale:
        return True
    scale = max(abs(asked.value), asked.scale / asked.divisor)
    return near(given, asked.value, TOLERANCE * scale)


def reason_agrees(given: str, asked: Answer) -> bool:
    if given == asked.reason or given in asked.allowed:
        return True
    return given in MISSING and bool(asked.allowed & MISSING or asked.reason in MISSING)


def disagreement(given: Given, asked: Answer, address: str, evidence: bool = True) -> str | None:
    """What does not agree, or None."""
    _, _, transform, _ = parse(address)
    if not value_agrees(given.value, asked, transform):
        return f"value {given.value!r} != {asked.value!r}"
    if given.value is None and asked.value is None and not reason_agrees(given.reason, asked):
        return f"reason {given.reason!r} not {asked.reason!r} {sorted(asked.allowed)}"
    if not evidence:
        return None
    if not near(given.age_s, asked.age_s, 1e-9 * max(1.0, asked.age_s or 0.0)):
        return f"age_s {given.age_s!r} != {asked.age_s!r}"
    if given.n != asked.n:
        return f"n {given.n} != {asked.n}"
    nothing = asked.coverage is None and asked.used_groups  # 0 of 0: the page names no share
    if not nothing and not near(given.coverage, asked.coverage, TOLERANCE):
        return f"coverage {given.coverage!r} != {asked.coverage!r}"
    if given.basis != asked.basis:
        return f"basis {given.basis!r} != {asked.basis!r}"
    if given.revised != asked.revised:
        return f"revised {given.revised} != {asked.revised}"
    return None


@dataclass(frozen=True)
class Case:
    """One answer that does not agree."""

    rows: list[Row]
    t: int
    address: str
    strict: bool
    problem: str


def first_disagreement(
    engine: Engine,
    told: History,
    addresses: Sequence[str],
    strict: bool = False,
    evidence: bool = True,
) -> Case | None:
    """Ask both everything; the first answer on which they part."""
    answers = engine(told.rows, told.moments, addresses, strict)
    for t, given in zip(told.moments, answers, strict=True):
        known = Known(told.rows, t, strict)
        for address, one in zip(addresses, given, strict=True):
            asked = reference(told.rows, "BTC", t, address, known=known)
            problem = disagreement(one, asked, address, evidence)
            if problem is not None:
                return Case(told.rows, t, address, strict, problem)
    return None


def shrink(engine: Engine, case: Case, evidence: bool = True) -> Case:
    """Leave out rows, halves first, as long as the two still part in the same way."""
    kind = case.problem.split()[0]

    def parts(rows: list[Row]) -> str | None:
        given = engine(rows, [case.t], [case.address], case.strict)[0][0]
        asked = reference(rows, "BTC", case.t, case.address, strict=case.strict)
        problem = disagreement(given, asked, case.address, evidence)
        return problem if problem is not None and problem.split()[0] == kind else None

    rows, problem, size = case.rows, case.problem, max(1, len(case.rows) // 2)
    while True:
        start, cut = 0, False
        while start < len(rows):
            fewer = rows[:start] + rows[start + size :]
            found = parts(fewer)
            if found is not None:
                rows, problem, cut = fewer, found, True
            else:
                start += size
        if size == 1 and not cut:
            return Case(rows, case.t, case.address, case.strict, problem)
        size = max(1, size // 2)


def told_as_text(case: Case) -> str:
    """The case as a person would want to read it: times in µs before T."""
    lines = [f"{case.address} at T = {case.t}, strict = {case.strict}: {case.problem}"]
    for r in case.rows:
        lines.append(
            f"  {r.venue}/{r.instrument} {r.field} event T{r.event_time - case.t:+d} "
            f"known T{r.known_time - case.t:+d} value {r.value!r} {r.basis} {r.status} "
            f"cadence {r.cadence_s}"
        )
    return "\n".join(lines)
