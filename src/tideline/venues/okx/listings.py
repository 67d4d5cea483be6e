"""``public/instruments?instType=SWAP|FUTURES``: what OKX lists, in facts we keep.

Sample: rest_instruments_swap (BTC-USD-SWAP ctVal 100 USD, BTC-USDT-SWAP ctVal 0.01 BTC),
OKX.…GetSymbols. OKX v5 documentation: Public Data, Get instruments. One contract is ``ctVal`` x
``ctMult`` of ``ctValCcy``; a coin is always one coin (no 1000-fold names).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tideline.domain.errors import BadWire, WireError
from tideline.domain.instrument import Instrument
from tideline.venues.okx.envelope import data
from tideline.venues.okx.symbols import parse
from tideline.venues.parsed import Listing, Note, Parsed, Trading
from tideline.venues.strict import millis, need, number, record, text, word

STATES: dict[str, Trading] = {
    "live": "trading",
    "suspend": "halted",
    "preopen": "prelisting",
    "test": "halted",
}
"""``test`` marks pairs that cannot be traded."""

_LINEAR = {"linear": True, "inverse": False}


def instruments(raw: bytes, note: Note) -> Parsed:
    """Every contract of the answer, followed or not; spot and options are left out."""
    parsed = Parsed()
    for entry in data(raw):
        try:
            row = record(entry, "row")
            if text(need(row, "instType"), "instType") not in ("SWAP", "FUTURES"):
                parsed.ignore("other product")
                continue
            listed = _listing(row)
        except WireError as error:
            parsed.ignore(f"bad row: {error.where} {error.value}")
        else:
            parsed.listings.append(listed)
    return parsed


def _listing(row: dict[str, Any]) -> Listing:
    instrument = parse(text(need(row, "instId"), "instId"))
    if instrument is None or not instrument.derivative:
        raise BadWire("instId", row["instId"], "is not a contract we can read")
    state = word(need(row, "state"), "state", STATES)
    # of some contracts that are not open yet OKX says nothing but name and state
    bare = state == "prelisting" and not row.get("ctType")
    if not bare and word(need(row, "ctType"), "ctType", _LINEAR) != instrument.linear:
        raise BadWire("ctType", row["ctType"], f"is not what {instrument.symbol} says")
    ends = row.get("expTime", "")
    # X-Perps are instType FUTURES with an expiry decades away, but they pay funding
    forever = instrument.kind == "perpetual" or row.get("ruleType") == "xperp"
    return Listing(
        replace(
            instrument,
            kind="perpetual" if forever else "future",
            contract_size=None if bare else _size(row, instrument),
            listed_us=millis(row["listTime"], "listTime") if row.get("listTime") else None,
        ),
        state,
        delivery_us=millis(ends, "expTime") if ends else None,
    )


def _size(row: dict[str, Any], instrument: Instrument) -> float:
    """Coins (linear) or USD (inverse) in one contract."""
    currency = text(need(row, "ctValCcy"), "ctValCcy")
    if currency != (instrument.asset if instrument.linear else "USD"):
        raise BadWire("ctValCcy", currency, f"is not what {instrument.symbol} is counted in")
    value = number(need(row, "ctVal"), "ctVal")
    times = number(row["ctMult"], "ctMult") if row.get("ctMult") else 1
    size = float(value * times)
    if not size > 0:
        raise BadWire("ctVal", row["ctVal"], "is not positive")
    return size
