"""On reconnect a client asks from the last sequence it saw."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.log.rows import MINUTE, T0
from tests.log.rows import rows as table
from tests.serve.stream.fakes import Source
from tideline.domain.time import ManualClock
from tideline.log import Log
from tideline.serve.stream import resume
from tideline.serve.stream.channel import GapsKey, ReadingKey, ValuesKey
from tideline.serve.stream.resume import missed

KIND, LEFT = ("R3.kind", "45m"), ("R3.left", "45m")
KEYS = [
    ValuesKey("BTC", ("price.ret@1h",), 0, False),
    GapsKey("BTC"),
    ReadingKey("BTC", "R3@45m", (KIND, LEFT)),
]


@pytest.fixture
def log(tmp_path: Path):
    """Ten commits; gaps in the fourth (BTC), the sixth (ETH) and the eighth (BTC, mended)."""
    clock = ManualClock(T0)
    with Log.create(tmp_path / "store", clock) as made:
        with made.writer() as writer:
            for k in range(1, 11):
                clock.advance(MINUTE)
                asset = "ETH" if k == 6 else "BTC"
                field = "gap.taker" if k in (4, 6, 8) else "open_interest"
                end = {4: float(T0 + 4 * MINUTE), 6: float(T0 + 6 * MINUTE), 8: 0.0}.get(k, 1.0)
                rows = table([T0 + (3 if k == 8 else k - 1) * MINUTE], [end],
                             known=clock.at - 1, asset=asset, field=field)  # fmt: skip
                writer.append(rows)
                if k == 5:
                    writer.flush()
        yield made


def asked(log: Log, since: int, source: Source | None = None):
    seq = log.viewer.state().last_seq
    head = int(log.commit_time(seq) or 0)
    return missed(log, source or Source(), KEYS, since, seq, head)


def test_every_gap_since_and_none_before(log):
    for since in range(11):
        found = asked(log, since)
        assert found.commits == 10 - since
        assert found.whole
        gaps = [json.loads(frame) for _, frame in found.frames]
        assert [(g["seq"], g["mended"]) for g in gaps] == [
            pair for pair in [(4, False), (8, True)] if pair[0] > since
        ]
        assert all(g["gap"]["asset"] == "BTC" for g in gaps)


SQUEEZE, EXIT, MORE = ("short_squeeze", "watch"), ("long_exit", "watch"), ("more", "extreme")


@pytest.mark.parametrize(
    ("before", "now", "told"),
    [
        ({}, {KIND: SQUEEZE}, [("R3.kind", "entered", "short_squeeze", None)]),
        ({KIND: SQUEEZE}, {KIND: EXIT}, [("R3.kind", "entered", "long_exit", "short_squeeze")]),
        ({KIND: SQUEEZE}, {KIND: ("short_squeeze", "extreme")},
         [("R3.kind", "severity", "short_squeeze", None)]),
        ({KIND: SQUEEZE, LEFT: MORE}, {KIND: SQUEEZE}, [("R3.left", "left", "more", None)]),
        ({}, {KIND: EXIT, LEFT: MORE},
         [("R3.kind", "entered", "long_exit", None), ("R3.left", "entered", "more", None)]),
        ({KIND: EXIT}, {KIND: EXIT}, []),
    ],
)  # fmt: skip
def test_a_state_that_changed_meanwhile_is_one_transition(log, before, now, told):
    class Moving(Source):
        def stood(self, asset, tracks, as_of):
            self.states[asset] = now if as_of > int(log.commit_time(5)) else before
            return super().stood(asset, tracks, as_of)

    changed = [json.loads(f) for _, f in asked(log, 5, Moving()).frames if '"reading"' in f]
    assert [(c["rule"], c["change"], c["state"], c["was"]) for c in changed] == told
    assert all((c["seq"], c["reading"]) == (10, "R3@45m") for c in changed)
    same = [f for _, f in asked(log, 6, Moving()).frames if '"reading"' in f]
    assert same == []


def test_too_long_ago_is_said_and_not_replayed(log, monkeypatch):
    monkeypatch.setattr(resume, "MOST_COMMITS", 5)
    assert asked(log, 5).whole
    far = asked(log, 4)
    assert not far.whole
    assert far.frames == []


def test_a_sequence_of_the_future_or_of_another_store_is_harmless(log):
    found = asked(log, 10_000)
    assert (found.commits, found.frames) == (0, [])
    assert log.commit_time(10_000) is None
