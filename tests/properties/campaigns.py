"""How the campaigns run: fixed seeds, no shrinking by Hypothesis.

A history is made from one seed, so a smaller seed is not a simpler history; what fails is made
small row by row by :func:`tests.properties.agreement.shrink` and printed with its seed.
"""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, settings

CHECKS = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.differing_executors)


def campaign(examples: int, steps: int = 50) -> settings:
    """Settings of a repeatable campaign of that many examples."""
    return settings(
        max_examples=examples,
        stateful_step_count=steps,
        derandomize=True,
        database=None,
        deadline=None,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=CHECKS,
        print_blob=True,
    )
