"""Facts about a coin that belong to no venue: the instrument is the asset itself."""

from __future__ import annotations

import re

from tideline.domain.instrument import Instrument
from tideline.domain.venue import REFERENCE
from tideline.venues.naming import COIN

FORMS = ("BTC",)

_ASSET = re.compile(rf"^{COIN}$")


def parse(symbol: str) -> Instrument | None:
    """The reference instrument of one asset, None for text that is no asset."""
    if not _ASSET.match(symbol):
        return None
    return Instrument(REFERENCE, symbol, symbol, "USD", "USD", "reference", True)
