"""The import map: what the columns of a table mean, in TOML, checked before any row is read.

name        of the map; about: a sentence; venue; cadence_s of the rows
[instrument]  one of  constant = "BTCUSDT"
                      column = "coin"  (and pattern = "{}-USDT-SWAP" around its words)
                      file = [["^eth_", "ETHUSDT"], ["", "BTCUSDT"]]  (first regex that is found
                              in the file name; \\1 … are its groups)
[time]        column, unit (s ms us ns datetime, or a strptime format), label (start end
              instant), timezone = "UTC" where the text or datetime carries no offset
[[take]]      column -> field, with unit, sides, and where they differ from the map's own:
              label, cadence_s, lag_s, factor, instrument, every (keep labels on this grid),
              kline (read from candles: complete at the END), derived, interval_h (funding)
[[derive]]    field from = notional/coin | coin*mark | usd/mark | volume-taker_buy
[[filter]]    column with equals, or one_of
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from importlib import resources
from pathlib import Path
from typing import Any

from tideline.domain.errors import BadMap, nearest_of
from tideline.domain.fields import BY_NAME, Field
from tideline.domain.venue import ALL_VENUES

LABELS = ("start", "end", "instant")
INT_UNITS = ("s", "ms", "us", "ns")
SIDES = ("1", "2", "unknown", "-")

DERIVATIONS: dict[str, tuple[str, tuple[str, ...]]] = {
    "notional/coin": ("mark_price", ("open_interest", "open_interest_usd")),
    "coin*mark": ("open_interest_usd", ("open_interest",)),
    "usd/mark": ("open_interest", ("open_interest_usd",)),
    "volume-taker_buy": ("taker_sell_coin", ("volume_coin", "taker_buy_coin")),
}
"""What can be derived: the field it gives, and the fields that have to be taken for it."""

_SPANS = {"m": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True, slots=True, kw_only=True)
class InstrumentRule:
    """How a row's instrument is found; exactly one of constant, column, file."""

    constant: str = ""
    column: str = ""
    pattern: str = "{}"
    file: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeRule:
    """How a row's label is read."""

    column: str
    unit: str
    label: str = "instant"
    timezone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Take:
    """One column taken as one field."""

    column: str
    field: str
    unit: str
    sides: str = ""
    label: str = ""
    cadence_s: float = 0.0
    lag_s: float | None = None
    factor: float = 1.0
    instrument: str = ""
    every: str = ""
    kline: bool = False
    derived: str = ""
    interval_h: float = 0.0

    @property
    def every_s(self) -> int:
        """The grid of labels to keep, in seconds; 0 keeps all."""
        return _span(self.every) if self.every else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Derive:
    """One field computed from others of the same instant."""

    field: str
    of: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Rows to keep: the column's words are among these."""

    column: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportMap:
    """A checked map."""

    name: str
    venue: str
    cadence_s: float
    instrument: InstrumentRule
    time: TimeRule
    take: tuple[Take, ...]
    derive: tuple[Derive, ...] = ()
    filter: tuple[Filter, ...] = ()
    about: str = ""
    sha256: str = ""

    def label_of(self, take: Take) -> str:
        """start, end or instant."""
        return take.label or self.time.label

    def cadence_of(self, take: Take) -> float:
        """Seconds between the rows of this column's source."""
        if take.interval_h:
            return take.interval_h * 3600.0
        return take.cadence_s or self.cadence_s


def ready_maps() -> list[str]:
    """Names of the maps that come with tideline."""
    folder = resources.files("tideline.collect.archives").joinpath("maps")
    return sorted(entry.name[:-5] for entry in folder.iterdir() if entry.name.endswith(".toml"))


def load_map(name_or_path: str | Path) -> ImportMap:
    """A ready map by name, or a map file.

    Raises:
        BadMap: neither, or a map that does not hold together; names key and nearest choice.
    """
    path = Path(name_or_path)
    if path.suffix == ".toml" and path.is_file():
        return parse_map(path.read_text("utf-8"), default_name=path.stem)
    names = ready_maps()
    if str(name_or_path) in names:
        text = resources.files("tideline.collect.archives").joinpath(f"maps/{name_or_path}.toml")
        return parse_map(text.read_text("utf-8"), default_name=str(name_or_path))
    near = nearest_of(str(name_or_path), names)
    raise BadMap("map", str(name_or_path), "is neither a ready map nor a .toml file", near)


def parse_map(text: str, default_name: str = "map") -> ImportMap:
    """A map from TOML text, checked.

    Raises:
        BadMap: names the key, its value and the nearest valid one.
    """
    try:
        body = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadMap("map", default_name, f"is not TOML: {error}") from None
    _known_keys("map", body, _MAP_KEYS)
    for key in ("venue", "time", "instrument", "take"):
        if not body.get(key):
            raise BadMap(key, body.get(key), "is missing")
    found = ImportMap(
        name=str(body.get("name", default_name)),
        venue=str(body["venue"]),
        cadence_s=_number("cadence_s", body.get("cadence_s", 0)),
        instrument=_instrument(_table(body, "instrument")),
        time=TimeRule(**_typed(TimeRule, "time", _table(body, "time"))),
        take=tuple(Take(**_typed(Take, "take", entry)) for entry in _list(body, "take")),
        derive=tuple(_derive(entry) for entry in _list(body, "derive")),
        filter=tuple(_filter(entry) for entry in _list(body, "filter")),
        about=str(body.get("about", "")),
        sha256=hashlib.sha256(text.encode()).hexdigest(),
    )
    _check(found)
    return found


_MAP_KEYS = frozenset(f.name for f in fields(ImportMap)) - {"sha256"}


def _check(found: ImportMap) -> None:
    _one_of("venue", found.venue, ALL_VENUES)
    _one_of("time.label", found.time.label, LABELS)
    if found.time.timezone not in ("", "UTC"):
        raise BadMap("time.timezone", found.time.timezone, "is not supported", "UTC")
    if found.time.unit not in (*INT_UNITS, "datetime") and "%" not in found.time.unit:
        _one_of("time.unit", found.time.unit, (*INT_UNITS, "datetime"))
    if found.cadence_s < 0:
        raise BadMap("cadence_s", found.cadence_s, "is negative")
    taken: dict[tuple[str, str], str] = {}
    for take in found.take:
        _check_take(found, take)
        key = (take.field, take.instrument)
        if key in taken:
            problem = f"is given by two columns, {taken[key]!r} and {take.column!r}"
            raise BadMap("take.field", take.field, problem)
        taken[key] = take.column
    for derive in found.derive:
        _check_derive(found, derive)


def _check_take(found: ImportMap, take: Take) -> None:
    if take.field not in BY_NAME:
        raise BadMap("take.field", take.field, "is unknown", nearest_of(take.field, BY_NAME))
    field = BY_NAME[take.field]
    _one_of(f"take.unit of {take.field}", take.unit, allowed_units(field))
    if take.sides:
        _one_of(f"take.sides of {take.field}", take.sides, SIDES)
    label = found.label_of(take)
    _one_of(f"take.label of {take.field}", label, LABELS)
    if field.kind == "flow" and label == "instant" and field.feed != "liquidation":
        problem = "contradicts a field that accumulates over a bar"
        raise BadMap(f"take.label of {take.field}", label, problem, "start")
    if (label == "start" or field.kind == "flow") and not found.cadence_of(take) > 0:
        problem = f"is needed: the labels of {take.field} are the {label} of a period"
        raise BadMap("cadence_s", found.cadence_of(take), problem)
    if not take.factor or take.factor != take.factor or abs(take.factor) == float("inf"):
        raise BadMap(f"take.factor of {take.field}", take.factor, "is not a number to multiply by")
    if take.every:
        _span(take.every)


def _check_derive(found: ImportMap, derive: Derive) -> None:
    if derive.of not in DERIVATIONS:
        near = nearest_of(derive.of, DERIVATIONS)
        raise BadMap("derive.from", derive.of, "is unknown", near or next(iter(DERIVATIONS)))
    gives, needs = DERIVATIONS[derive.of]
    if derive.field != gives:
        raise BadMap("derive.field", derive.field, f"is not what {derive.of} gives", gives)
    have = {take.field for take in found.take}
    for need in needs:
        if need not in have:
            raise BadMap("derive.from", derive.of, f"needs a take of {need}", need)
    if gives in have and gives != "mark_price":
        raise BadMap("derive.field", gives, "is taken from a column already")


def allowed_units(field: Field) -> tuple[str, ...]:
    """The units in which a column may hold this field."""
    if field.name in ("open_interest", "circulating_supply") or field.name.endswith("_coin"):
        return ("coin", "contracts")
    if field.name.endswith("_usd"):
        return ("usd", "quote", "contracts") if field.name == "open_interest_usd" else ("usd",)
    if field.name.endswith("_price"):
        return ("quote",)
    if field.name.startswith("funding_rate"):
        return ("fraction", "percent")
    if field.name == "funding_interval_h":
        return ("hours",)
    if field.name == "next_funding_time":
        return ("us", "ms")
    return ("ratio",) if field.kind == "stock" else ("1",)


def _instrument(body: Mapping[str, Any]) -> InstrumentRule:
    given = _typed(InstrumentRule, "instrument", body)
    ways = [key for key in ("constant", "column", "file") if given.get(key)]
    if len(ways) != 1:
        said = " and ".join(ways) or "nothing"
        raise BadMap("instrument", said, "is not one of constant, column, file", "constant")
    if "{}" not in given.get("pattern", "{}"):
        raise BadMap("instrument.pattern", given["pattern"], "has no {} for the word", "{}USDT")
    for entry in given.get("file", ()):
        if not (isinstance(entry, list) and len(entry) == 2):
            raise BadMap("instrument.file", entry, "is not a pair of regex and symbol")
        try:
            re.compile(entry[0])
        except re.error as error:
            raise BadMap(
                "instrument.file", entry[0], f"is no regular expression: {error}"
            ) from None
    given["file"] = tuple((str(a), str(b)) for a, b in given.get("file", ()))
    return InstrumentRule(**given)


def _derive(body: Mapping[str, Any]) -> Derive:
    _known_keys("derive", body, ("field", "from"))
    return Derive(field=str(body.get("field", "")), of=str(body.get("from", "")))


def _filter(body: Mapping[str, Any]) -> Filter:
    _known_keys("filter", body, ("column", "equals", "one_of"))
    words = body.get("one_of", [body["equals"]] if "equals" in body else [])
    if not body.get("column") or not words:
        raise BadMap("filter", dict(body), "needs a column and equals or one_of")
    return Filter(column=str(body["column"]), words=tuple(str(word) for word in words))


def _typed(kind: type, where: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """The keys of one table, known and of the type their default has."""
    known = {f.name: f for f in fields(kind)}
    _known_keys(where, body, known)
    for name, spec in known.items():
        needed = spec.default.__class__.__name__ == "_MISSING_TYPE"
        if needed and not body.get(name):
            raise BadMap(f"{where}.{name}", body.get(name), "is missing")
    given = dict(body)
    for name, value in given.items():
        kind_name = str(known[name].type)
        if kind_name.startswith("float"):
            given[name] = _number(f"{where}.{name}", value)
        elif kind_name == "str" and not isinstance(value, str):
            raise BadMap(f"{where}.{name}", value, "is not text", f'"{value}"')
        elif kind_name == "bool" and not isinstance(value, bool):
            raise BadMap(f"{where}.{name}", value, "is not true or false", "true")
    return given


def _known_keys(where: str, body: Mapping[str, Any], known: Iterable[str]) -> None:
    for key in body:
        if key not in known:
            raise BadMap(f"{where} key", key, "is unknown", nearest_of(key, known))


def _one_of(key: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        near = nearest_of(value, choices) or choices[0]
        raise BadMap(key, value, f"is not one of {', '.join(choices)}", near)


def _number(key: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadMap(key, value, "is not a number")
    return float(value)


def _table(body: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = body[key]
    if not isinstance(found, dict):
        raise BadMap(key, found, f"is not a table [{key}]")
    return found


def _list(body: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    found = body.get(key, [])
    if not (isinstance(found, list) and all(isinstance(entry, dict) for entry in found)):
        raise BadMap(key, found, f"is not a list of tables [[{key}]]")
    return found


def _span(text: str) -> int:
    found = re.fullmatch(r"(\d+)([mhd])", text)
    if not found or int(found[1]) == 0:
        raise BadMap("take.every", text, "is not a span", "8h")
    return int(found[1]) * _SPANS[found[2]]
