"""Made markets on this machine's disk, so that each is made once.

    <cache>/markets/<name>/            name: hash of parameters, seed and the version of the maker
        BTC.arrow, ETH.arrow, …        one tape and its truth each
        market.json                    parameters, and the checksum of every file

A market is written beside its place and moved there whole. What is damaged, unfinished or of
another kind is made again; a disk that cannot be written to costs only the time.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from tideline.domain.errors import BadFile
from tideline.market.stored_tape import read_tape, write_tape
from tideline.market.tape import Tape
from tideline.market.truth import Truth

Made: TypeAlias = list[tuple[Tape, Truth | None]]
MOST_BYTES = 8_000_000_000
"""Of all markets kept; beyond it those not used for longest go."""
INDEX = "market.json"


def cache_home(environment: Mapping[str, str]) -> Path:
    """Where markets are kept: TIDELINE_CACHE, else tideline in the user's cache directory."""
    given = environment.get("TIDELINE_CACHE")
    if given:
        return Path(given)
    base = environment.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "tideline"


def fingerprint(sources: Iterable[Path]) -> str:
    """The version of a maker: a hash of these files and of all Python in these directories."""
    digest = hashlib.blake2b(digest_size=16)
    for source in sorted(sources):
        files = sorted(source.rglob("*.py")) if source.is_dir() else [source]
        for file in files:
            digest.update(f"{file.name}\x1f".encode() + file.read_bytes())
    return digest.hexdigest()


def name_of(parameters: Mapping[str, Any], version: str) -> str:
    """The directory of a market: the same words, the same name."""
    words = json.dumps(dict(parameters), sort_keys=True, default=str)
    return hashlib.blake2b(f"{version}\x1f{words}".encode(), digest_size=16).hexdigest()


def load_or_make(
    parameters: Mapping[str, Any], version: str, make: Callable[[], Made], home: Path
) -> tuple[Made, bool]:
    """The market of these parameters, and whether it had to be made.

    Args:
        parameters: everything that the market depends on, JSON-like; the seed among it.
        version: of the maker, see ``fingerprint``.
        make: makes it.
        home: see ``cache_home``.
    """
    place = home / "markets" / name_of(parameters, version)
    found = load(place)
    if found is not None:
        return found, False
    made = make()
    keep(place, parameters, made)
    return made, True


def load(place: Path) -> Made | None:
    """The market kept there; None where there is none that is whole."""
    try:
        index = json.loads((place / INDEX).read_bytes())
        files = index["files"]
        for name, told in files.items():
            if _checksum(place / name) != told:
                return None
        made = [read_tape(place / name) for name in files]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, BadFile):
        return None
    _used(place)
    return made or None


def keep(
    place: Path, parameters: Mapping[str, Any], made: Sequence[tuple[Tape, Truth | None]]
) -> bool:
    """Write a market to its place, whole or not at all. False: it could not be written."""
    unfinished: Path | None = None
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        unfinished = Path(tempfile.mkdtemp(prefix=".making-", dir=place.parent))
        files = {}
        for tape, truth in made:
            name = f"{tape.asset}.arrow"
            write_tape(unfinished / name, tape, truth)
            files[name] = _checksum(unfinished / name)
        index = {"parameters": dict(parameters), "simulated": True, "files": files}
        (unfinished / INDEX).write_text(json.dumps(index, default=str, indent=1))
        if place.exists():  # damaged, or another process was faster: ours is as good
            shutil.rmtree(place, ignore_errors=True)
        unfinished.rename(place)
    except OSError:
        if unfinished is not None:
            shutil.rmtree(unfinished, ignore_errors=True)
        return load(place) is not None
    _tidy(place)
    return True


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def _used(place: Path) -> None:
    """Remember that it was used."""
    try:
        os.utime(place / INDEX)
    except OSError:
        return


def _tidy(newest: Path) -> None:
    """Let go of the markets not used for longest while all of them take too much."""
    found = []
    for other in newest.parent.iterdir():
        if other.name.startswith(".") or not (other / INDEX).exists():
            continue
        size = sum(file.stat().st_size for file in other.iterdir())
        found.append(((other / INDEX).stat().st_mtime, size, other))
    total = sum(size for _, size, _ in found)
    for _, size, other in sorted(found):
        if total <= MOST_BYTES or other == newest:
            return
        shutil.rmtree(other, ignore_errors=True)
        total -= size
