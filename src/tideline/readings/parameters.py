"""The one typed table of numbers that readings use, each with its unit and where it comes from."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import NamedTuple

from tideline.readings.numbers.analogues import AnalogueNumbers
from tideline.readings.numbers.breadth import BreadthNumbers
from tideline.readings.numbers.caveats import CaveatNumbers
from tideline.readings.numbers.cohorts import CohortNumbers
from tideline.readings.numbers.covering import CoveringNumbers
from tideline.readings.numbers.crowding import CrowdingNumbers
from tideline.readings.numbers.divergence import DivergenceNumbers
from tideline.readings.numbers.persistence import PersistenceNumbers
from tideline.readings.numbers.position import PositionNumbers
from tideline.readings.numbers.price_oi import PriceOiNumbers

SECTIONS: tuple[tuple[str, type], ...] = (
    ("R1", PriceOiNumbers),
    ("R2", DivergenceNumbers),
    ("R3", CoveringNumbers),
    ("R4", CrowdingNumbers),
    ("R5", BreadthNumbers),
    ("R6", PersistenceNumbers),
    ("R7", CaveatNumbers),
    ("R8", AnalogueNumbers),
    ("R9", PositionNumbers),
    ("R10", CohortNumbers),
)
"""Which reading each part of the table belongs to; R1's holds what all of them share."""


@dataclass(frozen=True)
class Parameters(
    CohortNumbers,
    PositionNumbers,
    AnalogueNumbers,
    CaveatNumbers,
    PersistenceNumbers,
    BreadthNumbers,
    CrowdingNumbers,
    CoveringNumbers,
    DivergenceNumbers,
    PriceOiNumbers,
):
    """Every number of every reading. Replace one with ``dataclasses.replace``.

    Dataclasses put the fields of the last base first: the table starts with what R1 uses.
    """


DEFAULTS = Parameters()


class Row(NamedTuple):
    """One line of the printed table."""

    name: str
    value: float
    unit: str
    provenance: str
    meaning: str


def table(parameters: Parameters = DEFAULTS, section: str = "") -> tuple[Row, ...]:
    """The parameters as rows, in the order in which they are declared; of one reading alone."""
    wanted = {item.name for key, part in SECTIONS if section in ("", key) for item in fields(part)}
    return tuple(
        Row(
            item.name,
            getattr(parameters, item.name),
            item.metadata["unit"],
            item.metadata["provenance"],
            item.metadata["meaning"],
        )
        for item in fields(parameters)
        if item.name in wanted
    )
