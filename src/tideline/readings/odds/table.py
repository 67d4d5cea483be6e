"""The tables of odds that are shipped: read once, looked up by rule, state and window.

    follow.toml   how often price and open interest went on so; recordings of real markets alone
    label.toml    how often the named flow really dominated; simulated truth alone

Both have one form; a table that is not there, or has too few cases of a state, gives None.

    kind = "follow"              version = "2026-11-28"    source = "recordings"
    data = "sha256:…"            what it was counted from
    first, last                  dates, UTC
    min_cases, min_weeks         fewer, and nothing is said
    [[odds]]
    rule, name, window, horizon  "R1.state", "new_longs", "4h", "4h"
    n, weeks, followed           cases, different weeks of them, in how many it was so
    p, base_rate                 0 to 1

Further keys are for whoever refits it. The odds are those of the numbers in force when they were
counted: the default profile, and R1 with adaptive bands.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any, Literal, TypeAlias, get_args

from tideline.domain.errors import BadInput, nearest_of
from tideline.readings.odds.odds import Odds, Source

Kind = Literal["follow", "label"]
KINDS: tuple[Kind, ...] = get_args(Kind)
SOURCES: dict[Kind, Source] = {"follow": "recordings", "label": "simulated"}
Key: TypeAlias = tuple[str, str, str]
"""(rule key, state, window)"""


@dataclass(frozen=True)
class OddsTable:
    """One table; ``version`` is empty and nothing is in it where none is shipped."""

    kind: Kind
    version: str = ""
    data: str = ""
    first: str = ""
    last: str = ""
    min_cases: int = 0
    min_weeks: int = 0
    rows: dict[Key, Odds] = field(default_factory=dict)

    def of(self, rule: str, name: str, window: str) -> Odds | None:
        """The odds of a state of that rule on that window; None without enough cases."""
        return self.rows.get((rule, name, window))


@cache
def odds_table(kind: Kind) -> OddsTable:
    """The table that is shipped with tideline; an empty one where there is none."""
    found = resources.files("tideline.readings.odds").joinpath(f"{kind}.toml")
    return parse(found.read_text("utf-8"), kind) if found.is_file() else OddsTable(kind)


def parse(text: str, kind: Kind) -> OddsTable:
    """A table from TOML text; an empty text is an empty table.

    Raises:
        BadInput: not TOML, of the other kind, a key that is missing, a number out of its range.
    """
    try:
        body = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"{kind}.toml", str(error), "is not TOML") from None
    if not body:
        return OddsTable(kind)
    for key, wanted in (("kind", kind), ("source", SOURCES[kind])):
        if body.get(key) != wanted:
            raise BadInput(f"{kind}.toml {key}", body.get(key), "is another table's", wanted)
    head = {key: _need(body, key, kind) for key in ("version", "data", "first", "last")}
    cases, weeks = int(_need(body, "min_cases", kind)), int(_need(body, "min_weeks", kind))
    rows: dict[Key, Odds] = {}
    seen: set[Key] = set()
    for entry in body.get("odds", ()):
        state = (_word(entry, "rule", kind), _word(entry, "name", kind),
                 _word(entry, "window", kind))  # fmt: skip
        if state in seen:
            raise BadInput(f"{kind}.toml odds", "/".join(state), "is there twice")
        seen.add(state)
        odds = _odds(entry, str(head["version"]), kind)
        if odds.n >= cases and int(_need(entry, "weeks", kind)) >= weeks:
            rows[state] = odds
    return OddsTable(kind, min_cases=cases, min_weeks=weeks, rows=rows, **head)


def _word(entry: dict[str, Any], key: str, kind: Kind) -> str:
    return str(_need(entry, key, kind))


def _odds(entry: dict[str, Any], version: str, kind: Kind) -> Odds:
    for key in ("p", "base_rate"):
        if not 0.0 <= float(_need(entry, key, kind)) <= 1.0:
            near = "0" if float(entry[key]) < 0 else "1"
            raise BadInput(f"{kind}.toml {key}", entry[key], "is no probability", near)
    n = int(_need(entry, "n", kind))
    horizon = str(entry.get("horizon", ""))
    return Odds(float(entry["p"]), n, float(entry["base_rate"]), horizon, version, SOURCES[kind])


def _need(entry: dict[str, Any], key: str, kind: Kind) -> Any:
    if key not in entry:
        raise BadInput(f"{kind}.toml", key, "is missing", nearest_of(key, entry) or key)
    return entry[key]
