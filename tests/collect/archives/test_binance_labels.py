"""Which end of its period a label is: by the edges, by the price, or refused."""

from __future__ import annotations

import numpy as np
import pytest

from tests.collect.stores import START as DAY
from tests.collect.stores import STEP
from tideline.collect.archives.binance_labels import Prices, no_prices, read_labels
from tideline.domain.errors import BadFile


def _prices(step: int = 1) -> Prices:
    """A price that moves all the time, by instant, from before the day to after it."""
    at = DAY + STEP * np.arange(-4, 296, step)
    return Prices(at, 70_000.0 * np.exp(0.01 * np.sin(np.arange(-4, 296, step) / 7.0)))


def _file(slots, labels: str):
    """Labels and implied prices of a file that was written under ``labels``."""
    label = DAY + STEP * np.array(list(slots), np.int64)
    event = label + (STEP if labels == "start" else 0)
    prices = _prices()
    return label, prices.price[np.searchsorted(prices.event, event)]


@pytest.mark.parametrize("prices", [no_prices(), _prices()], ids=["alone", "with prices"])
@pytest.mark.parametrize("named", [DAY, None])
@pytest.mark.parametrize(
    ("slots", "labels"),
    [
        (range(1, 289), "end"),
        (range(288), "start"),
        (range(200, 289), "end"),
        (range(150), "start"),
        (range(289), "end"),  # the day's own 00:00 repeated from the file before
    ],
)
def test_edges(slots, labels, named, prices):
    label, implied = _file(slots, labels)
    found, decided = read_labels("f", label, implied, named, prices)
    assert found == labels
    assert decided == ("labels, confirmed by the implied price" if len(prices.event) else "labels")


@pytest.mark.parametrize("labels", ["end", "start"])
@pytest.mark.parametrize("step", [1, 12])
def test_a_truncated_day_is_read_by_the_price(labels, step):
    label, implied = _file(range(1, 288), labels)
    assert read_labels("f", label, implied, DAY, _prices(step))[0] == labels


def test_a_truncated_day_without_prices_is_refused_by_name():
    label, implied = _file(range(1, 288), "end")
    with pytest.raises(BadFile, match=r"day\.zip.*truncated"):
        read_labels("day.zip", label, implied, DAY, no_prices())


def test_labels_that_contradict_the_price_are_refused():
    label, _ = _file(range(288), "start")
    _, implied = _file(range(288), "end")
    with pytest.raises(BadFile, match="implied price fits the end"):
        read_labels("day.zip", label, implied, DAY, _prices())


def test_stamps_off_the_grid_are_still_edges():
    label, implied = _file(range(1, 289), "end")
    label[-1] += 2_000_000
    assert read_labels("f", label, implied, DAY, no_prices())[0] == "end"
