"""A rule as parsed: comparisons of features and readings, joined by and, or, not.

    Or(( And((Comparison, Not(Comparison))), Comparison ))

The tree is what is stored, tested against the past, and evaluated; ``print_rule`` writes it back
as text that parses to the same tree.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from tideline.features.address import Address

Op = Literal["<", "<=", ">", ">=", "==", "!="]
OPS: Final[tuple[Op, ...]] = ("<", "<=", ">", ">=", "==", "!=")

Facet = Literal["state", "severity", "direction", "strength"]
FACETS: Final[tuple[Facet, ...]] = ("state", "severity", "direction", "strength")

SEVERITY_ORDER: Final = ("none", "watch", "elevated", "extreme")
DIRECTIONS: Final = ("up", "down", "none")


@dataclass(frozen=True, slots=True)
class Feature:
    """A feature's number at the moment of evaluation."""

    address: Address

    def __str__(self) -> str:
        return self.address.text


@dataclass(frozen=True, slots=True)
class ReadingTerm:
    """One facet of a reading on a window: ``R3.kind@45m``, ``price_oi@45m.severity``."""

    reading: str
    window: str
    facet: Facet = "state"

    def __str__(self) -> str:
        tail = "" if self.facet == "state" else f".{self.facet}"
        return f"{self.reading}@{self.window}{tail}"


@dataclass(frozen=True, slots=True)
class NamedReading:
    """A reading that may be named in a rule.

    Attributes:
        states: what it can say.
        windows: those it may be asked on, the usual one first.
        said_by: of a reading made of several: the name of the one that says each state.
    """

    states: tuple[str, ...]
    windows: tuple[str, ...]
    said_by: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Number:
    """A literal number, finite."""

    value: float

    def __str__(self) -> str:
        return repr(self.value)


@dataclass(frozen=True, slots=True)
class Word:
    """A state, a severity or a direction, as text."""

    text: str

    def __str__(self) -> str:
        return self.text


Term: TypeAlias = Feature | ReadingTerm
Operand: TypeAlias = Term | Number | Word


@dataclass(frozen=True, slots=True)
class Comparison:
    """``left op right``; at least one side is a feature or a reading."""

    left: Operand
    op: Op
    right: Operand


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite; unknown stays unknown."""

    of: Rule


@dataclass(frozen=True, slots=True)
class And:
    """All of two or more."""

    parts: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Any of two or more."""

    parts: tuple[Rule, ...]


Rule: TypeAlias = Comparison | Not | And | Or


def print_rule(rule: Rule) -> str:
    """The rule as text; parsing it gives the same tree."""
    if isinstance(rule, Comparison):
        return f"{rule.left} {rule.op} {rule.right}"
    if isinstance(rule, Not):
        return f"not {_inside(rule.of, (And, Or))}"
    if isinstance(rule, And):
        return " and ".join(_inside(part, (And, Or)) for part in rule.parts)
    return " or ".join(_inside(part, (Or,)) for part in rule.parts)


def comparisons(rule: Rule) -> Iterator[Comparison]:
    """Every comparison, from left to right."""
    if isinstance(rule, Comparison):
        yield rule
    elif isinstance(rule, Not):
        yield from comparisons(rule.of)
    else:
        for part in rule.parts:
            yield from comparisons(part)


def features_of(rule: Rule) -> tuple[str, ...]:
    """The addresses a rule asks, each once, in the order in which they are named."""
    found = [str(term) for term in terms(rule) if isinstance(term, Feature)]
    return tuple(dict.fromkeys(found))


def readings_of(rule: Rule) -> tuple[ReadingTerm, ...]:
    """The facets of readings a rule asks, each once, in order."""
    return tuple(dict.fromkeys(term for term in terms(rule) if isinstance(term, ReadingTerm)))


def terms(rule: Rule) -> Iterator[Term]:
    """Every feature and reading named, from left to right."""
    for comparison in comparisons(rule):
        for side in (comparison.left, comparison.right):
            if isinstance(side, Feature | ReadingTerm):
                yield side


def _inside(rule: Rule, wrapped: tuple[type, ...]) -> str:
    text = print_rule(rule)
    return f"({text})" if isinstance(rule, wrapped) else text
