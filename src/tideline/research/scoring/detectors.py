"""The detectors that are compared, each with one strictness: 1 is its own default.

Every one sees the same features, known at the same moments, on the same groups, and gets the same
machinery of episodes: a band at which one is entered, two thirds of it at which it is left, no
leaving within a third of the window. Only R1 lets states with one flat side hold back what comes
next, for that is how it reads; the baselines are spared that.

Further readings join by an entry in :mod:`tideline.research.scoring.named`.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tideline.features.window import WINDOWS
from tideline.readings.bands import fixed_band
from tideline.readings.parameters import DEFAULTS, Parameters
from tideline.research.scoring.observed import KINDS, Observed
from tideline.research.scoring.runs import Banded, Spans, band_runs, kept

SCAN_PRICE, SCAN_OI = 0.01, 0.015
"""The published fixed scanner: +1 % of price, −1.5 % of open interest over 10 bars of 5 minutes."""
SIZE = 0.01
"""The move of price at which signs without bands speak, at strictness 1."""
LACKING = "new_shorts"
"""The branch the published scanner does not have."""


@dataclass(frozen=True)
class Detector:
    """One way of naming flows.

    Attributes:
        key: short name, used in files.
        title: its name on the card.
        spans: episodes of the four classes from what is seen of one asset at a strictness.
        reading: it is one of tideline's readings; else a baseline.
        hindsight: a threshold was chosen after the fact, in its favour.
    """

    key: str
    title: str
    spans: Callable[[Observed, float], Spans]
    reading: bool = False
    hindsight: bool = False


def dwell_steps(window: str, step_us: int, parameters: Parameters = DEFAULTS) -> int:
    """Moments within which an episode is not left: those less than the dwell after its first."""
    dwell = WINDOWS[window] * parameters.dwell
    return next(n for n in itertools.count() if n * step_us >= dwell)


def detectors(window: str, parameters: Parameters = DEFAULTS) -> tuple[Detector, ...]:
    """All of them, in the order of the card; the adaptive R1 first."""

    def of(
        banded: Callable[[Observed, float], Banded], edges: bool = False, without: str = ""
    ) -> Callable[[Observed, float], Spans]:
        def spans(seen: Observed, strictness: float) -> Spans:
            dwell = dwell_steps(window, seen.step, parameters)
            found = band_runs(banded(seen, strictness), dwell, edges)
            if not without:
                return found
            return kept(found, found.kind != KINDS.index(without))

        return spans

    leave = parameters.k_out / parameters.k_in
    price = fixed_band("price", window, parameters)
    oi = fixed_band("oi", window, parameters)

    def fixed(seen: Observed, s: float) -> Banded:
        bands = (price.enter * s, oi.enter * s, price.leave * s, oi.leave * s)
        return _even(seen.move, seen.rate, bands)

    def signs(seen: Observed, s: float) -> Banded:
        return _even(seen.move, seen.rate, (SIZE * s, 0.0, SIZE * s * leave, 0.0))

    def taker(seen: Observed, s: float) -> Banded:
        agree = np.sign(seen.taker) == np.sign(seen.move)
        move = np.where(agree, seen.move, np.where(np.isnan(seen.move), np.nan, 0.0))
        return _even(move, seen.rate, (SIZE * s, 0.0, SIZE * s * leave, 0.0))

    def scanner(ratio: float) -> Callable[[Observed, float], Banded]:
        def banded(seen: Observed, s: float) -> Banded:
            bands = (SCAN_PRICE * s, SCAN_OI * s * ratio)
            out = tuple(width * leave for width in bands)
            return _even(seen.scan_move, seen.scan_rate, (*bands, *out))

        return banded

    return (
        Detector("adaptive", "R1, adaptive bands", of(adaptive, edges=True), reading=True),
        Detector("fixed", "R1, fixed bands", of(fixed, edges=True), reading=True),
        Detector("signs", "quadrant signs, no bands", of(signs)),
        Detector("taker", "quadrant + taker sign", of(taker)),
        Detector("scanner", "fixed scanner as published", of(scanner(1.0), without=LACKING)),
        Detector("scanner_full", "fixed scanner, completed", of(scanner(1.0))),
        *(
            Detector(
                f"scanner_{ratio:g}",
                f"fixed scanner, completed, OI threshold × {ratio:g}",
                of(scanner(ratio)),
                hindsight=True,
            )
            for ratio in RATIOS
        ),
    )


RATIOS = (0.1, 0.2, 0.4, 2.5)
"""Other ratios of its two thresholds, so that no better pair is passed over."""


def adaptive(seen: Observed, strictness: float) -> Banded:
    """R1's own bands, all of them times ``strictness``."""
    return Banded(
        seen.move,
        seen.rate,
        seen.price_in * strictness,
        seen.oi_in * strictness,
        seen.price_out * strictness,
        seen.oi_out * strictness,
    )


def _even(move: np.ndarray, rate: np.ndarray, bands: tuple[float, ...]) -> Banded:
    """The same four bands at every moment: price and OI to enter, price and OI to leave."""
    return Banded(move, rate, *(np.full(move.size, band) for band in bands))
