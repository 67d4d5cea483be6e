"""The made markets by name: scenario, seed, asset and days; made once on this machine.

Each asset of a world is an entry of the cache of its own, so that a larger set of assets makes only
what is new. Several are made side by side, each in a process of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

from tideline.domain.errors import BadInput, UnknownName
from tideline.domain.time import parse_time
from tideline.market import cache, tape, truth
from tideline.market.tape import Tape

START = int(parse_time("2026-02-02T00:00:00Z"))
"""A Monday: the first moment of every made market that is shown."""
SCENARIOS = (
    "calm",
    "fresh_trend",
    "short_covering",
    "short_squeeze",
    "long_cascade",
    "aggressive_shorting",
    "stored_leverage_break",
    "crowded_long",
    "venue_local_inflow",
    "contract_migration",
    "new_listing",
    "venue_outage",
    "mixed",
)
LEAST_DAYS, MOST_DAYS = 0.25, 120.0
PROCESSES = 2

Tell = Callable[[str, int, int], None]
"""Asset that is there, how many are, of how many."""


class MadeMarket(NamedTuple):
    """Which market."""

    scenario: str
    seed: int
    assets: tuple[str, ...]
    days: float

    @property
    def end(self) -> int:
        """Its last moment, µs."""
        return START + round(self.days * 86_400) * 1_000_000


def check(wanted: MadeMarket) -> None:
    """Can it be made?

    Raises:
        UnknownName: no such scenario.
        BadInput: no asset, or days out of bounds.
    """
    if wanted.scenario not in SCENARIOS:
        raise UnknownName("scenario", wanted.scenario, SCENARIOS)
    if not wanted.assets:
        raise BadInput("assets", wanted.assets, "names none", "BTC")
    if not LEAST_DAYS <= wanted.days <= MOST_DAYS:
        near = min(max(wanted.days, LEAST_DAYS), MOST_DAYS)
        raise BadInput("days", wanted.days, f"is not {LEAST_DAYS:g} to {MOST_DAYS:g}", f"{near:g}")
    if not 0 <= wanted.seed < 2**31:
        raise BadInput("seed", wanted.seed, "is not between 0 and 2^31", "1")


def version() -> str:
    """Of what makes markets: another source, another market."""
    here = Path(tape.__file__).parent
    return cache.fingerprint([here / "world", Path(tape.__file__), Path(truth.__file__)])


def missing(wanted: MadeMarket, home: Path) -> list[str]:
    """The assets that would have to be made."""
    made_by = version()
    return [
        asset
        for asset in wanted.assets
        if not (place_of(wanted, asset, made_by, home) / cache.INDEX).exists()
    ]


def obtain(wanted: MadeMarket, home: Path, tell: Tell | None = None) -> list[Tape]:
    """The tapes, in the order of the assets; those that are not kept under ``home`` are made.

    Raises:
        UnknownName, BadInput: see ``check``.
    """
    check(wanted)
    made_by = version()
    found: dict[str, Tape] = {}
    for asset in wanted.assets:
        kept = cache.load(place_of(wanted, asset, made_by, home))
        if kept is not None:
            found[asset] = kept[0][0]
            _say(tell, asset, len(found), wanted)
    absent = [asset for asset in wanted.assets if asset not in found]
    for asset, one in _make(wanted, absent, made_by, home):
        found[asset] = one
        _say(tell, asset, len(found), wanted)
    return [found[asset] for asset in wanted.assets]


def _say(tell: Tell | None, asset: str, count: int, wanted: MadeMarket) -> None:
    if tell is not None:
        tell(asset, count, len(wanted.assets))


def _parameters(wanted: MadeMarket, asset: str) -> dict[str, Any]:
    return {
        "scenario": wanted.scenario,
        "seed": wanted.seed,
        "asset": asset,
        "days": wanted.days,
        "start": START,
    }


def place_of(wanted: MadeMarket, asset: str, made_by: str, home: Path) -> Path:
    """Where one asset is kept."""
    return home / "markets" / cache.name_of(_parameters(wanted, asset), made_by)


def _make(
    wanted: MadeMarket, assets: Sequence[str], made_by: str, home: Path
) -> Iterator[tuple[str, Tape]]:
    """As they are done; in processes where there is more than one."""
    if len(assets) < 2:
        for asset in assets:
            yield asset, make_one(wanted, asset, made_by, home)
        return
    with ProcessPoolExecutor(PROCESSES, get_context("spawn")) as pool:
        jobs = {pool.submit(make_one, wanted, asset, made_by, home): asset for asset in assets}
        for job in as_completed(jobs):
            yield jobs[job], job.result()


def make_one(wanted: MadeMarket, asset: str, made_by: str, home: Path) -> Tape:
    """One asset, made and kept."""
    from tideline.market.world import make_world

    def make() -> cache.Made:
        return list(make_world(wanted.scenario, wanted.seed, [asset], wanted.days, start=START))

    made, _ = cache.load_or_make(_parameters(wanted, asset), made_by, make, home)
    return made[0][0]
