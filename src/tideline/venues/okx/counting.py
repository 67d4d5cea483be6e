"""How many coins or USD a contract of OKX is, and what the noise in its numbers is worth."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Context, Decimal

from tideline.domain.conventions import OPEN_TO, Convention, load, product_of
from tideline.domain.errors import BadWire
from tideline.domain.instrument import Instrument
from tideline.venues.parsed import Counted

_FIFTEEN = Context(prec=15, rounding=ROUND_HALF_EVEN)


def tidy(value: Decimal) -> Decimal:
    """``value`` to 15 significant digits, the digits every double holds.

    OKX writes sums of binary floats ("2216113.01000000309", "22161.1301000000309"): what comes
    after the 15th digit is rounding noise of its own arithmetic, not a quantity.
    """
    return _FIFTEEN.plus(value)


def contracts(instrument: Instrument, field: str, at: int) -> Counted:
    """How the contracts of ``field`` count at ``at``: coins (linear) or USD (inverse) in each.

    The size is, in this order: the table's where the table says until when it held (a size of the
    past), the listing's (``ctVal`` x ``ctMult``, newer than any table), the table's open row.

    Raises:
        BadWire: neither the table nor the listing says.
    """
    size = instrument.contract_size
    row = _row(instrument, "open_interest", at)
    if row.contract_size is not None and (size is None or row.valid_to != OPEN_TO):
        size = row.contract_size
    if size is None:
        raise BadWire("ctVal", instrument.symbol, "has no contract size")
    return Counted("contracts", _row(instrument, field, at).sides, size, size)


def _row(instrument: Instrument, field: str, at: int) -> Convention:
    product = product_of(instrument)
    row = load().find("okx", product, field, at, instrument=instrument.symbol)
    if row is None or row.unit != "contracts" or row.divisor != 1.0:
        raise BadWire(field, instrument.symbol, "is not counted in one-sided contracts")
    return row


def exact(value: float) -> Decimal:
    """The decimal that a float is written as."""
    return Decimal(repr(value))
