"""One asset in memory: its legs grow with every commit, and its rules are asked again and again."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tideline.domain.time import DAY
from tideline.features.in_place import InPlaceLegs
from tideline.features.legs import TWIN, TWINNED, LegKey
from tideline.log import Log
from tideline.readings.given import Given, Wants
from tideline.readings.profiles import DEFAULT, Profile
from tideline.store.filling import Filler
from tideline.store.knowledge import FactRow, Knowledge, read_knowledge
from tideline.store.rows import AssetRows

RENEWED_US = DAY
"""So old, an asset is read anew, which lets go of what no rule looks back to."""

NewRow = tuple[LegKey, int, int, float, int, int]
"""(leg, event, known_time of its commit, value, cadence in µs, assumed)"""


class HeldAsset:
    """What an evaluator holds of one asset.

    ``take`` grows the legs; what does not fit (an older row, a new leg) has the asset read again
    from the log before it is next asked.
    """

    def __init__(self, log: Log, asset: str, wants: Wants, profile: Profile = DEFAULT) -> None:
        self._log, self.asset, self._wants, self._profile = log, asset, wants, profile
        self.loaded_at = 0
        self.loads = 0
        self._due = True
        self._grown: InPlaceLegs
        self._filler: Filler

    def take(self, known: int, rows: Sequence[NewRow], facts: Sequence[FactRow] = ()) -> None:
        """Rows of the commit made at ``known``, in the order of the log."""
        if self._due or known <= self.loaded_at:
            return
        if facts:
            self._knowledge.add(facts)
        columns = self._columns(rows)
        if columns is None:
            self._due = True
            return
        if not columns[0].size:
            return
        done = self._grown.append(*columns)
        if done < columns[0].size:
            self._grown.relaid()
            rest = tuple(column[done:] for column in columns)
            if self._grown.append(*rest) < rest[0].size:
                self._due = True
                return
            self._plan()

    def given(self, as_of: int, window: str) -> Given:
        """What a rule is handed at as_of; :meth:`ready` comes first."""
        return self._filler.given(as_of, window)

    def ready(self, followed: int, as_of: int) -> None:
        """Read the asset if it is due. ``followed``: known_time of the last commit taken."""
        if self._due or as_of - self.loaded_at >= RENEWED_US:
            self._load(followed, min(as_of, followed))

    def _load(self, followed: int, first: int) -> None:
        wants, parameters = self._wants, self._profile.parameters
        reaches = [(path.signal, path.deepest_us(parameters)) for path in wants.paths]
        self._rows = AssetRows(self._log, self.asset, wants.at, reaches, lived=True)
        table = self._rows.standing(first, followed)
        self._grown = InPlaceLegs(self._rows.legs_of(table, first))
        self._knowledge: Knowledge = read_knowledge(self._log, self.asset, followed, lived=True)
        self._plan()
        self.loaded_at = followed
        self.loads += 1
        self._due = False

    def _plan(self) -> None:
        self._filler = Filler(
            self.asset,
            self._grown.legs,
            self._rows.instruments,
            self._knowledge,
            self._wants.at,
            self._profile.parameters,
        )

    def _columns(self, rows: Sequence[NewRow]) -> tuple[np.ndarray, ...] | None:
        """The rows as columns of leg numbers and numbers; None if one belongs to a new leg."""
        index, fields = self._grown.legs.index, self._rows.fields
        found: list[tuple[int, int, int, float, int, int]] = []
        for key, *rest in rows:
            if key[2] not in fields:
                continue
            leg = index.get(key)
            if leg is None:
                return None
            found.append((leg, *rest))  # type: ignore[arg-type]
            if key[2] in TWINNED:
                twin = index.get((key[0], key[1], key[2] + TWIN))
                if twin is not None:
                    found.append((twin, *rest))  # type: ignore[arg-type]
        columns = list(zip(*found, strict=True)) or [()] * 6
        kinds = (np.int64, np.int64, np.int64, np.float64, np.int64, np.int64)
        return tuple(np.array(column, kind) for column, kind in zip(columns, kinds, strict=True))
