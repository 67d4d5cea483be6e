"""Batch = one by one = any order = any number of threads, to the last bit."""

from __future__ import annotations

import zlib

import numpy as np
import pytest
from hypothesis import given, note
from hypothesis import strategies as st

from tests.properties.addresses import every_transform
from tests.properties.campaigns import campaign
from tests.properties.engine import ask, bits, table_of
from tests.properties.histories import history
from tests.reference.model import WINDOWS
from tests.reference.signals import SPECS

PARTS = ("values", "reason", "age_s", "n", "coverage", "basis", "revised")


def same(whole, part, rows=slice(None), columns=slice(None)) -> None:
    for name in PARTS:
        a = np.ascontiguousarray(getattr(whole, name)[rows][:, columns])
        b = np.ascontiguousarray(getattr(part, name))
        assert a.tobytes() == b.tobytes(), name


@campaign(60)
@given(
    seed=st.integers(0, 2**32 - 1),
    signals=st.lists(st.sampled_from(sorted(SPECS)), min_size=2, max_size=3, unique=True),
    window=st.sampled_from(sorted(WINDOWS)),
)
def test_a_batch_is_its_single_answers(seed, signals, window):
    note(f"history seed {seed}")
    rng = np.random.default_rng(seed)
    told = history(seed, signals[0], window, 12)
    rows = [*told.rows, *history(seed, signals[1], window, 1).rows]
    table = table_of(rows)
    addresses = [a for s in signals for a in every_transform(s, window, rng)]
    moments = [*told.moments, told.moments[0]]
    whole = ask(table, moments, addresses)
    for i, t in enumerate(moments[:3]):
        same(whole, ask(table, [t], addresses), rows=[i])
    for j in rng.permutation(len(addresses))[:4]:
        same(whole, ask(table, moments, [addresses[j]]), columns=[int(j)])
    order = [int(i) for i in rng.permutation(len(moments))]
    places = [int(j) for j in rng.permutation(len(addresses))]
    turned = ask(table, [moments[i] for i in order], [addresses[j] for j in places])
    same(whole, turned, rows=order, columns=places)
    shuffled = table_of(rows, [int(i) for i in rng.permutation(len(rows))])
    assert bits(ask(shuffled, moments, addresses)) == bits(whole)


@pytest.mark.parametrize("signal", ["positioning.oi_usdtm", "flow.cvd", "price.rv"])
@pytest.mark.parametrize("threads", [2, 3, 8])
def test_threads_change_nothing(signal, threads):
    rng = np.random.default_rng(7)
    told = history(11, signal, "5m", 400)
    addresses = every_transform(signal, "5m", rng)
    table = table_of(told.rows)
    one = ask(table, told.moments, addresses)
    assert bits(ask(table, told.moments, addresses, threads=threads)) == bits(one)
    assert bits(ask(table, told.moments, addresses)) == bits(one)


def test_the_values_do_not_depend_on_whether_evidence_is_asked_for():
    for signal in sorted(SPECS):
        told = history(3, signal, "1h", 10)
        addresses = every_transform(signal, "1h", np.random.default_rng(3))
        table = table_of(told.rows)
        bare = ask(table, told.moments, addresses, evidence=False)
        full = ask(table, told.moments, addresses)
        assert bare.values.tobytes() == full.values.tobytes()
        assert bare.reason.tobytes() == full.reason.tobytes()


@pytest.mark.parametrize("signal", sorted(SPECS))
def test_a_long_batch_is_its_single_answers(signal):
    """What is kept from one moment to the next leaves no mark on any answer."""
    seed = zlib.crc32(signal.encode())
    rng = np.random.default_rng(seed)
    for window in ("1m", "4h"):
        told = history(seed, signal, window, 300)
        addresses = every_transform(signal, window, rng)
        table = table_of(told.rows)
        moments = sorted(told.moments)
        whole = ask(table, moments, addresses)
        for i in rng.permutation(len(moments))[:12]:
            same(whole, ask(table, [moments[i]], addresses), rows=[int(i)])
