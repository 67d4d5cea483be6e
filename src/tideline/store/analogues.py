"""R8 from a store: one hour table an asset and window, kept while the past stays what it was."""

from __future__ import annotations

from threading import Lock

from tideline.log import Log
from tideline.readings.analogue import AnalogueInputs, Analogues
from tideline.readings.analogues import find_analogues
from tideline.readings.parameters import DEFAULTS, Parameters
from tideline.store.hour_table import HourTable

MOST_TABLES = 64
"""Tables kept; one of six years of hours takes 5 MB."""


class AnalogueTables:
    """The hour tables of one log."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self._tables: dict[tuple[str, str, float], HourTable] = {}
        self._past = self._state()
        self._one = Lock()  # tables grow in place

    def find(
        self, asset: str, as_of: int, window: str, parameters: Parameters = DEFAULTS
    ) -> Analogues:
        """R8 of one asset at T on window w, over every hour the log can answer."""
        return find_analogues(self.inputs(asset, as_of, window, parameters), parameters)

    def inputs(
        self, asset: str, as_of: int, window: str, parameters: Parameters = DEFAULTS
    ) -> AnalogueInputs:
        """The two tables R8 is handed: vectors as known at each hour, outcomes an hour after."""
        with self._one:
            if (past := self._state()) != self._past:
                self._tables.clear()
                self._past = past
            key = (asset, window, parameters.cadence_share)
            table = self._tables.pop(key, None)
            if table is None:
                table = HourTable(self.log, asset, window, parameters.cadence_share)
            self._tables[key] = table  # the one used last stands last
            if len(self._tables) > MOST_TABLES:
                del self._tables[next(iter(self._tables))]
            return table.inputs(as_of)

    def _state(self) -> tuple[int, int]:
        """What can change the past: archives taken in, and retention."""
        return len(self.log.imports()), int(self.log.horizon())
