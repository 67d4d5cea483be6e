"""A small simulated store, keys of every kind, and desks over it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.serve.world import Desk, Growing, desk_over, minutes, simulated_rows
from tideline.domain.time import DAY, ManualClock
from tideline.serve.keys.ring import KeyRing


@pytest.fixture(scope="session")
def small_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six hours of two coins. Read only: tests that write make their own."""
    path = tmp_path_factory.mktemp("served") / "store"
    growing = Growing(path, simulated_rows(["BTC", "ETH"], 0.25))
    for _ in range(73):
        growing.advance(minutes(5))
    growing.close()
    return path


@pytest.fixture
def own_store(small_store: Path, tmp_path: Path) -> Path:
    """A copy of it, for tests that move its head."""
    return Path(shutil.copytree(small_store, tmp_path / "own"))


@pytest.fixture
def clock(small_store: Path) -> ManualClock:
    """A day after the last row."""
    from tests.planted import START

    return ManualClock(int(START) + DAY)


@pytest.fixture
def desk(small_store: Path, clock: ManualClock, tmp_path: Path) -> Iterator[Desk]:
    """Keys off."""
    with desk_over(small_store, clock, alerts=tmp_path / "alerts") as opened:
        yield opened


@dataclass
class Keys:
    """One key of each kind, as text."""

    file: Path
    plans: dict[str, str]
    wrong: str
    revoked: str
    expired: str
    other: str
    prefixes: dict[str, str]


def make_keys(file: Path, clock: ManualClock) -> Keys:
    """A ring with a key of every plan and one of every bad kind; a day passes meanwhile."""
    ring = KeyRing(file, clock)
    made = {plan.name: ring.create("desk", plan.name) for plan in ring.plans}
    revoked, record = ring.create("desk", "quant")
    ring.revoke(record.prefix)
    expired, _ = ring.create("desk", "quant", days=1.0)
    other, _ = ring.create("other", "quant")
    ring.close()
    clock.advance(DAY)
    full = made["quant"][0].text
    return Keys(
        file=file,
        plans={name: key.text for name, (key, _) in made.items()},
        wrong=full[:-1] + ("A" if full[-1] != "A" else "B"),
        revoked=revoked.text,
        expired=expired.text,
        other=other.text,
        prefixes={name: record.prefix for name, (_, record) in made.items()},
    )


@pytest.fixture
def keys(tmp_path: Path, clock: ManualClock) -> Keys:
    """A key of each kind, in a ring of one test."""
    return make_keys(tmp_path / "keys.sqlite", clock)


@pytest.fixture
def locked(small_store: Path, clock: ManualClock, keys: Keys, tmp_path: Path) -> Iterator[Desk]:
    """Keys on."""
    with desk_over(small_store, clock, keys=keys.file, alerts=tmp_path / "alerts") as opened:
        yield opened
