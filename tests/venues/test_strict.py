"""The strict door: what is JSON for us, and what is a number."""

from __future__ import annotations

import contextlib
import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tideline.domain.errors import BadWire, NotStrict, WireError
from tideline.venues import strict

REFUSED = {
    "not a number": b'{"a":NaN}',
    "infinity": b'{"a":Infinity}',
    "out of range": b'{"a":1e999}',
    "4,000 digits": b'{"a":' + b"1" * 4000 + b"}",
    "65 bits": b'{"a":18446744073709551617}',
    "duplicate keys": b'{"a":1,"a":2}',
    "duplicate keys, one mark hidden": b'{"a":1,"a":2,"b" :3}',
    "duplicate keys, a line between": b'{"a":1,"a":2,"b"\n:3}',
    "duplicate keys deep inside": b'[{"x":[{"a":1,"b":"\\":","a":2}]}]',
    "duplicate through an escape": b'{"a":1,"\\u0061":2}',
    "underscores": b'{"a":1_000}',
    "lone surrogate": b'{"a":"\\ud800"}',
    "depth 100,000": b"[" * 100_000 + b"]" * 100_000,
    "depth 65": b"[" * 66 + b"]" * 66,
    "truncated": b'{"a":[1,2',
    "trailing": b'{"a":1}{"a":1}',
    "empty": b"",
    "html": b"<!DOCTYPE html><html></html>",
    "not utf-8": b'{"a":"\xff"}',
    "byte order mark": b'\xef\xbb\xbf{"a":1}',
    "leading zero": b'{"a":01}',
    "too large": b'"' + b"x" * strict.MOST_BYTES + b'"',
}


@pytest.mark.parametrize("why", REFUSED)
def test_refused(why: str) -> None:
    with pytest.raises(NotStrict):
        strict.decode(REFUSED[why])


def test_taken_as_it_stands() -> None:
    for text in (
        '{"a":{"b":[1,2.5,"x",null,true]},"c":"\\":"}',
        '{"a" : 1,\n "b"\t: {"a" : 2}}',
        "18446744073709551615",
        '"\\ud83d\\ude00"',
        "[" * 60 + "]" * 60,
    ):
        assert strict.decode(text.encode()) == json.loads(text)


def scalars() -> st.SearchStrategy[Any]:
    return st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text() | st.just('":')


@given(
    st.recursive(
        scalars(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=20,
    ),
    st.sampled_from([None, 1]),
)
def test_every_json_without_duplicates_is_taken(value: Any, indent: int | None) -> None:
    raw = json.dumps(value, indent=indent, separators=(" , ", " : ") if indent else (",", ":"))
    assert strict.decode(raw.encode()) == value


def _pairs_twice(pairs: list[tuple[str, Any]]) -> Any:
    names = [name for name, _ in pairs]
    if len(set(names)) != len(names):
        raise KeyError
    return dict(pairs)


@given(st.text(alphabet='{}[]":,ab 1\n\\', max_size=40))
def test_agrees_with_a_slow_reading(text: str) -> None:
    """Anything made of JSON's own marks: taken exactly if the library takes it without repeats."""
    assume("1" * 19 not in text)
    try:
        wanted: Any = json.loads(text, object_pairs_hook=_pairs_twice)
    except (ValueError, KeyError):
        with pytest.raises(NotStrict):
            strict.decode(text.encode())
    else:
        assert strict.decode(text.encode()) == wanted


@given(st.binary(max_size=200))
def test_no_bytes_do_anything_else(raw: bytes) -> None:
    with contextlib.suppress(NotStrict):
        strict.decode(raw)


@pytest.mark.parametrize(
    "value",
    ["1_000", " 1", "1 ", "", "NaN", "Infinity", "-inf", "0x1", "+1", "1.", ".5", "01", "1e9999",
     "1e301", "٣", "１", "--1", "1e", "9" * 61, True, None, [], {}, float("nan"), float("inf")],
)  # fmt: skip
def test_no_number(value: object) -> None:
    with pytest.raises(BadWire) as caught:
        strict.number(value, "openInterest")
    assert caught.value.where == "openInterest"


def test_numbers_are_exact() -> None:
    assert strict.number("2216113.01000000309", "oi") == Decimal("2216113.01000000309")
    assert strict.number("-0.00006352", "r") == Decimal("-0.00006352")
    assert strict.number(1132329370.0, "oi") == Decimal("1132329370")
    assert strict.number("1.5E-7", "r") == Decimal("1.5E-7")
    assert strict.number(0.1, "r") == Decimal("0.1")


@pytest.mark.parametrize(
    "value", ["1789458600", "1789458600000000", 1789458600, "17894586e5", "-1", "", 1.5, None, True]
)
def test_no_milliseconds(value: object) -> None:
    with pytest.raises(BadWire):
        strict.millis(value, "time")


def test_milliseconds() -> None:
    assert strict.millis("1789458600000", "time") == 1_789_458_600_000_000
    assert strict.millis(1789458600001, "time") == 1_789_458_600_001_000


def test_words_and_members_are_named() -> None:
    with pytest.raises(WireError, match="NEW_STATE"):
        strict.word("NEW_STATE", "status", {"TRADING": 1})
    with pytest.raises(WireError, match="openInterest"):
        strict.need({"symbol": "BTCUSDT"}, "openInterest")
    for door in (strict.record, strict.rows, strict.text):
        with pytest.raises(BadWire, match="place"):
            door(3, "place")
