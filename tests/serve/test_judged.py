"""A store in which readings are judged is served like any other: judgements are no coin's rows."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.planted import START
from tests.serve.world import desk_over
from tideline.domain.fields import MARKET
from tideline.domain.time import DAY, MINUTE, SECOND, ManualClock
from tideline.domain.venue import OWN
from tideline.log import Log
from tideline.readings.transitions import Transition
from tideline.store.transition_rows import pulse_row, row_of, table_of

ONE = "positioning.oi_usdtm@1h"
CALLS = (
    "/v1/assets",
    "/v1/venues",
    "/v1/catalog",
    "/v1/gaps",
    "/v1/scan",
    "/v1/scan?readings=all",
    "/v1/readings/BTC",
    f"/v1/features/live?asset=BTC&features={ONE}",
)


@pytest.fixture
def judged(own_store: Path) -> Path:
    clock = ManualClock(int(START) + DAY)
    with Log.open(own_store, clock) as log, log.writer(background=False) as writer:
        at = int(log.head()) // MINUTE * MINUTE
        entered = Transition(
            asset="BTC", rule="R1.state", window="45m", as_of=at, change="entered",
            name="new_longs", severity="watch", strength=1.2, because="planted",
        )  # fmt: skip
        writer.append(table_of([row_of(entered), pulse_row(at)]))
    return own_store


@pytest.mark.parametrize("call", CALLS)
def test_every_call_answers_without_the_judgements(judged: Path, call: str):
    with Log.open(judged, ManualClock(int(START) + DAY)) as log:
        assert MARKET in log.assets()
        assert OWN in {leg.venue for leg in log.legs("BTC")}
    with desk_over(judged, ManualClock(int(START) + DAY + SECOND)) as desk:
        answer = desk.get(call)
        assert answer.status_code == 200, answer.text
        assert MARKET not in answer.text
        assert f'"{OWN}"' not in answer.text
