"""Accept headers, and the same table in three media types."""

from __future__ import annotations

import io
import json

import polars as pl
import pyarrow as pa
import pytest

from tests.planted import START
from tests.serve.test_authorisation import ONE
from tests.serve.world import Desk, minutes
from tideline.serve.media import ARROW, CSV, JSON, choose_media
from tideline.serve.refusals import NotAcceptable
from tideline.serve.sending import WHOLE_BYTES
from tideline.serve.times import moment

FEATURES = [ONE, "price.ret@1h", "liquidations.liq_imbalance@1h"]


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        (None, JSON),
        ("", JSON),
        ("*/*", JSON),
        ("text/csv", CSV),
        ("TEXT/CSV ; q=1", CSV),
        ("text/*", CSV),
        (f"{JSON};q=0.5, {ARROW}", ARROW),
        (f"{CSV};q=0.1, */*;q=0.2", JSON),
        (f"{JSON};q=0, */*", ARROW),
        ("text/html, application/xhtml+xml, */*;q=0.8", JSON),
    ],
)
def test_the_best_of_what_is_accepted(accept: str | None, media: str) -> None:
    assert choose_media(accept) == media


@pytest.mark.parametrize("accept", ["image/png", f"{JSON};q=0", "x", "*/*;q=nan", ",,,", "a/b;q="])
def test_nothing_in_common_is_refused(accept: str) -> None:
    with pytest.raises(NotAcceptable):
        choose_media(accept)


def ask(desk: Desk, accept: str, rows: int, query: str = "") -> bytes:
    asked = [
        {"asset": ("BTC", "ETH")[k % 2], "as_of": moment(int(START) + minutes(60 + k % 290))}
        for k in range(rows)
    ]
    answer = desk.post(
        f"/v1/features/historical{query}",
        json={"rows": asked, "features": FEATURES},
        headers={"Accept": accept},
    )
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith(accept)
    return answer.content


def test_one_table_in_three_media_types(desk: Desk) -> None:
    bare = "?evidence=false"
    arrow = pl.DataFrame(pl.from_arrow(pa.ipc.open_stream(ask(desk, ARROW, 40, bare)).read_all()))
    text = pl.read_csv(io.BytesIO(ask(desk, CSV, 40, bare)), try_parse_dates=True)
    rows = json.loads(ask(desk, JSON, 40, bare))["rows"]
    assert arrow.columns == text.columns == ["asset", "as_of", *FEATURES]
    for at, row in enumerate(rows):
        assert row["values"] == [arrow[name][at] for name in FEATURES]
        assert row["values"] == [text[name][at] for name in FEATURES]
        assert (row["asset"], row["as_of"]) == (arrow["asset"][at], text_of(arrow["as_of"][at]))
    assert arrow[FEATURES[2]].null_count() == 40  # a null, in every one of them


def text_of(value: object) -> str:
    return f"{value:%Y-%m-%dT%H:%M:%S.%f}Z"


def test_evidence_stands_beside_every_number_of_a_table(desk: Desk) -> None:
    table = pa.ipc.open_stream(ask(desk, ARROW, 4)).read_all()
    names = ("", ".age_s", ".n", ".coverage", ".basis", ".revised", ".reason")
    assert table.column_names[2:9] == [f"{ONE}{name}" for name in names]
    assert table.schema.metadata[b"simulated"] == b"true"


def test_a_large_answer_comes_in_pieces_and_whole(desk: Desk) -> None:
    body = ask(desk, JSON, 1000)
    assert len(body) > WHOLE_BYTES
    found = json.loads(body)
    assert [len(row["values"]) for row in found["rows"]] == [3] * 1000
    assert found["rows"][0]["values"][0]["legs"]


def test_every_row_is_answered_in_the_order_asked(desk: Desk) -> None:
    forward = json.loads(ask(desk, JSON, 60))["rows"]
    assert [row["asset"] for row in forward[:4]] == ["BTC", "ETH", "BTC", "ETH"]
    singles = [
        desk.post(
            "/v1/features/historical",
            json={"rows": [{"asset": r["asset"], "as_of": r["as_of"]}], "features": FEATURES},
        ).json()["rows"][0]
        for r in forward[:3]
    ]
    assert singles == forward[:3]
