"""Random numbers inside kernels, from a state that is handed in: the same seed, the same market."""

from __future__ import annotations

from math import cos, exp, log, pi, sqrt
from typing import Any

import numpy as np

from tideline.market.world.compiled import kernel

UNIT = 1.0 / (1 << 53)


@kernel
def uniform(rng: Any) -> float:
    """In [0, 1): xorshift64* (Vigna 2016)."""
    x = rng[0]
    x ^= x >> np.uint64(12)
    x ^= x << np.uint64(25)
    x ^= x >> np.uint64(27)
    rng[0] = x
    return float((x * np.uint64(0x2545F4914F6CDD1D)) >> np.uint64(11)) * UNIT


@kernel
def normal(rng: Any) -> float:
    """Of mean 0 and variance 1."""
    return sqrt(-2.0 * log(1.0 - uniform(rng))) * cos(2.0 * pi * uniform(rng))


@kernel
def exponential(rng: Any, mean: float) -> float:
    """Of this mean."""
    return -mean * log(1.0 - uniform(rng))


@kernel
def below(rng: Any, count: int) -> int:
    """A whole number in [0, count)."""
    return min(int(uniform(rng) * count), count - 1)


@kernel
def times(rng: Any, mean: float) -> int:
    """How often something of this mean happens: Poisson for small means, near it for large ones."""
    if mean > 12.0:
        return max(0, int(mean + sqrt(mean) * normal(rng) + 0.5))
    left = exp(-mean)
    count = 0
    product = uniform(rng)
    while product > left:
        count += 1
        product *= uniform(rng)
    return count
