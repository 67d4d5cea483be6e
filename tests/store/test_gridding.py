"""The grid evaluation gives what one reading after the other gives, bit for bit."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pytest

from tests.planted import DELAY_US, END, START, tables
from tideline.domain.time import DAY, HOUR, MINUTE, ManualClock
from tideline.log import Log, Source
from tideline.readings.episodes import Moment, episodes, episodes_of
from tideline.readings.parameters import Parameters
from tideline.readings.price_oi_rule import price_oi_rule
from tideline.readings.profiles import Profile
from tideline.readings.reading import Reading
from tideline.store.gridding import Grid, GridScan
from tideline.store.scanning import AssetScan

TAKER = "positioning.taker_imbalance@45m"
FIFTY = "price.mark@5m:rate[10]"
EARLY = Parameters(min_samples=5)
"""Adaptive from the fifth day on, so that both kinds of band occur within two weeks."""


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Log]:
    """The simulated set with holes: one venue falls silent twice, the largest one once, and all."""
    rows = pa.concat_tables(tables()).unify_dictionaries()
    venue = np.array(rows["venue"].to_pylist())
    event = rows["event_time"].cast("int64").to_numpy()
    hole = np.zeros(event.size, bool)
    for name, low, high in (
        ("okx", 6 * DAY, 6 * DAY + 5 * HOUR),
        ("binance", 9 * DAY + 2 * HOUR, 9 * DAY + 5 * HOUR),
        ("", 10 * DAY, 10 * DAY + 70 * MINUTE),
    ):
        hole |= (event > START + low) & (event < START + high) & ((venue == name) | (not name))
    path = tmp_path_factory.mktemp("grid") / "store"
    with Log.create(path, ManualClock(END + DAY)) as made:
        with made.writer() as writer:
            source = Source(source_id=writer.next_source(), kind="simulated", name="grid")
            ids = pa.array(np.full(rows.num_rows, source.source_id, np.int64))
            kept = rows.append_column("source_id", ids).filter(pa.array(~hole))
            writer.append(kept, [source])
        yield made


def moments(first: int, last: int, step: int) -> np.ndarray:
    return np.arange(START + first + DELAY_US, START + last + DELAY_US, step, dtype=np.int64)


STRETCHES = (
    moments(0, 20 * HOUR, 30 * MINUTE),
    moments(4 * DAY, 5 * DAY, 25 * MINUTE),
    moments(6 * DAY - HOUR, 6 * DAY + 6 * HOUR, 7 * MINUTE),
    moments(9 * DAY, 9 * DAY + 11 * HOUR, 10 * MINUTE),
    moments(10 * DAY - HOUR, 10 * DAY + 3 * HOUR, 5 * MINUTE),
)


def read_one_by_one(log: Log, asset: str, window: str, as_of: np.ndarray) -> list[Reading]:
    rules = (price_oi_rule("adaptive"),)
    return AssetScan(log, asset, (window,), rules, Profile(parameters=EARLY)).readings(as_of)


def as_moments(grid: Grid) -> list[Moment]:
    return [
        Moment(int(T), *(None if np.isnan(x) else float(x) for x in (move, rate)), price, oi)
        for T, move, rate, price, oi in zip(
            grid.as_of, grid.move, grid.rate, grid.price_bands, grid.oi_bands, strict=True
        )
    ]


@pytest.mark.parametrize("asset", ["BTC", "ETH"])
@pytest.mark.parametrize("window", ["45m", "4h"])
def test_the_grid_is_the_readings(log: Log, asset: str, window: str) -> None:
    as_of = np.concatenate(STRETCHES)
    grid = GridScan(log, asset, window, EARLY, (TAKER, FIFTY)).grid(as_of)
    read = read_one_by_one(log, asset, window, as_of)
    kinds = set()
    for k, reading in enumerate(read):
        kinds.add(reading.name)
        assert reading.told == bool(not np.isnan(grid.move[k])), k
        if not reading.told:
            assert np.isnan(grid.rate[k])
            assert np.isnan(grid.more[k]).all()
            continue
        assert (reading.price_change, reading.oi_change) == (grid.move[k], grid.rate[k])
        bands = grid.price_bands[k], grid.oi_bands[k]
        assert tuple(item.threshold for item in reading.evidence) == tuple(
            band.enter for band in bands
        )
        assert reading.bands == f"price {bands[0].words()}; OI {bands[1].words()}"
    assert "cannot_tell" in kinds
    assert len(kinds) >= 4
    modes = {band.mode for band in grid.price_bands}
    assert modes == {"adaptive", "fixed"}


def test_episodes_on_the_grid_are_those_of_the_readings(log: Log) -> None:
    as_of = STRETCHES[3]
    grid = GridScan(log, "BTC", "45m", EARLY).grid(as_of)
    read = read_one_by_one(log, "BTC", "45m", as_of)
    found = episodes(as_moments(grid), "45m", EARLY)
    assert found == episodes_of(read, "45m", EARLY)
    assert "long_liquidation" in {episode.state for episode in found}


def test_further_features_are_those_of_the_chosen_groups(log: Log) -> None:
    """Alone and all at once, whole venues silent or not."""
    as_of = STRETCHES[4]
    many = GridScan(log, "ETH", "45m", EARLY, (TAKER, FIFTY)).grid(as_of)
    assert np.isnan(many.more).any()
    assert (~np.isnan(many.more)).any()
    one = GridScan(log, "ETH", "45m", EARLY, (TAKER, FIFTY))
    alone = np.concatenate([one.grid(as_of[k : k + 1]).more for k in range(as_of.size)])
    assert np.array_equal(alone, many.more, equal_nan=True)
