"""From text to a rule, by precedence: comparison, then not, then and, then or.

    rule       = all { "or" all }
    all        = one { "and" one }
    one        = "not" one | "(" rule ")" | comparison
    comparison = operand op operand                  op = < <= > >= == !=
    operand    = number | address | reading          address: see address.py
    reading    = name "@" window [ "." facet ]       facet = state severity direction strength
    name       = "price_oi" | "R3.kind" | "R3" …     as the catalogue of readings has it

A reading made of several is asked for a state alone: the state says which of them is meant, and
that one stands in the tree. A feature and a strength stand against numbers and each other. A state
is == or != one of its reading's names, a direction == or != up, down, none; severities have an
order: none < watch < elevated < extreme. Nothing is ever run as code.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tideline.domain.errors import BadAddress, BadRule, nearest_of
from tideline.features.address import Address, parse_address
from tideline.features.rule import (
    DIRECTIONS,
    FACETS,
    OPS,
    SEVERITY_ORDER,
    And,
    Comparison,
    Facet,
    Feature,
    NamedReading,
    Not,
    Number,
    Op,
    Operand,
    Or,
    ReadingTerm,
    Rule,
    Term,
    Word,
)
from tideline.features.rule_tokens import Token, tokens
from tideline.features.signal import Signal

MOST_DEPTH: Final = 24
MOST_COMPARISONS: Final = 32
KEYWORDS: Final = ("and", "or", "not")


def parse_rule(
    text: str,
    signals: Mapping[str, Signal] | None = None,
    readings: Mapping[str, NamedReading] | None = None,
) -> Rule:
    """Read a rule.

    Args:
        text: the rule.
        signals: the catalogue; given, every address must name one of them.
        readings: the readings that may be named; none: no reading may be.

    Raises:
        BadRule: names the offending part, its position and the nearest valid choice.
    """
    return _Parser(text, signals or {}, readings or {}).whole()


class _Parser:
    """One pass over the words, from left to right."""

    def __init__(
        self, text: str, signals: Mapping[str, Signal], readings: Mapping[str, NamedReading]
    ) -> None:
        self.text, self.signals, self.readings = text, signals, readings
        self.tokens, self.at = tokens(text), 0
        self.depth = self.count = 0

    def whole(self) -> Rule:
        rule = self._any()
        if self._next().kind != "end":
            near = "and" if self._next().kind in ("name", "(", "number") else None
            raise self._bad(self._next(), "the rule was complete before it", near)
        return rule

    def _any(self) -> Rule:
        parts = [self._all()]
        while self._take("or"):
            parts.append(self._all())
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _all(self) -> Rule:
        parts = [self._one()]
        while self._take("and"):
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _one(self) -> Rule:
        begin = self._next()
        self.depth += 1
        if self.depth > MOST_DEPTH:
            raise self._bad(begin, f"nested more than {MOST_DEPTH} deep")
        try:
            if self._take("not"):
                return Not(self._one())
            if begin.kind == "(":
                self.at += 1
                rule = self._any()
                if self._next().kind != ")":
                    raise self._bad(self._next(), f"')' expected for '(' at {begin.position}", ")")
                self.at += 1
                return rule
            return self._comparison()
        finally:
            self.depth -= 1

    def _comparison(self) -> Comparison:
        self.count += 1
        first = self._next()
        if self.count > MOST_COMPARISONS:
            raise self._bad(first, f"more than {MOST_COMPARISONS} comparisons")
        left = self._operand()
        sign = self._next()
        if sign.kind != "op":
            raise self._bad(sign, f"one of {' '.join(OPS)} expected", ">")
        self.at += 1
        second = self._next()
        right = self._right_of(left)
        op = _OPS[sign.text]
        if isinstance(left, Number) and isinstance(right, Number):
            raise self._bad(first, "two numbers compared: one side has to be an address")
        if isinstance(right, ReadingTerm) and right.facet != "strength":
            near = f"{right} == …" if isinstance(left, Number) else None
            raise self._bad(second, "a reading's word stands on the left", near)
        unordered = isinstance(left, ReadingTerm) and left.facet in ("state", "direction")
        if unordered and op not in ("==", "!="):
            raise self._bad(sign, "a state or a direction has no order: == or !=", "==")
        if self._next().kind == "op":
            raise self._bad(self._next(), "comparisons are not chained; join two with 'and'", "and")
        if isinstance(left, ReadingTerm) and isinstance(right, Word):
            left = self._meant(first, left, right.text)
        return Comparison(left, op, right)

    def _meant(self, token: Token, term: ReadingTerm, state: str) -> ReadingTerm:
        """The one of several that says the state; any other term as it is."""
        name = self.readings[term.reading].said_by.get(state)
        if name is None or term.facet != "state":
            return term
        self._check_window(name, term.window, token.position + len(term.reading) + 1)
        return ReadingTerm(name, term.window)

    def _operand(self) -> Operand:
        token = self._next()
        if token.kind == "number":
            self.at += 1
            return Number(float(token.text))
        if token.kind == "name" and token.text not in KEYWORDS:
            self.at += 1
            return self._term(token)
        raise self._bad(token, "a number, an address or a reading expected", self._example())

    def _right_of(self, left: Operand) -> Operand:
        """What may stand on the right: a word of the reading on the left, or an operand."""
        if not isinstance(left, ReadingTerm) or left.facet == "strength":
            return self._operand()
        words = self._words(left)
        token = self._next()
        if token.kind != "name" or token.text not in words:
            near = nearest_of(token.text, words) or words[0]
            raise self._bad(token, f"one of {' '.join(words)} expected", near)
        self.at += 1
        return Word(token.text)

    def _words(self, left: ReadingTerm) -> tuple[str, ...]:
        if left.facet == "severity":
            return SEVERITY_ORDER
        return DIRECTIONS if left.facet == "direction" else self.readings[left.reading].states

    def _term(self, token: Token) -> Term:
        head, at, tail = token.text.partition("@")
        known = head.partition(".")[0] in self.readings
        if at and (known or ("." not in head and ("." in tail or not self.signals))):
            return self._reading(token, head, tail)
        if "." not in head:
            raise self._bad(token, "neither an address nor a reading", self._near(head))
        return Feature(self._address(token))

    def _address(self, token: Token) -> Address:
        try:
            address = parse_address(token.text, self.signals)
        except BadAddress as error:
            where = token.position + error.position
            part = token.text[error.position :] or token.text
            said = f"bad {error.part} of an address, {error.problem.rpartition(': ')[2]}"
            raise BadRule(self.text, part, where, said, error.nearest) from None
        signal = self.signals.get(address.signal)
        if signal is not None and signal.level_only and address.transform != "level":
            near = f"{address.signal}@{address.window}"
            raise self._bad(token, "this signal has level only", near)
        return address

    def _reading(self, token: Token, name: str, tail: str) -> ReadingTerm:
        window, dot, facet = tail.partition(".")
        start = token.position + len(name) + 1
        if name not in self.readings:
            near = nearest_of(name, self.readings) or next(iter(self.readings), None)
            raise BadRule(self.text, name, token.position, "there is no such reading", near)
        self._check_window(name, window, start)
        if not dot:
            return ReadingTerm(name, window)
        found: Facet | None = next((known for known in FACETS if known == facet), None)
        if found is None:
            near = nearest_of(facet, FACETS) or "state"
            where = start + len(window) + 1
            raise BadRule(self.text, facet, where, f"one of {' '.join(FACETS)} expected", near)
        several = tuple(dict.fromkeys(self.readings[name].said_by.values()))
        if several and found != "state":
            said = f"{name} is made of several, each with its own {facet}: {' '.join(several)}"
            raise BadRule(self.text, name, token.position, said, several[0])
        return ReadingTerm(name, window, found)

    def _check_window(self, name: str, window: str, position: int) -> None:
        windows = self.readings[name].windows
        if window not in windows:
            near = nearest_of(window, windows) or windows[0]
            said = f"{name} is read on {' '.join(windows)}"
            raise BadRule(self.text, window or "the end", position, said, near)

    def _near(self, word: str) -> str | None:
        spellings = {signal.rpartition(".")[2]: f"{signal}@1h" for signal in self.signals}
        spellings |= {name: f"{name}@{r.windows[0]}" for name, r in self.readings.items()}
        spellings |= {k: k for k in KEYWORDS}
        found = nearest_of(word.lower(), spellings)
        return spellings[found] if found else None

    def _example(self) -> str | None:
        return next((f"{signal}@1h" for signal in self.signals), None)

    def _next(self) -> Token:
        return self.tokens[self.at]

    def _take(self, keyword: str) -> bool:
        found = self._next().kind == "name" and self._next().text == keyword
        self.at += found
        return found

    def _bad(self, token: Token, problem: str, nearest: str | None = None) -> BadRule:
        return BadRule(self.text, token.text or "the end", token.position, problem, nearest)


_OPS: Final[dict[str, Op]] = {op: op for op in OPS}
