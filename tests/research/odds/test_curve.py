"""The picture of a reliability curve: where its dots are, and what is drawn of an interval."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from tideline.research.odds.curve import ABOVE, LEFT, SIDE, Bin, drawn

SVG = "{http://www.w3.org/2000/svg}"


def test_dots_are_where_their_bins_are_and_as_large_as_their_cases() -> None:
    bins = [Bin(25, 0.25, 0.5), Bin(100, 1.0, 0.75)]
    picture = ElementTree.fromstring(drawn(bins, "episodes", "given", "was so"))
    dots = [
        [float(one.attrib[key]) for key in ("cx", "cy", "r")]
        for one in picture.iter(f"{SVG}circle")
    ]
    assert dots == [
        [LEFT + SIDE / 4, ABOVE + SIDE / 2, 3.5],
        [LEFT + SIDE, ABOVE + SIDE / 4, 5.0],
    ]
    titles = [one.text for one in picture.iter(f"{SVG}title")]
    assert titles[0] == "25 episodes: 25.0% expected, 50.0% seen"
    assert {"given", "was so", "100 %"} <= {one.text for one in picture.iter(f"{SVG}text")}


@pytest.mark.parametrize("interval", [None, (0.2, 0.9)])
def test_an_interval_is_drawn_where_there_is_one(interval: tuple[float, float] | None) -> None:
    picture = ElementTree.fromstring(drawn([Bin(9, 0.3, 0.5, interval)], "cases", "", ""))
    _diagonal, *lines = picture.iter(f"{SVG}line")
    ends = [[float(one.attrib[key]) for key in ("y1", "y2")] for one in lines]
    far = 0.9
    assert ends == (
        [] if interval is None else [[round(ABOVE + SIDE * (1 - end / far), 1) for end in interval]]
    )


def test_both_axes_hold_every_bin() -> None:
    few = drawn([Bin(9, 0.1, 0.2)], "cases", "", "")
    assert "70 %" in few
    assert "80 %" not in few
    assert "90 %" in drawn([Bin(9, 0.1, 0.2, (0.0, 0.95))], "cases", "", "")
    assert "circle" not in drawn([], "cases", "", "")
