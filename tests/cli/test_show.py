"""Numbers as printed, and JSON that is JSON."""

from __future__ import annotations

import json
import math

import pytest

from tideline.cli.options import parse_as_of
from tideline.cli.show import number, percent, put_json, put_table
from tideline.domain.errors import BadInput
from tideline.domain.time import MINUTE, parse_span
from tideline.readings.reading import Evidence


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (math.nan, "–"),
        (0.0, "0"),
        (1.5, "1.5"),
        (-0.00123, "-0.00123"),
        (1234567.891, "1,234,568"),
        (12345.678, "12,345.7"),
        (0.0000123, "1.23000e-05"),
        (1e20, "1.00000e+20"),
    ],
)
def test_numbers(value: float | None, text: str) -> None:
    assert number(value) == text


def test_percent() -> None:
    assert percent(-0.0123) == "-1.23 %"
    assert percent(None) == "–"


def test_json_holds_no_nan(capsys: pytest.CaptureFixture[str]) -> None:
    put_json({"a": math.nan, "b": [math.inf, 1.5], "e": Evidence("x", math.nan, 0.1)})
    found = json.loads(capsys.readouterr().out)
    assert found["a"] is None
    assert found["b"] == [None, 1.5]
    assert (found["e"]["value"], found["e"]["threshold"]) == (None, 0.1)


def test_a_table_in_a_pipe_cuts_nothing_off(capsys: pytest.CaptureFixture[str]) -> None:
    put_table("Title [red]", ("a",), [("x" * 150 + " [bold]",)])
    out = capsys.readouterr().out
    assert "x" * 150 + " [bold]" in out  # and data is never read as markup


def test_spans_and_moments() -> None:
    assert parse_span("15m", "step") == 15 * MINUTE
    assert parse_as_of("now") is None
    assert parse_as_of("HEAD") is None
    assert parse_as_of("1770292800000000") == 1_770_292_800_000_000
    for text in ("0m", "m", "5 m", "-5m", "5w"):
        with pytest.raises(BadInput):
            parse_span(text, "step")
