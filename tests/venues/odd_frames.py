"""Frames that no venue should send: random bytes, and samples with something broken in them."""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

ODD: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    1.5,
    2**63,
    -(2**63),
    1e300,
    "",
    "0",
    "-0",
    "-1",
    "NaN",
    "Infinity",
    "1e999",
    "1e300",
    "1e-999",
    "1_000",
    " 1",
    "١",
    "9" * 59,
    "0." + "0" * 40 + "1",
    "Buy",
    "\u0000",
    "\U0001f4a5",
    [],
    {},
    [[]],
    [None],
    {"list": []},
    [[None] * 7],
    [["0"] * 7],
)


def broken(samples: Sequence[bytes]) -> st.SearchStrategy[bytes]:
    """A sample with up to four members replaced or removed, or some bytes changed."""
    return st.one_of(
        st.binary(max_size=80),
        st.builds(_members, st.sampled_from(samples), _plan),
        _bytes(samples),
    )


_plan = st.lists(
    st.tuples(st.integers(0, 400), st.one_of(st.none(), st.sampled_from(range(len(ODD))))),
    min_size=1,
    max_size=4,
)


def _members(sample: bytes, plan: list[tuple[int, int | None]]) -> bytes:
    value = copy.deepcopy(json.loads(sample))
    for place, odd in plan:
        places = list(_places(value))
        if not places:
            break
        owner, name = places[place % len(places)]
        if odd is None:
            del owner[name]
        else:
            owner[name] = copy.deepcopy(ODD[odd])
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def _places(value: Any) -> Any:
    if isinstance(value, dict):
        for name, item in value.items():
            yield value, name
            yield from _places(item)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield value, index
            yield from _places(item)


@st.composite
def _bytes(draw: st.DrawFn, samples: Sequence[bytes]) -> bytes:
    raw = bytearray(draw(st.sampled_from(samples)))
    for _ in range(draw(st.integers(1, 4))):
        if not raw:
            break
        place = draw(st.integers(0, len(raw) - 1))
        if draw(st.booleans()):
            raw[place] = draw(st.integers(0, 255))
        else:
            del raw[place : place + draw(st.integers(1, 20))]
    return bytes(raw)
