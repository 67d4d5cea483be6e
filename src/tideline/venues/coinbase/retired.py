"""Frames that look like Coinbase but carry nothing for the log, each refused by name.

Samples ``tests/payloads/coinbase/{legacy_intx_ws_risk_funding,ws_ticker}.json``.
"""

from __future__ import annotations

from tideline.domain.errors import BadWire

_INTX = "is of Coinbase International, retired on 2026-10-01: its books are the gateway's now"
_TICKER = "carries neither open interest nor funding: the products call does"

REASONS: dict[str, str] = {
    "RISK": _INTX,
    "FUNDING": _INTX,
    "ticker": _TICKER,
    "ticker_batch": _TICKER,
}
"""Channel: why it is not read."""


def refuse_other_channels(body: object) -> None:
    """Raise BadWire if ``body`` is a frame of one of these channels.

    Raises:
        BadWire: it is; says why it is not read.
    """
    if type(body) is dict and type(channel := body.get("channel")) is str and channel in REASONS:
        raise BadWire("channel", channel, REASONS[channel])
