"""``liquidation-orders``: positions OKX closed by force, at most one a contract and second.

Sample: ws_liquidation_orders. OKX v5 documentation: Public Data, Liquidation orders channel.
A sample, not a total. ``details`` may hold several; the first frame after a subscription is a
backlog, and later ones come out of order, so every event carries a key.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, NamedTuple

from tideline.domain.errors import BadWire
from tideline.domain.instrument import Instrument
from tideline.venues.okx.counting import contracts, exact
from tideline.venues.parsed import Note, Observation, Parsed
from tideline.venues.rows import each, every
from tideline.venues.strict import millis, need, number, record, rows, text, word

_ORDER = {"sell": "long", "buy": "short"}
"""Whose position an order of that side closes: a long dies by a sale."""
_HELD = {"long": "long", "short": "short", "net": "", "": ""}
"""``posSide``; in net mode only the order's side tells."""


class _Death(NamedTuple):
    at: int
    side: str
    contracts: Decimal
    price: Decimal


def take_liquidations(found: list[Any], note: Note, parsed: Parsed) -> None:
    """Two rows an event, coins and USD of the side that died."""

    def take(row: dict[str, Any]) -> None:
        symbol = text(need(row, "instId"), "instId")
        details = rows(need(row, "details"), "details")
        instrument = note.instruments.get(symbol)
        if instrument is None:
            return parsed.ignore("unknown instrument", max(len(details), 1))

        def event(detail: Any) -> None:
            parsed.observations += _event(record(detail, "detail"), instrument)

        return every(parsed, details, event)

    each(parsed, found, take)


def _event(detail: dict[str, Any], instrument: Instrument) -> tuple[Observation, Observation]:
    """The coins and the USD of one event; inverse contracts are USD, coins at the price given."""
    death = _read(detail)
    how = contracts(instrument, "liquidation", death.at)
    amount = death.contracts * exact(how.factor)
    if instrument.linear:
        coin, usd = amount, amount * death.price
        how_coin, how_usd = how, how._replace(derived="x bkPx")
    else:
        coin, usd = amount / death.price, amount
        how_coin, how_usd = how._replace(derived="/ bkPx"), how
    said = text(detail["sz"], "sz")
    key = "|".join((said, text(detail["bkPx"], "bkPx"), detail["side"], str(death.at)))
    name = f"liquidation_{death.side}"
    symbol = instrument.symbol
    return (
        Observation(symbol, f"{name}_coin", death.at, float(coin), said, how_coin, key),
        Observation(symbol, f"{name}_usd", death.at, float(usd), said, how_usd, key),
    )


def _read(detail: dict[str, Any]) -> _Death:
    closed = word(need(detail, "side"), "side", _ORDER)
    held = word(detail.get("posSide", ""), "posSide", _HELD)
    if held and held != closed:
        raise BadWire("posSide", detail["posSide"], f"is not closed by a {detail['side']}")
    price = number(need(detail, "bkPx"), "bkPx")
    size = number(need(detail, "sz"), "sz")
    if not price > 0 or not size > 0:
        raise BadWire("sz", f"{size} at {price}", "is no liquidation")
    return _Death(millis(need(detail, "ts"), "ts"), closed, size, price)
