"""Readings of one asset at any number of moments, from one reading of the log."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from tideline.log import Log
from tideline.readings.asking import readings_of
from tideline.readings.profiles import DEFAULT, Profile
from tideline.readings.reading import Reading
from tideline.readings.rule import Rule
from tideline.store.filling import Filler, wants_of
from tideline.store.knowledge import read_knowledge
from tideline.store.rows import AssetRows


class AssetScan:
    """These rules of one asset, on these windows."""

    def __init__(
        self,
        log: Log,
        asset: str,
        windows: Sequence[str],
        rules: Sequence[Rule],
        profile: Profile = DEFAULT,
    ) -> None:
        self.log, self.asset, self.profile = log, asset, profile
        self.windows, self.rules = tuple(windows), tuple(rules)
        wants = wants_of(rules, windows, profile.parameters)
        self.addresses = wants.at
        reaches = [(path.signal, path.deepest_us(profile.parameters)) for path in wants.paths]
        self.rows = AssetRows(log, asset, wants.at, reaches)

    def fillers(self, as_of: NDArray[np.int64]) -> Iterator[tuple[Filler, NDArray[np.int64]]]:
        """Fillers for stretches of the moments (ascending), each with its moments."""
        if not as_of.size:
            return
        knowledge = read_knowledge(self.log, self.asset, int(as_of[-1]))
        for part in self.rows.parts(as_of):
            yield (
                Filler(
                    self.asset,
                    part.legs,
                    self.rows.instruments,
                    knowledge,
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
