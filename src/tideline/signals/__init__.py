"""The catalogue of signals: every number tideline knows how to ask for, with its words.

The catalogue is an explicit tuple in the order of the documentation; adding a signal is adding
one entry, and one small compiled formula in ``features.formulas`` where none fits.
"""

from __future__ import annotations

from tideline.features.signal import Signal
from tideline.signals.flow import FLOW
from tideline.signals.funding import FUNDING
from tideline.signals.liquidations import LIQUIDATIONS
from tideline.signals.positioning import POSITIONING
from tideline.signals.price import PRICE

CATALOGUE: tuple[Signal, ...] = (*POSITIONING, *FUNDING, *LIQUIDATIONS, *FLOW, *PRICE)
"""All signals, by category."""

BY_ADDRESS: dict[str, Signal] = {signal.address: signal for signal in CATALOGUE}

__all__ = ["BY_ADDRESS", "CATALOGUE", "Signal"]
