"""What a column is multiplied by, period by period of the conventions table.

A file may reach across a change of contract size or of counting: each row is scaled as its own
moment demands, so that the stored series is continuous.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tideline.collect.archives.map import Take
from tideline.collect.legrows import Ints, LegRows
from tideline.domain.amounts import coin_scale, price_factor, usd_scale
from tideline.domain.conventions import Convention, load, product_of
from tideline.domain.errors import BadInput, BadMap
from tideline.domain.instrument import Instrument

STOCKS = ("open_interest", "open_interest_usd")
COUNTED = (*STOCKS, "volume_coin", "taker_buy_coin", "taker_sell_coin")
"""Fields whose sides or contract size the table may know."""


@dataclass(frozen=True, slots=True)
class Scale:
    """Stored value = column x factor; where that comes from."""

    factor: float
    sides: str
    contract_size: float | None
    convention: str


def scales(instrument: Instrument, take: Take, at: Ints) -> list[tuple[Any, Scale]]:
    """The rows of each period with one scale, in order of time; one entry for a usual file.

    Raises:
        BadMap: a unit that cannot be one of this instrument's, or contracts of unknown size.
    """
    edges = _edges(instrument, take, at)
    if len(edges) < 2:
        return [(slice(None), _scale(instrument, take, int(at[0]) if len(at) else 0))]
    period = np.searchsorted(edges, at, side="right")
    found: list[tuple[Any, Scale]] = []
    for which in np.unique(period).tolist():
        rows = period == which
        scale = _scale(instrument, take, int(at[rows].min()))
        if found and (found[-1][1].factor, found[-1][1].sides) == (scale.factor, scale.sides):
            found[-1] = (found[-1][0] | rows, found[-1][1])
        else:
            found.append((rows, scale))
    return found


def in_file_order(pieces: list[LegRows]) -> LegRows:
    """The pieces of one column as one, by event; rows of one event stay in file order."""
    if len(pieces) == 1:
        return pieces[0]
    first = pieces[0]
    whole = LegRows(
        *first.key,
        np.concatenate([piece.event for piece in pieces]),
        np.concatenate([piece.value for piece in pieces]),
        np.concatenate([piece.cadence_s for piece in pieces]),
        np.concatenate([piece.source for piece in pieces]),
        first.lag_us,
    )
    return whole.at(np.argsort(whole.event, kind="stable"))


def _edges(instrument: Instrument, take: Take, at: Ints) -> list[int]:
    """Moments inside the rows at which a row of the table begins."""
    if take.field not in COUNTED or not len(at):
        return []
    product = product_of(instrument)
    names = {take.field, "open_interest"} if take.unit == "contracts" else {take.field}
    starts = {
        row.valid_from
        for row in load()
        if (row.venue, row.product) == (instrument.venue, product)
        and row.field in names
        and row.speaks_of(instrument.symbol)
    }
    low, high = int(at.min()), int(at.max())
    return sorted({low, *(start for start in starts if low < start <= high)})


def _scale(instrument: Instrument, take: Take, at: int) -> Scale:
    convention = _convention(instrument, take, at)
    factor = _factor(instrument, take, convention)
    size = convention.contract_size if take.unit == "contracts" else None
    return Scale(factor, convention.sides, size, convention.source)


def _convention(instrument: Instrument, take: Take, at: int) -> Convention:
    """What the map says, with what it leaves open from the conventions table."""
    product, symbol = product_of(instrument), instrument.symbol
    found = None
    if take.field in COUNTED:
        found = load().find(instrument.venue, product, take.field, at, instrument=symbol)
    size = found.contract_size if found else None
    if size is None and take.unit == "contracts":
        interest = load().find(instrument.venue, product, STOCKS[0], at, instrument=symbol)
        size = interest.contract_size if interest else None
    unsaid = "unknown" if take.field in STOCKS else "-"
    sides: Any = take.sides or (found.sides if found else unsaid)
    return Convention(
        instrument.venue,
        product,
        take.field,
        take.unit,
        sides,
        found.source if found else "",
        contract_size=size,
    )


def _factor(instrument: Instrument, take: Take, convention: Convention) -> float:
    """Stored value = column x this."""
    if take.field.endswith("_price"):
        return take.factor * price_factor(instrument)
    if take.unit in ("coin", "contracts"):
        _check_quantity(instrument, take)
        try:
            return take.factor * coin_scale(instrument, convention).factor
        except BadInput as error:
            problem = f"{error.problem} ({instrument.symbol})"
            raise BadMap("take.unit", take.unit, problem, "coin") from None
    if take.unit in ("usd", "quote"):
        return take.factor * usd_scale(instrument, convention).factor
    return take.factor * {"percent": 0.01, "ms": 1000.0}.get(take.unit, 1.0)


def _check_quantity(instrument: Instrument, take: Take) -> None:
    if take.field == "open_interest_usd" and instrument.linear:
        raise BadMap("take.unit of open_interest_usd", take.unit, "is no notional here", "usd")
    if take.field != "open_interest_usd" and not instrument.linear and take.unit != "coin":
        problem = "of an inverse instrument are USD"
        raise BadMap(f"take.unit of {take.field}", take.unit, problem, "coin")
