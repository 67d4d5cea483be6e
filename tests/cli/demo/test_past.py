"""From which moment on a made market is lived."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.market.tapes import tape
from tideline.cli.demo.past import BEFORE, WINDOW, history_end, joined
from tideline.domain.time import HOUR, MINUTE
from tideline.market.made import START
from tideline.market.observation.quality import draw_quality


@pytest.mark.parametrize("hour", [14, 17])
def test_it_is_joined_before_the_largest_move(hour: int) -> None:
    one = tape(hours=24.0, start=START, world="mixed")
    index, held = one.index.copy(), one.oi.copy()
    first = hour * 3600 // 5
    push = np.clip((np.arange(index.size) - first) / (WINDOW // MINUTE * 12), 0.0, 1.0)
    index *= np.exp(0.2 * push)
    pushed = replace(one, index=index, oi=(held * np.exp(-0.1 * push)).astype(np.int32))
    at = joined([pushed], START + 12 * HOUR, START + 20 * HOUR)
    assert abs(at - (START + hour * HOUR - BEFORE)) <= 15 * MINUTE
    assert at % MINUTE == 0


def test_in_the_outage_world_before_the_next_outage() -> None:
    one = tape(hours=48.0, step_s=60, start=START, world="venue_outage")
    first, last = START + 24 * HOUR, START + 47 * HOUR
    at = joined([one], first, last)
    starts = [lost.start for lost in draw_quality(one).outages if lost.kind == "all"]
    nearest = min(start for start in starts if first <= start <= last)
    assert at == max(first, (nearest - BEFORE) // MINUTE * MINUTE)


def test_the_collector_back_fills_the_last_hours() -> None:
    one = tape(hours=24.0, start=START)
    assert history_end([one], START + 16 * HOUR + MINUTE) == START + 13 * HOUR
    assert history_end([one], START + 4 * HOUR) == START + 2 * HOUR
