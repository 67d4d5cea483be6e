"""Payload samples as frames, and what a parser made of them as text that can be committed.

A golden file is written only on demand: ``TIDELINE_GOLDENS=write pytest tests/venues``.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tideline.domain.errors import TidelineError, WireError
from tideline.domain.instrument import Instrument
from tideline.domain.time import format_time
from tideline.venues.parsed import Listing, Note, Parsed
from tideline.venues.symbols import parse_symbol

PAYLOADS = Path(__file__).resolve().parents[1] / "payloads"
SHARED = Path(__file__).resolve().parents[3] / "shared" / "payloads"
RECEIVED = 1_795_000_000_000_000
"""2026-11-18T…: after every sample."""


def values(text: str) -> list[Any]:
    """The JSON values of a sample: one, or those of a list of whole frames."""
    start = min(i for i in (text.find("\n{"), text.find("\n["), 10**9) if i >= 0)
    body = text if text.lstrip()[:1] in ("{", "[") else text[start:]
    found = json.loads(body)
    return found if isinstance(found, list) else [found]


def frames(path: Path) -> list[bytes]:
    """A sample as the frames that a socket would give."""
    return [dump(value) for value in values(path.read_text("utf-8"))]


def dump(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def symbols_in(value: object) -> set[str]:
    """Every text of a frame: whoever is a symbol of the venue will be followed."""
    if isinstance(value, dict):
        return {name for item in value.values() for name in symbols_in(item)}
    if isinstance(value, list):
        return {name for item in value for name in symbols_in(item)}
    return {value} if isinstance(value, str) else set()


def followed(venue: str, raws: Iterable[bytes]) -> Mapping[str, Instrument]:
    """The instruments that these frames name."""
    found = {}
    for raw in raws:
        for symbol in sorted(symbols_in(json.loads(raw))):
            try:
                found[symbol] = parse_symbol(venue, symbol)
            except TidelineError:
                continue
    return found


def shown(parsed: Parsed) -> dict[str, Any]:
    """What one frame said, in words."""
    return {
        "server_time": None if parsed.server_time is None else format_time(parsed.server_time),
        "observations": [
            [
                seen.instrument,
                seen.field,
                format_time(seen.event_time),
                repr(seen.value),
                seen.raw,
                list(seen.counted),
                seen.key,
            ]
            for seen in parsed.observations
        ],
        "listings": [_listing(found) for found in parsed.listings],
        "controls": [list(found) for found in parsed.controls],
        "ignored": parsed.ignored,
    }


def _listing(found: Listing) -> list[Any]:
    instrument = found.instrument
    times = [
        None if t is None else format_time(t) for t in (instrument.listed_us, found.delivery_us)
    ]
    return [
        instrument.symbol,
        instrument.asset,
        instrument.settle,
        instrument.kind,
        found.state,
        found.funding_interval_h,
        *times,
    ]


def read_all(read: Callable[[bytes, Note], Parsed], raws: list[bytes], note: Note) -> list[Any]:
    """Every frame's outcome; what is refused says why."""
    outcome: list[Any] = []
    for raw in raws:
        try:
            outcome.append(shown(read(raw, note)))
        except WireError as error:
            outcome.append({"refused": type(error).__name__, "why": str(error)})
    return outcome


def hold(path: Path, outcome: object) -> None:
    """Compare with the committed file."""
    text = _laid_out(outcome)
    if os.environ.get("TIDELINE_GOLDENS") == "write":
        path.write_text(text, "utf-8")
        pytest.skip(f"wrote {path.name}")
    assert json.loads(text) == json.loads(path.read_text("utf-8"))


def _laid_out(outcome: object) -> str:
    """Indented, with the rows of a list on one line each."""
    text = json.dumps(outcome, indent=1, ensure_ascii=False)
    if isinstance(outcome, list):
        lines = []
        for part in outcome:
            inside = []
            for name, value in part.items():
                if isinstance(value, list) and value:
                    rows = ",\n   ".join(json.dumps(row, ensure_ascii=False) for row in value)
                    inside.append(f'"{name}": [\n   {rows}]')
                else:
                    inside.append(f'"{name}": {json.dumps(value, ensure_ascii=False)}')
            lines.append("{\n  " + ",\n  ".join(inside) + "}")
        text = "[\n " + ",\n ".join(lines) + "]"
    return text + "\n"
