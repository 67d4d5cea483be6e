from __future__ import annotations

from pathlib import Path

import pytest

from tests.log.rows import DAY, T0
from tideline.domain.time import ManualClock
from tideline.log import Log


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(T0 + 100 * DAY)


@pytest.fixture
def log(tmp_path: Path, clock: ManualClock) -> Log:
    return Log.create(tmp_path / "store", clock)
