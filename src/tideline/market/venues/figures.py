"""Numbers as venues write them: plain decimals, no exponent, no digit that is not there."""

from __future__ import annotations

from decimal import Decimal


def exact(value: float) -> Decimal:
    """The decimal that a float is written as (0.1 is 0.1)."""
    return Decimal(repr(value))


def plain(value: Decimal | float | int) -> str:
    """The shortest plain decimal text: ``0.000012``, ``120``, never ``1.2E-5``."""
    number = value if isinstance(value, Decimal) else Decimal(repr(value))
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def rounded(value: Decimal, decimals: int) -> str:
    """Text with that many decimals, half to even."""
    return format(value.quantize(Decimal(1).scaleb(-decimals)), "f")


def step_of(price: str) -> Decimal:
    """One unit of the last digit written."""
    return Decimal(1).scaleb(-len(price.partition(".")[2]))
