"""Readings of one asset at any number of moments, from one reading of the log."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from tideline.domain.errors import UnknownName
from tideline.domain.fields import MARKET
from tideline.domain.time import parse_time
from tideline.log import Log
from tideline.readings.asking import readings_of
from tideline.readings.cadence import SUB_WINDOWS
from tideline.readings.profiles import DEFAULT, Profile
from tideline.readings.reading import Reading
from tideline.readings.rule import Rule
from tideline.store.filling import Filler, wants_of
from tideline.store.knowledge import Knowledge, read_knowledge
from tideline.store.rows import AssetRows


class AssetScan:
    """These rules of one asset, on these windows.

    ``more`` are further addresses whose rows are to be at hand. ``lived``: at every moment rows are
    known from the commit that brought them, as in what was judged live (:mod:`.lived`).
    """

    def __init__(
        self,
        log: Log,
        asset: str,
        windows: Sequence[str],
        rules: Sequence[Rule],
        profile: Profile = DEFAULT,
        more: Sequence[str] = (),
        lived: bool = False,
    ) -> None:
        self.log, self.asset, self.profile = log, asset, profile
        self.windows, self.rules = tuple(windows), tuple(rules)
        wants = wants_of(rules, windows, profile.parameters)
        self.addresses = wants.at
        reaches = [(path.signal, path.deepest_us(profile.parameters)) for path in wants.paths]
        self.rows = AssetRows(log, asset, [*wants.at, *more], reaches, lived)

    def fillers(self, as_of: NDArray[np.int64]) -> Iterator[tuple[Filler, NDArray[np.int64]]]:
        """Fillers for stretches of the moments (ascending), each with its moments."""
        if not as_of.size:
            return
        knowledge: dict[bool, Knowledge] = {}
        for part in self.rows.parts(as_of):
            lived = self.rows.lived(int(as_of[part.low]))
            if lived not in knowledge:
                last = int(as_of[-1])
                knowledge[lived] = read_knowledge(self.log, self.asset, last, lived=lived)
            yield (
                Filler(
                    self.asset,
                    part.legs,
                    self.rows.instruments,
                    knowledge[lived],
                    self.addresses,
                    self.profile.parameters,
                ),
                as_of[part.low : part.high],
            )

    def readings(self, as_of: NDArray[np.int64]) -> list[Reading]:
        """Every reading at every moment (ascending), by moment, window and rule."""
        made: list[Reading] = []
        for filler, moments in self.fillers(as_of):
            for T in moments.tolist():
                for window in self.windows:
                    given_for = partial(filler.given, T)
                    made += readings_of(given_for, window, self.rules, self.profile)
        return made


def scan_assets(
    log: Log,
    moments: Sequence[int],
    window: str,
    assets: Sequence[str] | None,
    rules: Sequence[Rule],
    profile: Profile = DEFAULT,
) -> list[Reading]:
    """Readings of several assets (None: all that are held), asset by asset, each by moment.

    Raises:
        UnknownName: a window no reading is made on, an asset that is not held.
        BadTime, FutureAsOf, BeforeHorizon: a moment.
    """
    if window not in SUB_WINDOWS:
        raise UnknownName("window", window, SUB_WINDOWS)
    held = [name for name in log.assets() if name != MARKET]
    chosen = held if assets is None else list(assets)
    for name in chosen:
        if name not in held:
            raise UnknownName("asset", name, held)
    ascending = np.sort(np.array([parse_time(m, field="as_of") for m in moments], np.int64))
    if not ascending.size:
        return []
    for edge in (ascending[-1], ascending[0]):
        log.check_as_of(int(edge))
    return [
        reading
        for name in chosen
        for reading in AssetScan(log, name, [window], rules, profile).readings(ascending)
    ]
