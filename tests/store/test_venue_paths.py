"""Paths of one venue alone: R5 sees each venue's own open interest, as known at T."""

from __future__ import annotations

import numpy as np
import pytest

from tests.store.made_market import BEGIN, END, HOURS, hours, store_of
from tideline.domain.time import HOUR, MINUTE
from tideline.readings.breadth import BREADTH, venue_moves
from tideline.readings.parameters import DEFAULTS
from tideline.store import Store
from tideline.store.scanning import AssetScan

T = END - 30 * HOUR + 5 * MINUTE


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return store_of(tmp_path_factory.mktemp("made") / "s", hours())


def coins() -> dict[str, np.ndarray]:
    """Open interest of each venue, hour by hour."""
    table = hours()
    chosen = np.array([name == "open_interest" for name in table["field"].to_pylist()])
    held = table["value"].to_numpy()[chosen].reshape(-1, HOURS)
    return dict(zip(("binance", "bybit"), held, strict=True))


def test_each_venue_moves_by_its_own_coins(store: Store) -> None:
    scan = AssetScan(store.log, "BTC", ("4h",), (BREADTH,))
    ((filler, _),) = scan.fillers(np.array([T]))
    moves = {m.venue: m for m in venue_moves(filler.given(T, "4h"), DEFAULTS)}
    assert list(moves) == ["binance", "bybit"]
    now = (T - BEGIN) // HOUR
    total = sum(abs(held[now] - held[now - 4]) for held in coins().values())
    for venue, held in coins().items():
        move = moves[venue]
        assert move.coin == pytest.approx(held[now] - held[now - 4])
        assert move.rate == pytest.approx(held[now] / held[now - 4] - 1.0)
        assert move.share == pytest.approx(abs(move.coin) / total)
        assert move.band.mode == "adaptive"
        like = [
            abs(held[now - j] / held[now - j - 4] - 1.0)
            for j in range(1, 721)
            if min(j % 24, 24 - j % 24) <= 1 and j >= 4
            and weekend(T - j * HOUR) == weekend(T)
        ]  # fmt: skip
        assert move.band.samples == len(like)
        assert move.band.enter == pytest.approx(3 * float(np.median(like)))


def weekend(us: int) -> bool:
    """1970-01-01 was a Thursday."""
    return (us // (24 * HOUR) + 3) % 7 >= 5


def test_the_rule_counts_the_venues(store: Store) -> None:
    moments = np.arange(T - 200 * HOUR, T, HOUR)
    found = AssetScan(store.log, "BTC", ("4h",), (BREADTH,)).readings(moments)
    names = {reading.name for reading in found}
    assert names <= {"quiet", "local", "partial"}  # two venues are never broad
    assert names & {"local", "partial"}
