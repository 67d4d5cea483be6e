"""How Bybit's ticker fields become stored values, for REST rows and for stream frames alike.

=========================  ======================================================================
``openInterest``           BOTH sides; linear: base coin, inverse: USD
``openInterestValue``      BOTH sides; linear: quote currency, inverse: base coin
``singleOpenInterest``     one side, rounded up; only used to hold ``openInterest`` against it
``markPrice indexPrice``   per quoted unit (SHIB1000USDT: per 1000 SHIB)
``fundingRate``            fraction per interval; empty for dated futures
``nextFundingTime``        ms; ``fundingIntervalHour`` hours
=========================  ======================================================================

A field that is missing or empty gives nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from tideline.domain.errors import BadWire
from tideline.domain.instrument import Instrument
from tideline.venues.counting import FRACTION, HOURS, LEVELS, MILLIS, Scale, price_scale, scale
from tideline.venues.parsed import Counted, Observation
from tideline.venues.strict import millis, number

TICKER_FIELDS = (
    "open_interest",
    "open_interest_usd",
    "mark_price",
    "index_price",
    "funding_rate_quoted",
    "funding_interval_h",
    "next_funding_time",
)

# Up to 27 digits without sign and exponent: a shift of the point, float() and a halving give the
# same double as Decimal does, which is exact for them.
_PLAIN = re.compile(r"(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,12})?").fullmatch
_HALVES = (Decimal(1), Decimal("0.5"))

_MOST_HOURS = 24 * 31


def plain(raw: object, where: str) -> float:
    """The number that ``raw`` is.

    Raises:
        BadWire: it is none.
    """
    if type(raw) is str and _PLAIN(raw):
        return float(raw)
    return float(number(raw, where))


class Amount:
    """One raw name of one instrument and the field it becomes, ready for many frames.

    ``half`` (1 or 0.5) and ``shift`` ("e3", or empty) are the factor again where it is made of
    them: the short way. ``half`` 0 says that it is not.
    """

    __slots__ = ("counted", "field", "half", "name", "scale", "shift")

    def __init__(self, name: str, field: str, how: Scale) -> None:
        self.name, self.field, self.scale = name, field, how
        self.counted: Counted = how.counted
        self.half, self.shift = 0.0, ""
        for half in _HALVES:
            sign, digits, exponent = (how.factor / half).normalize().as_tuple()
            if (sign, digits) == (0, (1,)):
                self.half, self.shift = float(half), f"e{exponent}" if exponent else ""

    def value(self, raw: object) -> float:
        """The stored value. A negative open interest is kept: it becomes a suspect.

        Raises:
            BadWire: no number, or a negative price.
        """
        if self.half and type(raw) is str and _PLAIN(raw):
            return float(raw + self.shift) * self.half
        value = self.scale.of(number(raw, self.name))
        if value < 0.0 and self.field not in LEVELS:
            raise BadWire(self.name, raw, "is negative")
        return value


class Reading:
    """How one instrument's ticker reads for event times in [since, until)."""

    __slots__ = ("amounts", "instrument", "since", "symbol", "until")

    def __init__(self, instrument: Instrument, at: int) -> None:
        self.instrument, self.symbol = instrument, instrument.symbol
        held = scale(instrument, "open_interest", at)
        valued = scale(instrument, "openInterestValue", at)
        price = price_scale(instrument.multiple)
        coin, usd = ("open_interest", "open_interest_usd")
        first, second = (coin, usd) if instrument.linear else (usd, coin)
        self.amounts = (
            Amount("openInterest", first, held),
            Amount("openInterestValue", second, valued),
            Amount("markPrice", "mark_price", price),
            Amount("indexPrice", "index_price", price),
        )
        self.since, self.until = max(held.since, valued.since), min(held.until, valued.until)

    def amounts_of(self, row: Mapping[str, Any], at: int) -> list[Observation]:
        """Open interest and prices of one row.

        Raises:
            BadWire: a number out of place, or openInterest that is not twice singleOpenInterest.
        """
        if "singleOpenInterest" in row:
            check_halves(row)
        found = []
        symbol = self.symbol
        for amount in self.amounts:
            raw = row.get(amount.name)
            if raw is not None and raw != "":
                told = (symbol, amount.field, at, amount.value(raw), str(raw), amount.counted, "")
                found.append(tuple.__new__(Observation, told))
        return found

    def funding_of(self, row: Mapping[str, Any], at: int) -> list[Observation]:
        """Rate, interval and next settlement of one row, those that are there.

        Raises:
            BadWire: a number or a time out of place.
        """
        found = []
        rate, hours, following = map(row.get, ("fundingRate", "fundingIntervalHour", NEXT))
        if rate is not None and rate != "":
            value = plain(rate, "fundingRate")
            found.append(
                Observation(self.symbol, "funding_rate_quoted", at, value, str(rate), FRACTION)
            )
        if hours is not None and hours != "":
            interval = interval_h(hours, "fundingIntervalHour")
            found.append(
                Observation(self.symbol, "funding_interval_h", at, interval, str(hours), HOURS)
            )
        if following is not None and following not in ("", "0"):
            us = float(millis(following, NEXT))
            found.append(
                Observation(self.symbol, "next_funding_time", at, us, str(following), MILLIS)
            )
        return found


NEXT = "nextFundingTime"
FUNDING_NAMES = frozenset(("fundingRate", "fundingIntervalHour", NEXT))


def interval_h(raw: object, where: str, per_hour: int = 1) -> float:
    """A funding interval in hours, from a number of 1/``per_hour`` hours.

    Raises:
        BadWire: none, or not between a minute and a month.
    """
    value = float(number(raw, where) / per_hour)
    if not 1 / 60 <= value <= _MOST_HOURS:
        raise BadWire(where, raw, "is no funding interval")
    return value


def check_halves(row: Mapping[str, Any]) -> None:
    """Hold ``openInterest`` against twice ``singleOpenInterest`` where a row has both.

    The single one is rounded to its own last digit (63910691 and 31955346), so that much is given.

    Raises:
        BadWire: the two do not agree: one of them no longer counts what the table says.
    """
    both, single = row.get("openInterest"), row.get("singleOpenInterest")
    if both in (None, "") or single in (None, ""):
        return
    if type(both) is str and type(single) is str and _PLAIN(both) and _PLAIN(single):
        # Clearly less than a step apart: no need to be exact.
        decimals = len(single.partition(".")[2])
        if abs(float(both) * 0.5 - float(single)) < 0.75 * _STEPS[decimals]:
            return
    half, given = number(both, "openInterest") / 2, number(single, "singleOpenInterest")
    step = Decimal(1).scaleb(min(int(given.as_tuple().exponent), 0))
    if abs(half - given) > step:
        raise BadWire("openInterest", both, f"is not twice singleOpenInterest {given}")


_STEPS = tuple(10.0**-decimals for decimals in range(13))
