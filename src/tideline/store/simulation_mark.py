"""Does a store hold anything that was simulated? One such source marks every answer."""

from __future__ import annotations

from tideline.log import Log

SIMULATED = "simulated"
"""Kind of a source that happened on no market."""


class SimulationMark:
    """Asked again and again: each time only the sources that came since are looked at."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._seen = 0
        self._found = False

    def __bool__(self) -> bool:
        if not self._found:
            for source in self._log.sources(after=self._seen):
                self._seen = source.source_id
                self._found = self._found or source.kind == SIMULATED
        return self._found
