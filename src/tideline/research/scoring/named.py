"""Further readings that name flows: which of their names claims which class of truth.

A reading is added to the scorecard by one entry of :data:`NAMED`. Names that are not in its map
claim nothing. R1 is not among them: its moves and bands are taken apart in :mod:`.detectors`, so
that its bands can be swept; here a reading is swept by the strength it states.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tideline.log import Log
from tideline.readings.parameters import Parameters
from tideline.readings.reading import Reading
from tideline.research.scoring.detectors import Detector
from tideline.research.scoring.observed import KINDS, NOTHING, Observed, Said
from tideline.research.scoring.runs import Spans, label_runs

Read = Callable[[Log, str, NDArray[np.int64], str, Parameters], Sequence[Reading]]
"""(log, asset, moments ascending, window, parameters) → one reading a moment, as known then."""


@dataclass(frozen=True, slots=True)
class Named:
    """One reading: ``classes`` maps its names to classes of truth."""

    key: str
    title: str
    classes: Mapping[str, str]
    read: Read


NAMED: tuple[Named, ...] = ()
"""Beside R1; an entry is all it takes."""


def said_of(
    entry: Named,
    log: Log,
    asset: str,
    as_of: NDArray[np.int64],
    window: str,
    parameters: Parameters,
) -> Said:
    """What a reading claims at each moment."""
    read = entry.read(log, asset, as_of, window, parameters)
    names = [entry.classes.get(reading.name) for reading in read]
    kind = np.array([NOTHING if name is None else KINDS.index(name) for name in names], np.int64)
    return Said(kind, np.array([reading.strength or 0.0 for reading in read]))


def named_detector(entry: Named) -> Detector:
    """Its detector: episodes are runs of one class at a strength of at least the strictness."""

    def spans(seen: Observed, strictness: float) -> Spans:
        said = seen.said[entry.key]
        strong = np.where(said.strength >= strictness, said.kind, NOTHING)
        return label_runs(strong, said.strength)

    return Detector(entry.key, entry.title, spans, reading=True)
