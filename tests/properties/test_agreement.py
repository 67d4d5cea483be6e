"""The engine against the slow reference: every signal, transform and window class."""

from __future__ import annotations

import zlib

import numpy as np
import pytest
from hypothesis import given, note
from hypothesis import strategies as st

from tests.properties.addresses import WINDOW_CLASSES, every_transform
from tests.properties.agreement import first_disagreement, shrink, told_as_text
from tests.properties.campaigns import campaign
from tests.properties.engine import the_engine
from tests.properties.histories import history
from tests.reference.signals import SPECS

SEEDS = st.integers(0, 2**32 - 1)


def judge(seed: int, signal: str, window: str, moments: int, strict: bool) -> None:
    seed = zlib.crc32(f"{signal} {window} {seed}".encode())  # each its own histories
    note(f"history seed {seed}")
    told = history(seed, signal, window, moments)
    addresses = every_transform(signal, window, np.random.default_rng(seed))
    case = first_disagreement(the_engine(), told, addresses, strict)
    assert case is None, told_as_text(shrink(the_engine(), case))


@pytest.mark.parametrize("signal", SPECS)
@pytest.mark.parametrize("kind", WINDOW_CLASSES)
@campaign(6)
@given(seed=SEEDS, strict=st.sampled_from((False, False, False, True)), data=st.data())
def test_the_engine_agrees_with_the_page(signal, kind, seed, strict, data):
    window = data.draw(st.sampled_from(WINDOW_CLASSES[kind]))
    judge(seed, signal, window, 3, strict)


@pytest.mark.slow
@pytest.mark.parametrize("signal", SPECS)
@pytest.mark.parametrize("kind", WINDOW_CLASSES)
@campaign(60)
@given(seed=SEEDS, strict=st.booleans(), data=st.data())
def test_the_engine_agrees_with_the_page_at_length(signal, kind, seed, strict, data):
    window = data.draw(st.sampled_from(WINDOW_CLASSES[kind]))
    judge(seed, signal, window, 5, strict)
