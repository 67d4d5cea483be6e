"""The words of a rule: numbers, addresses, names, comparison signs, parentheses.

Spaces part words and are otherwise without meaning. A word of ``[A-Za-z0-9_.@:[]]`` that does not
begin with a digit is a name; whether it is an address or a state is for the parser to say.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Final, Literal

from tideline.domain.errors import BadRule

MOST_CHARACTERS: Final = 2_000
Kind = Literal["number", "name", "op", "(", ")", "end"]

_NUMBER = r"-?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?(?![A-Za-z0-9_.@:\[%])"
_TOKEN = re.compile(
    rf"(?P<space>[ \t\r\n]+)|(?P<number>{_NUMBER})|(?P<name>[A-Za-z_][A-Za-z0-9_.@:\[\]]*)"
    r"|(?P<op><=|>=|==|!=|<|>)|(?P<paren>[()])"
)
_INSTEAD: Final = {"=": "==", "&": "and", "|": "or", "!": "not", "≥": ">=", "≤": "<=", "<>": "!="}


@dataclass(frozen=True, slots=True)
class Token:
    """One word and where it stands, counted from 0."""

    kind: Kind
    text: str
    position: int


def tokens(rule: str) -> list[Token]:
    """The words of ``rule``, then ``end``.

    Raises:
        BadRule: too long, a sign that means nothing here, or a number that is not finite.
    """
    if len(rule) > MOST_CHARACTERS:
        problem = f"a rule has at most {MOST_CHARACTERS} characters, this one {len(rule)}"
        raise BadRule(rule, rule[MOST_CHARACTERS:][:20], MOST_CHARACTERS, problem)
    found: list[Token] = []
    at = 0
    while at < len(rule):
        match = _TOKEN.match(rule, at)
        if match is None:
            raise _unreadable(rule, at)
        if match["number"] is not None:
            _check_number(rule, match["number"], at)
            found.append(Token("number", match["number"], at))
        elif match["name"] is not None:
            found.append(Token("name", match["name"], at))
        elif match["op"] is not None:
            found.append(Token("op", match["op"], at))
        elif match["paren"] is not None:
            found.append(Token("(" if match["paren"] == "(" else ")", match["paren"], at))
        at = match.end()
    return [*found, Token("end", "", len(rule))]


def _check_number(rule: str, text: str, at: int) -> None:
    if not math.isfinite(float(text)):
        raise BadRule(rule, text, at, "the number is not finite")


def _unreadable(rule: str, at: int) -> BadRule:
    run = re.match(r"[A-Za-z0-9_.@:\[\]%-]+", rule[at:])
    part = run[0] if run else rule[at]
    if part[0].isascii() and (part[0].isdigit() or part[0] in "-."):
        problem = "a plain number expected, without a unit (0.05 is 5 %)"
        return BadRule(rule, part, at, problem, _plain(part))
    return BadRule(rule, part, at, "means nothing here", _INSTEAD.get(part))


def _plain(part: str) -> str | None:
    """The number that ``part`` begins with; a percentage as a fraction."""
    number = re.match(_NUMBER.partition("(?!")[0], part)
    if number is None:
        return None
    percent = part[number.end() :] == "%"
    return f"{float(number[0]) / 100:.10g}" if percent else number[0]
