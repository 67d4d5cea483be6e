"""What the symbols of all venues share: multiples, quote currencies, expiry dates."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from tideline.domain.errors import BadInput

STABLE_QUOTES = ("USDT", "USDC", "FDUSD", "BUSD", "USD1")
"""Quote currencies of linear contracts; longer names first where one ends like another."""

COIN = r"[^\W_a-z]{1,24}"
"""A coin as venues write it: letters and digits of any script, none of them lower case."""

_LEADING = re.compile(r"^(10{3,})(?=\D)(.+)$")
_TRAILING = re.compile(r"^(\D+?)(10{3,})$")
_MILLION = re.compile(r"^1M([A-Z]{4,})$")
_WHOLE_NAMES = frozenset({"1000X"})  # a coin whose own name looks like a multiple

MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
MONTH_CODES = "FGHJKMNQUVXZ"


def split_multiple(base: str) -> tuple[str, float]:
    """The coin behind a quoted base, and how many coins one quoted unit stands for.

    ``1000PEPE`` is (PEPE, 1000), ``SHIB1000`` (SHIB, 1000), ``1MBABYDOGE`` (BABYDOGE, 1e6).
    """
    if base in _WHOLE_NAMES:
        return base, 1.0
    if found := _LEADING.match(base):
        return found[2], float(found[1])
    if found := _MILLION.match(base):
        return found[1], 1e6
    if found := _TRAILING.match(base):
        return found[1], float(found[2])
    return base, 1.0


def valid_yymmdd(text: str) -> bool:
    """Does ``text`` (261225) name a day?"""
    return _is_date(text, "%y%m%d")


def valid_day_month(text: str) -> bool:
    """Does ``text`` (27DEC26, 3JAN26) name a day?"""
    found = re.fullmatch(r"(\d{1,2})([A-Z]{3})(\d{2})", text)
    if not found or found[2] not in MONTHS:
        return False
    month = MONTHS.index(found[2]) + 1
    return _is_date(f"{found[3]}{month:02d}{int(found[1]):02d}", "%y%m%d")


def _is_date(text: str, form: str) -> bool:
    try:
        datetime.strptime(text, form).replace(tzinfo=UTC)
    except ValueError:
        return False
    return True


def unreadable(venue: str, symbol: str, nearest: str | None) -> BadInput:
    """The error for a symbol that is none of this venue's forms."""
    return BadInput("instrument", symbol, f"is not a symbol of {venue}", nearest)
