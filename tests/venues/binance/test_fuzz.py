"""Whatever comes in, a parser gives an answer or a WireError, and nothing else."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.venues.binance.samples import CM_KLINE, KLINE, READERS, SAMPLES, followed
from tests.venues.golden_frames import RECEIVED, dump
from tideline.domain.errors import WireError
from tideline.domain.fields import BY_NAME
from tideline.venues.binance.envelope import verdict
from tideline.venues.parsed import Note
from tideline.venues.wire import Reply

BODIES = [json.loads(raw) for raw in (*(s.body for s in SAMPLES), KLINE, CM_KLINE)]

ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(
        ["", "0", "-0", "1e300", "-1e300", "1e-999", "NaN", "1_000", "٣", "9" * 61, "BTCUSDT"]
    ),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)
ASKED: list[dict[str, str]] = [
    {},
    {"symbol": "BTCUSDT", "interval": "1m"},
    {"symbol": "BTCUSD_PERP", "interval": "1m"},
    {"pair": "BTCUSD", "contractType": "PERPETUAL"},
    {"symbol": "PEPEUSDT", "interval": "5m"},
    {"symbol": "BTCUSDT", "interval": "x"},
]
PARAMS = st.sampled_from(ASKED)


def says_something(name: str, body: Any) -> bool:
    """Does that parser make anything of this body?"""
    for params in ASKED:
        with suppress(WireError):
            parsed = READERS[name](dump(body), Note(RECEIVED, followed(), params))
            if parsed.observations or parsed.listings:
                return True
    return False


OWN = {name: [body for body in BODIES if says_something(name, body)] for name in READERS}
"""The samples that each parser is for."""


def paths(value: Any, so_far: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to every part of a JSON value."""
    found = [so_far]
    if isinstance(value, dict | list):
        inner = value.items() if isinstance(value, dict) else enumerate(value)
        for name, item in inner:
            found += paths(item, (*so_far, name))
    return found


@st.composite
def spoilt(draw: st.DrawFn, bodies: list[Any]) -> bytes:
    """A sample with some of its parts replaced or taken out."""
    body = json.loads(json.dumps(draw(st.sampled_from(bodies))))
    for _ in range(draw(st.integers(1, 3))):
        *way, last = draw(st.sampled_from([path for path in paths(body) if path] or [(None,)]))
        if last is None:
            break
        part = body
        for name in way:
            part = part[name]
        if draw(st.booleans()):
            part[last] = draw(ODD)
        else:
            del part[last]
    return dump(body)


def agrees(name: str, raw: bytes, params: dict[str, str]) -> None:
    with suppress(WireError):
        parsed = READERS[name](raw, Note(RECEIVED, followed(), params))
        for seen in parsed.observations:
            assert seen.field in BY_NAME
            assert seen.instrument in followed()
            assert type(seen.value) is float
            assert type(seen.raw) is str


def test_every_parser_has_samples():
    assert all(OWN.values())


@pytest.mark.parametrize("name", READERS)
@given(data=st.data(), params=PARAMS)
def test_spoilt_samples(name: str, data: st.DataObject, params: dict[str, str]):
    agrees(name, data.draw(spoilt(OWN[name])), params)


@pytest.mark.parametrize("name", READERS)
@given(
    raw=st.one_of(st.binary(max_size=200), st.recursive(ODD, st.lists).map(dump), spoilt(BODIES)),
    params=PARAMS,
)
def test_anything(name: str, raw: bytes, params: dict[str, str]):
    agrees(name, raw, params)


@given(
    status=st.sampled_from([200, 400, 403, 404, 418, 429, 451, 500, 502]),
    body=st.one_of(
        st.binary(max_size=60),
        spoilt(BODIES),
        ODD.map(lambda v: dump({"code": v, "msg": v})),
    ),
    after=st.text(max_size=12),
    date=st.one_of(st.text(max_size=30), st.just("Mon, 12 Oct 2026 20:00:00 GMT")),
)
def test_verdicts(status: int, body: bytes, after: str, date: str):
    found = verdict(Reply(status, body, {"retry-after": after, "date": date}))
    assert found.kind in {"ok", "slow_down", "ban", "refused", "broken"}
    assert 0 <= found.wait_s <= 3 * 86_400
