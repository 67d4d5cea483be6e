"""Hash first, nonce after, seeds from both: nobody can have picked worlds that suit the numbers.

1. every number (the readings', the market's priors, the scorer's own) is written canonically
2. that text is hashed with SHA-256
3. a nonce is drawn from the system's entropy, or given, which the card then says
4. the seed of world k is the first 31 bits of SHA-256(hash, nonce, k)
"""

from __future__ import annotations

import hashlib
import json
import platform
import secrets
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import tideline
from tideline.readings.parameters import Parameters
from tideline.research.scoring.parameters import ScoreParameters

JUDGED = ("domain", "features", "market", "readings", "research", "signals", "store")
"""Folders whose sources decide what a card says."""
STATED = ("tideline", "numpy", "numba", "pyarrow")


def entropy() -> str:
    """32 hexadecimal digits from the operating system."""
    return secrets.token_hex(16)


def canonical(facts: Mapping[str, Any]) -> str:
    """The one text of these facts: JSON, keys sorted, no spaces, floats in shortest form."""
    return json.dumps(facts, sort_keys=True, separators=(",", ":"), allow_nan=False)


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What was fixed before the worlds were drawn, and what they were drawn from."""

    text: str
    """The canonical text of every number."""
    sha256: str
    nonce: str
    given: bool
    """The nonce was given, not drawn: a repetition."""
    seeds: tuple[int, ...]
    versions: Mapping[str, str]


def take(
    readings: Parameters,
    market: Mapping[str, Any],
    scorer: ScoreParameters,
    nonce: str | None = None,
    draw: Callable[[], str] = entropy,
) -> Fingerprint:
    """Hash, then draw: ``draw`` is not called before the hash stands, and not if nonce is given."""
    facts = {"readings": asdict(readings), "market": dict(market), "scorer": asdict(scorer)}
    text = canonical(facts)
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    drawn = draw() if nonce is None else nonce
    seeds = tuple(seed_of(sha256, drawn, k) for k in range(scorer.worlds))
    return Fingerprint(text, sha256, drawn, nonce is not None, seeds, versions())


def seed_of(sha256: str, nonce: str, what: int | str) -> int:
    """A seed of 31 bits for world ``what``, or for another purpose by name."""
    digest = hashlib.sha256(f"{sha256}:{nonce}:{what}".encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1


def versions() -> dict[str, str]:
    """Of the packages that decide the numbers, and of the sources themselves."""
    found = {name: version(name) for name in STATED}
    return {"python": platform.python_version(), **found, "sources": sources()}


def sources() -> str:
    """SHA-256 over the source files of :data:`JUDGED`, in order of their names: 16 digits."""
    root = Path(tideline.__file__).parent
    digest = hashlib.sha256()
    for folder in JUDGED:
        for path in sorted((root / folder).rglob("*.py")):
            digest.update(path.relative_to(root).as_posix().encode() + b"\0")
            digest.update(path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]
