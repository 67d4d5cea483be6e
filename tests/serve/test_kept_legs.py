"""What is kept between questions about the past never shows in an answer."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from tests.serve.test_parity import FEATURES
from tests.serve.world import Desk, Growing, desk_over, minutes, simulated_rows
from tideline.domain.time import format_time
from tideline.log import Source
from tideline.serve.batch import Answered, Batch
from tideline.serve.cost import Ask, cost_of
from tideline.serve.kept_legs import KeptLegs
from tideline.serve.tables import frame_of, table_of
from tideline.store.rows import AssetRows
from tideline.store.simulation_mark import SIMULATED

ASKED = FEATURES[:12]


def asked(
    desk: Desk, moments: list[int], features: list[str], assets: Sequence[str] = ("BTC", "ETH")
) -> Any:
    rows = [{"asset": a, "as_of": format_time(at)} for at in moments for a in assets]
    body = {"rows": rows, "features": features}
    answer = desk.post("/v1/features/historical", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()["rows"]


def test_kept_legs_answer_as_the_log_does(tmp_path: Path) -> None:
    growing = Growing(tmp_path / "store", simulated_rows(["BTC", "ETH"], 0.5))
    rng = np.random.default_rng(5)
    start = int(growing.clock.at)
    with (
        desk_over(tmp_path / "store", growing.clock, timeout_s=1e9) as desk,
        desk_over(tmp_path / "store", growing.clock, timeout_s=1e9) as fresh,
    ):
        borrowed = 0
        for step in range(14):
            growing.advance(minutes(30))
            if step % 3 == 2:
                growing.restate(0.01)
            if step == 7:
                growing.writer.flush()
            for one in (desk, fresh):
                one.service.follower.step()
            fresh.service.kept.forget()
            now = int(growing.clock.at) // 1000 * 1000
            moments = sorted(rng.integers(start + minutes(20), now, 4).tolist())
            features = ASKED[: 3 + step]
            assert asked(desk, moments, features) == asked(fresh, moments, features)
            store = desk.service.store
            rows = AssetRows(store.log, "BTC", features)
            with desk.service.kept.borrowed(rows, moments[0], moments[-1]) as lent:
                borrowed += lent is not None
        assert borrowed == 14
    growing.close()


def test_history_that_comes_late_changes_nothing_that_was_lived(tmp_path: Path) -> None:
    """Moments before recording began and after, in one question: in legs of their own each."""
    whole = simulated_rows(["BTC"], 0.5)
    event = whole["event_time"].cast(pa.int64()).to_numpy()
    begin = int(event[0]) + minutes(180)
    history = whole.filter(pa.array(event < begin))
    growing = Growing(tmp_path / "store", whole.filter(pa.array(event >= begin)))
    growing.clock.at = begin

    def import_(low: int, high: int) -> None:
        known = history["event_time"].cast(pa.int64()).to_numpy() + minutes(1)
        part = history.filter(pa.array((known > low) & (known <= high)))
        at = part["event_time"].cast(pa.int64()).to_numpy() + minutes(1)
        part = with_column(part, "known_time", pa.array(at, pa.timestamp("us", tz="UTC")))
        part = with_column(part, "basis", pa.array(["assumed"] * len(at)).dictionary_encode())
        ids = pa.array(np.full(len(at), growing.writer.next_source(), np.int64))
        source = Source(source_id=int(ids[0].as_py()), kind=SIMULATED, name="history")
        growing.writer.append(part.append_column("source_id", ids), [source])

    import_(begin - minutes(90), begin)
    told: dict[int, Any] = {}
    with desk_over(tmp_path / "store", growing.clock, timeout_s=1e9) as desk:
        for step in range(8):
            growing.advance(minutes(20))
            if step == 4:
                import_(0, begin - minutes(90))
            desk.service.follower.step()
            told[desk.service.head] = asked(desk, [desk.service.head], ASKED, ["BTC"])
            before = [begin - minutes(60 - step), begin - minutes(2)]
            answers = asked(desk, [*before, *told], ASKED, ["BTC"])
            assert [[row] for row in answers[2:]] == list(told.values())
            assert any(value["value"] is not None for value in answers[1]["values"])
        desk.service.kept.forget()
        assert asked(desk, [*before, *told], ASKED, ["BTC"]) == answers
    growing.close()


def with_column(table: pa.Table, name: str, values: pa.Array) -> pa.Table:
    return table.set_column(table.column_names.index(name), name, values)


def test_nothing_is_lent_before_the_newest_commit_has_come(tmp_path: Path) -> None:
    growing = Growing(tmp_path / "store", simulated_rows(["BTC"], 0.2))
    growing.advance(minutes(60))
    with desk_over(tmp_path / "store", growing.clock) as desk:
        service = desk.service
        service.follower.step()
        rows, head = AssetRows(service.store.log, "BTC", FEATURES[:2]), service.head
        with service.kept.borrowed(rows, head, head) as lent:
            assert lent is not None
            with service.kept.borrowed(rows, head, head) as second:  # at work on the same legs
                assert second is None
        growing.advance(minutes(1))
        with service.kept.borrowed(rows, head, head) as lent:
            assert lent is None
        service.follower.step()
        with service.kept.borrowed(rows, head, head) as lent:
            assert lent is not None
        with service.kept.borrowed(rows, head, service.head + 1) as lent:
            assert lent is None
    growing.close()


def test_a_leg_of_one_row_is_not_taken_for_a_flood(tmp_path: Path) -> None:
    growing = Growing(tmp_path / "store", simulated_rows(["BTC"], 0.2))
    growing.advance(minutes(1))
    with desk_over(tmp_path / "store", growing.clock) as desk:
        desk.service.follower.step()
        ask = Ask("BTC", 1, desk.service.head, desk.service.head)
        cost = cost_of(desk.service.store.log, [ask], FEATURES, columns=True, told=True)
        assert cost.total < 100_000
    growing.close()


def test_the_arrow_table_is_the_frame(tmp_path: Path) -> None:
    growing = Growing(tmp_path / "store", simulated_rows(["BTC"], 0.2))
    growing.advance(minutes(90))
    with desk_over(tmp_path / "store", growing.clock) as desk:
        from tideline.serve.batch import answer_batch

        service = desk.service
        service.follower.step()
        moments = service.head - np.arange(80, dtype=np.int64) * minutes(1)
        kept: KeptLegs = service.kept
        batch = Batch(["BTC"] * 80, moments, FEATURES)
        done: Answered = answer_batch(service.store, batch, lambda: None, kept)
        table, frame = table_of(done), frame_of(done)
        assert pl.DataFrame(pl.from_arrow(table)).equals(frame)
        assert table.schema == frame.to_arrow().schema
        answer = desk.post(
            "/v1/features/historical",
            json={"rows": [{"asset": "BTC", "as_of": int(moments[0]) // 1000}], "features": ASKED},
            headers={"accept": "application/vnd.apache.arrow.stream"},
        )
        read = pa.ipc.open_stream(io.BytesIO(answer.content)).read_all()
        assert json.loads(read.schema.metadata[b"simulated"]) is True
    growing.close()
