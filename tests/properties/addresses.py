"""Which addresses to ask of a history: all transforms, several n."""

from __future__ import annotations

import numpy as np

from tests.reference.model import WINDOWS

LEVEL_ONLY = ("funding.minutes_until_funding",)

WINDOW_CLASSES = {
    "seconds": ("1s", "5s", "15s", "30s"),
    "minutes": ("1m", "5m", "15m", "30m", "45m"),
    "hours": ("1h", "2h", "4h", "12h", "24h"),
}

assert [w for c in WINDOW_CLASSES.values() for w in c] == list(WINDOWS)


def every_transform(signal: str, window: str, rng: np.random.Generator) -> list[str]:
    """Each transform once, those with n also with another n."""
    base = f"{signal}@{window}"
    if signal in LEVEL_ONLY:
        return [base]
    near, far = int(rng.integers(1, 4)), int(rng.integers(2, 9))
    tails = ["delta", f"delta[{near}]", "rate", f"rate[{near}]", f"zscore[{far}]"]
    tails += [f"pctrank[{far}]", "ewma", "min", "max", "range"]
    if rng.random() < 0.3:
        tails += ["zscore", "pctrank"]
    return [base, *(f"{base}:{tail}" for tail in tails)]
