"""Is a rule true? Three values: true, false, and None where it cannot be known.

    not        and   T F N      or    T F N
    T -> F     T     T F N      T     T T T
    F -> T     F     F F F      F     T F N
    N -> N     N     N F N      N     T N N

A comparison with a null is None, whichever the sign: null is neither equal nor unequal to
anything. Only True fires; None neither fires nor ends what has fired.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from tideline.features.rule import (
    SEVERITY_ORDER,
    And,
    Comparison,
    Not,
    Number,
    Op,
    Operand,
    ReadingTerm,
    Rule,
    Term,
    Word,
)

Value: TypeAlias = float | str | None
"""A number, a word, or null. NaN counts as null."""

Lookup: TypeAlias = Callable[[Term], Value]

CANNOT_TELL = "cannot_tell"
"""A reading that says so is null in every facet."""


def truth(rule: Rule, value_of: Lookup) -> bool | None:
    """The rule's truth where ``value_of`` gives each feature's number and each reading's word."""
    if isinstance(rule, Comparison):
        return _compare(rule, value_of)
    if isinstance(rule, Not):
        inner = truth(rule.of, value_of)
        return None if inner is None else not inner
    found = [truth(part, value_of) for part in rule.parts]
    decisive = not isinstance(rule, And)
    if decisive in found:
        return decisive
    return None if None in found else not decisive


def _compare(rule: Comparison, value_of: Lookup) -> bool | None:
    left, right = _value(rule.left, value_of), _value(rule.right, value_of)
    if left is None or right is None:
        return None
    if isinstance(rule.left, ReadingTerm) and rule.left.facet == "severity":
        left, right = SEVERITY_ORDER.index(str(left)), SEVERITY_ORDER.index(str(right))
    if isinstance(left, str) or isinstance(right, str):
        return (left == right) is (rule.op == "==")
    return _holds(float(left), rule.op, float(right))


def _value(side: Operand, value_of: Lookup) -> Value:
    if isinstance(side, Number):
        return side.value
    if isinstance(side, Word):
        return side.text
    found = value_of(side)
    if found == CANNOT_TELL or (isinstance(found, float) and found != found):  # noqa: PLR0124
        return None
    return found


def _holds(left: float, op: Op, right: float) -> bool:
    if op == "<":
        return left < right
    if op == "<=":
        return left <= right
    if op == ">":
        return left > right
    if op == ">=":
        return left >= right
    return (left == right) is (op == "==")
