"""Hysteresis and cooldown, step by step and against a slow telling."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tideline.domain.time import SECOND
from tideline.serve.alerts.episode import NEVER, Standing, step

T, F, N = True, False, None


def fired(truths, cooldown_s: int = 0, every_s: int = 10) -> list[int]:
    """At which steps an event comes."""
    standing, found = Standing(), []
    for k, truth in enumerate(truths):
        given_truths = truth if isinstance(truth, tuple) else (truth,)
        standing, fires = step(standing, given_truths, k * every_s * SECOND, cooldown_s)
        found += [k] * fires
    return found


@pytest.mark.parametrize(
    ("truths", "cooldown_s", "wanted"),
    [
        ([F, T, T, T, F, T], 0, [1, 5]),
        ([T, F, T], 0, [0, 2]),
        ([F, T, N, T, N, F, T], 0, [1, 6]),  # unknown does not end it
        ([N, N, T], 0, [2]),  # nor fire it
        ([T, F, T, F, F, T], 20, [0, 2, 5]),  # exactly over
        ([T, F, T, F, F, T], 21, [0, 5]),
        ([T, F, T, T, T, F], 30, [0, 3]),  # told late, while still true
        ([(T, F), (F, F), (T, F), (F, T), (T, F)], 0, [0, 4]),  # until, not merely false
        ([(T, F), (F, N), (T, N), (F, T), (T, F)], 0, [0, 4]),
    ],
)
def test_when_an_event_comes(truths, cooldown_s, wanted):
    assert fired(truths, cooldown_s) == wanted


@given(st.lists(st.sampled_from([T, F, N]), max_size=40), st.sampled_from([0, 10, 25, 60]))
def test_events_are_apart_and_each_begins_a_stretch(truths, cooldown_s):
    found = fired(truths, cooldown_s)
    assert all(truths[k] is True for k in found)
    for a, b in itertools.pairwise(found):
        assert (b - a) * 10 >= cooldown_s
        assert False in truths[a + 1 : b], "fired twice without an end between"
    if not cooldown_s:
        stretches, running = [], False
        for k, truth in enumerate(truths):
            if truth is True and not running:
                stretches.append(k)
            running = truth is True or (running and truth is None)
        assert found == stretches


def test_a_fresh_alert_has_never_fired():
    assert Standing() == Standing(False, NEVER)
