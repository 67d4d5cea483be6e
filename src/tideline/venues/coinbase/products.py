"""``GET /api/v3/brokerage/market/products?product_type=FUTURE``: US derivatives (CDE), all at once.

Sample ``tests/payloads/coinbase/rest_market_products_future.json``; reference: Advanced Trade,
"public products". Of each product's ``future_product_details``:

===================  =============================================================================
``open_interest``    contracts; x ``contract_size`` of the same row = coins
``index_price``      quote per coin; empty for dated futures
``funding_rate``     fraction per ``funding_interval`` ("3600s"); empty for dated futures
``funding_time``     of the LATEST funding: the captured answer of 00:28:59 says 00:00:00
``contract_expiry``  delivery; perpetuals are listed as futures that expire in 2030
===================  =============================================================================

There is no mark price: ``price`` is the last trade and ``settlement_price`` that of the day before,
so neither is stored as one, and USD are contracts x size x index. There is no time either: values
hold when received. While the session is closed (weekend, maintenance) the numbers stand still and
nothing is said.
"""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from typing import Any

from tideline.domain.errors import BadInput, BadWire
from tideline.domain.instrument import Instrument
from tideline.domain.time import parse_time
from tideline.venues.coinbase import symbols
from tideline.venues.coinbase.retired import refuse_other_channels
from tideline.venues.counting import FRACTION, price_scale, scale
from tideline.venues.parsed import Counted, Listing, Note, Observation, Parsed, Trading
from tideline.venues.rows import each
from tideline.venues.status import of_status
from tideline.venues.strict import decode, need, number, record, rows, text
from tideline.venues.wire import Reply, Verdict

PRODUCT_FIELDS = (
    "open_interest",
    "open_interest_usd",
    "index_price",
    "funding_rate_quoted",
    "funding_interval_h",
    "next_funding_time",
)

_MOMENT = re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z", re.ASCII)
_SECONDS = re.compile(r"[1-9]\d{0,6}s", re.ASCII)


def products(raw: bytes, note: Note) -> Parsed:
    """Listings and values of every product."""
    parsed = Parsed()

    def read(entry: dict[str, Any]) -> None:
        if entry.get("product_type") != "FUTURE":
            parsed.ignore("other product")
            return
        details = record(need(entry, "future_product_details"), "future_product_details")
        instrument = _instrument(entry, details)
        if instrument is None:
            parsed.ignore("unknown code")
            return
        parsed.listings.append(_listing(entry, details, instrument, note.received))
        _values(entry, details, instrument, note, parsed)

    each(parsed, _rows(raw), read)
    return parsed


def listings(raw: bytes, note: Note) -> Parsed:
    """The listings of the same answer, without its values."""
    found = products(raw, note)
    found.observations.clear()
    return found


def _rows(raw: bytes) -> list[Any]:
    body = decode(raw)
    refuse_other_channels(body)
    return rows(need(record(body, "products"), "products"), "products")


def _instrument(entry: dict[str, Any], details: dict[str, Any]) -> Instrument | None:
    """The instrument with the contract size of this very answer."""
    found = symbols.parse(text(need(entry, "product_id"), "product_id"))
    if found is None:
        return None
    size = number(need(details, "contract_size"), "contract_size")
    if size <= 0:
        raise BadWire("contract_size", size, "is not positive")
    return replace(found, contract_size=float(size))


def _listing(
    entry: dict[str, Any], details: dict[str, Any], instrument: Instrument, received: int
) -> Listing:
    perpetual = instrument.kind == "perpetual"
    expiry = moment(need(details, "contract_expiry"), "contract_expiry")
    barred = _flag(entry, "is_disabled") or _flag(entry, "trading_disabled")
    state: Trading = "halted" if barred else "trading"
    if expiry <= received:
        state = "delisted"
    hours = _interval_h(details.get("funding_interval"))
    return Listing(instrument, state, hours, None if perpetual else expiry)


def _values(
    entry: dict[str, Any], details: dict[str, Any], found: Instrument, note: Note, parsed: Parsed
) -> None:
    if found.symbol not in note.instruments:
        parsed.ignore("unknown instrument")
    elif not _open(entry):
        parsed.ignore("session closed")
    else:
        parsed.observations += _amounts(details, found, note.received)
        parsed.observations += _funding(details, found.symbol, note.received)


def _amounts(details: dict[str, Any], found: Instrument, at: int) -> list[Observation]:
    held = scale(found, "open_interest", at)
    raw = need(details, "open_interest")
    contracts = number(raw, "open_interest")
    values = [
        Observation(found.symbol, "open_interest", at, held.of(contracts), str(raw), held.counted)
    ]
    index = details.get("index_price")
    if index in (None, ""):
        return values
    price = price_scale(found.multiple)
    level = number(index, "index_price")
    usd = float(contracts * held.factor * level * price.factor)
    valued = held.counted._replace(derived="contracts x size x index_price")
    values.append(Observation(found.symbol, "open_interest_usd", at, usd, str(raw), valued))
    values.append(
        Observation(found.symbol, "index_price", at, price.of(level), str(index), price.counted)
    )
    return values


def _funding(details: dict[str, Any], symbol: str, at: int) -> list[Observation]:
    raw = details.get("funding_rate")
    if raw in (None, ""):
        return []
    rate = float(number(raw, "funding_rate"))
    values = [Observation(symbol, "funding_rate_quoted", at, rate, str(raw), FRACTION)]
    interval = details.get("funding_interval")
    hours = _interval_h(interval)
    if hours is None:
        return values
    per_second = Counted("raw", "-", None, 1 / 3600)
    values.append(Observation(symbol, "funding_interval_h", at, hours, str(interval), per_second))
    latest = details.get("funding_time")
    if latest not in (None, ""):
        step = round(hours * 3_600_000_000)
        known = moment(latest, "funding_time")
        # The time is that of the latest funding; a venue that told the next one would read alike.
        following = known if known > at else known + ((at - known) // step + 1) * step
        told = Counted("raw", "-", derived="funding_time + whole intervals, the first to come")
        values.append(
            Observation(symbol, "next_funding_time", at, float(following), str(latest), told)
        )
    return values


def _interval_h(value: object) -> float | None:
    if value in (None, ""):
        return None
    if type(value) is not str or not _SECONDS.fullmatch(value):
        raise BadWire("funding_interval", value, "is no number of seconds")
    return float(Decimal(value[:-1]) / 3600)


def _open(entry: dict[str, Any]) -> bool:
    """Is its session open? Products without a session always are."""
    session = entry.get("fcm_trading_session_details")
    return session is None or _flag(record(session, "session"), "is_session_open")


def _flag(entry: dict[str, Any], name: str) -> bool:
    value = entry.get(name, False)
    if type(value) is not bool:
        raise BadWire(name, value, "is not true or false")
    return value


def moment(value: object, where: str) -> int:
    """µs of a time like 2026-04-07T00:00:00Z.

    Raises:
        BadWire: another form, or no day of this century.
    """
    if type(value) is str and _MOMENT.fullmatch(value):
        try:
            return int(parse_time(value, field=where))
        except BadInput:
            pass
    raise BadWire(where, value, "is not a moment in UTC")


def verdict(reply: Reply) -> Verdict:
    """Ten public requests a second and address; beyond that 429."""
    return of_status(reply)
