"""What was answered live is answered ever after, whatever history is filled in later."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.log.rows import DAY, MINUTE, T0, rows
from tideline.domain.time import ManualClock
from tideline.features.arrays import FAR
from tideline.log import Log
from tideline.store import Store, open_store
from tideline.store.lived import lived_from

BEGIN = T0 + 50 * DAY
OI = "positioning.oi_usdtm_coin"
ASKED = (f"{OI}@5m", f"{OI}@1h:delta", f"{OI}@5m:zscore[12]", f"{OI}@1h:range")
GROUPS = (("binance", "BTCUSDT"), ("bybit", "BTCUSDT"))


def told(store: Store, at: int) -> str:
    """Every value with all that stands beside it, as text: −0 is not 0."""
    return json.dumps(store.values("BTC", list(ASKED), at))


def history(writer, group: tuple[str, str], events: list[int], value: float) -> None:
    """Rows of an import: each modelled to have been known a minute after its event."""
    venue, instrument = group
    known = [event + MINUTE for event in events]
    writer.append(
        rows(events, [value + k for k in range(len(events))], known=known, basis="assumed",
             venue=venue, instrument=instrument)
    )  # fmt: skip


STEPS = st.one_of(
    st.tuples(st.just("live"), st.integers(0, 1), st.floats(1.0, 100.0)),
    st.tuples(st.just("history"), st.integers(0, 1), st.integers(1, 200), st.floats(1.0, 100.0)),
    st.tuples(st.just("wait"), st.integers(1, 90)),
    st.tuples(st.just("flush")),
)


@settings(max_examples=40, deadline=None)
@given(steps=st.lists(STEPS, min_size=3, max_size=25))
def test_no_answer_changes_once_the_store_records(steps: list[tuple]) -> None:
    """Live rows and, at any time, history of events before a leg's first live row."""
    with TemporaryDirectory() as place:
        clock = ManualClock(BEGIN)
        with (
            Log.create(Path(place) / "store", clock) as log,
            log.writer(background=False) as writer,
        ):
            first: dict[int, int] = {}
            answered: dict[int, str] = {}
            with open_store(Path(place) / "store", clock) as store:
                for kind, *given_ in steps:
                    clock.advance(MINUTE)
                    if kind == "live":
                        g, value = given_
                        event = clock.at - 1_000_000
                        first.setdefault(g, event)
                        venue, instrument = GROUPS[g]
                        writer.append(rows([event], [value], venue=venue, instrument=instrument))
                    elif kind == "history":
                        g, count, value = given_
                        last = min(first.get(g, clock.at), clock.at - MINUTE) - 1
                        events = [last - k * 2 * MINUTE for k in reversed(range(count))]
                        history(writer, GROUPS[g], events, value)
                    elif kind == "wait":
                        clock.advance(given_[0] * MINUTE)
                    else:
                        writer.flush()
                    writer.tick()
                    if lived_from(store.log.legs("BTC")) < FAR:
                        answered[int(store.head())] = told(store, int(store.head()))
                writer.flush()
            with open_store(Path(place) / "store", clock) as store:
                for at, live in answered.items():
                    assert told(store, at) == live
                if answered:
                    moments = np.array(sorted(answered), np.int64)
                    frame = store.historical(asset="BTC", as_of=moments, features=list(ASKED))
                    for place_, at in enumerate(moments.tolist()):
                        for name, value in zip(ASKED, json.loads(answered[at]), strict=True):
                            assert frame[name][place_] == value["value"]


def test_before_it_began_history_counts_from_its_modelled_moment(tmp_path: Path) -> None:
    clock = ManualClock(BEGIN)
    with Log.create(tmp_path / "store", clock) as log, log.writer(background=False) as writer:
        writer.append(rows([BEGIN - 1], [50.0]))
        began = int(log.head())
        clock.advance(3 * MINUTE)
        history(writer, GROUPS[0], [BEGIN - k * MINUTE for k in range(120, 1, -1)], 10.0)
        filled = int(log.head())
        (leg,) = log.legs("BTC")
        assert (leg.recorded_since, lived_from([leg])) == (began, began)
        assert log.verify().ok
    with open_store(tmp_path / "store", clock) as store:
        delta = f"{OI}@1h:delta"
        # the newest row known then is a minute old, that of an hour ago is there
        assert store.value("BTC", delta, BEGIN - 30 * MINUTE)["value"] == 59.0
        for lived in (began, filled - 1):  # before the commit that brought it
            assert store.value("BTC", delta, lived)["value"] is None
        assert store.value("BTC", delta, filled)["value"] is not None


def test_an_archive_alone_is_never_lived(tmp_path: Path) -> None:
    """Recorded rows that were imported with known_times of their own were not seen arriving."""
    clock = ManualClock(BEGIN)
    with Log.create(tmp_path / "store", clock) as log, log.writer(background=False) as writer:
        writer.append(rows([T0, T0 + MINUTE], [1.0, 2.0], known=[T0 + 1, T0 + MINUTE + 1]))
        assert lived_from(log.legs("BTC")) == FAR
    with open_store(tmp_path / "store", clock) as store:
        assert store.value("BTC", f"{OI}@5m", T0 + 1)["value"] == 1.0
