"""The grammar: what is an address, and what is said of what is none."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.reference.model import TRANSFORMS, WINDOWS
from tests.reference.signals import SPECS
from tideline.domain.errors import BadAddress
from tideline.features.address import parse_address

PLAIN = "|".join(WINDOWS)
VALID = re.compile(
    rf"(?P<signal>{'|'.join(map(re.escape, SPECS))})@(?:{PLAIN})"
    r"(?::(?:level|ewma|min|max|range|(?:delta|rate)(?:\[(?P<back>[0-9]+)\])?"
    r"|(?:zscore|pctrank)(?:\[(?P<length>[0-9]+)\])?))?"
)


def is_address(text: str) -> bool:
    """The grammar once more, as one expression and two ranges."""
    match = VALID.fullmatch(text)
    if match is None:
        return False
    back, length = match["back"], match["length"]
    if back is not None:
        return len(back) < 10 and 1 <= int(back) <= 1000
    return length is None or (len(length) < 10 and 2 <= int(length) <= 1000)


@pytest.mark.parametrize("signal", SPECS)
def test_every_signal_window_and_transform_is_read(signal):
    for window, us in WINDOWS.items():
        for transform in TRANSFORMS:
            found = parse_address(f"{signal}@{window}:{transform}", SPECS)
            assert (found.signal, found.window, found.transform) == (signal, window, transform)
            assert found.window_us == us


@pytest.mark.parametrize(
    ("text", "transform", "n"),
    [
        ("positioning.oi_usdtm@1h", "level", 0),
        ("positioning.oi_usdtm@1h:delta", "delta", 1),
        ("positioning.oi_usdtm@1h:rate[1000]", "rate", 1000),
        ("positioning.oi_usdtm@24h:pctrank[30]", "pctrank", 30),
        ("positioning.oi_usdtm@24h:zscore", "zscore", 30),
        ("positioning.oi_usdtm@24h:zscore[2]", "zscore", 2),
    ],
)
def test_n_has_its_defaults_and_its_ends(text, transform, n):
    found = parse_address(text, SPECS)
    assert (found.transform, found.n) == (transform, n)


@pytest.mark.parametrize(
    ("text", "part", "position", "nearest"),
    [
        ("positioning.oi_usdtm@24x", "window", 21, "24h"),
        ("positioning.oi_usdtm@1d", "window", 21, None),
        ("positioning.oi_usdt@1h", "signal", 12, "positioning.oi_usdtm"),
        ("positoning.oi_usdtm@1h", "category", 0, "positioning.oi_usdtm"),
        ("positioning.oi_usdtm@1h:zscor", "transform", 24, "zscore"),
        ("positioning.oi_usdtm@1h:zscore[1]", "n", 31, "zscore[2]"),
        ("positioning.oi_usdtm@1h:delta[0]", "n", 30, "delta[1]"),
        ("positioning.oi_usdtm@1h:pctrank[1001]", "n", 32, "pctrank[1000]"),
        ("positioning.oi_usdtm@1h:level[1]", "n", 29, "level"),
        ("positioning.oi_usdtm@1h:ewma[3]", "n", 28, "ewma"),
        ("positioning.oi_usdtm", "window", 20, "positioning.oi_usdtm@1h"),
        ("Positioning.oi_usdtm@1h", "category", 0, "positioning.oi_usdtm"),
    ],
)
def test_what_is_no_address_is_told_where_and_what_is_near(text, part, position, nearest):
    with pytest.raises(BadAddress) as caught:
        parse_address(text, SPECS)
    assert (caught.value.part, caught.value.position) == (part, position)
    assert text in str(caught.value)
    if nearest is not None:
        assert caught.value.nearest == nearest
    assert caught.value.nearest


PIECES = st.sampled_from(
    [*SPECS, *WINDOWS, *TRANSFORMS, "@", ":", "[", "]", "0", "1", "2", "30", "1001", ".", " ", "²"]
)
SPELLED = st.builds(
    "".join,
    st.tuples(
        st.sampled_from(sorted(SPECS)),
        st.just("@"),
        st.sampled_from(sorted(WINDOWS)),
        st.sampled_from(["", *(f":{t}" for t in TRANSFORMS)]),
        st.sampled_from(["", "[1]", "[2]", "[30]", "[1000]", "[1001]", "[0]", "[x]", "[", "[3"]),
    ),
)


@settings(max_examples=400, derandomize=True, deadline=None)
@given(text=SPELLED, place=st.integers(0, 60), piece=st.none() | PIECES | st.text(max_size=2))
def test_only_addresses_are_addresses(text, place, piece):
    """Spelled right, or with something put in or one character taken out."""
    if piece is not None:
        text = text[:place] + piece + text[place:] if piece else text[:place] + text[place + 1 :]
    if is_address(text):
        assert parse_address(text, SPECS).text == text
    else:
        with pytest.raises(BadAddress) as caught:
            parse_address(text, SPECS)
        assert 0 <= caught.value.position <= len(text)
