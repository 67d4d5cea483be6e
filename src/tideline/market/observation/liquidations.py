"""Which forced closings a venue's feed tells: the rule of each server, on whole arrays.

===========  ======================================================================
``full``     every one
``largest``  of each second (k, k+1] of a book the largest, in coins; the first of equals
``first``    of each second [k, k+1) of a book the first
``sides``    of each second (k, k+1] the largest long and the largest short, by notional
``none``     nothing
===========  ======================================================================
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tideline.domain.time import SECOND
from tideline.market.observation.offered import Sampling


def told(sampling: Sampling, at: Any, side: Any, coin: Any, price: Any) -> Any:
    """Places of the events that are told, in order of time.

    Args:
        at: µs, in order, [E]; side: +1 long, −1 short; coin, price: floats.
    """
    every = np.arange(len(at))
    if sampling == "full" or not len(at):
        return every
    if sampling == "none":
        return every[:0]
    if sampling == "first":
        _, found = np.unique(at // SECOND, return_index=True)
        return np.sort(found)
    second = (at - 1) // SECOND
    if sampling == "largest":
        return _largest((second,), coin, every)
    return _largest((second, side), coin * price, every)


def _largest(keys: tuple[Any, ...], size: Any, every: Any) -> Any:
    """Of each group the first of the largest."""
    order = np.lexsort((every, -size, *reversed(keys)))
    new = np.zeros(len(order), bool)
    new[0] = True
    for key in keys:
        new[1:] |= np.diff(key[order]) != 0
    return np.sort(order[new])
