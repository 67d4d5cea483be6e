"""Whatever Hyperliquid sends, a parser answers with Parsed or with WireError."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.venues.golden_frames import dump, followed, values
from tests.venues.hyperliquid.test_goldens import ANSWERS, FOLDER, FRAMES, ORDERS, RECEIVED, body
from tests.venues.odd_frames import broken
from tideline.domain.errors import WireError
from tideline.domain.fields import BY_NAME
from tideline.venues.hyperliquid import history, rest, stream
from tideline.venues.hyperliquid.stream import Listener
from tideline.venues.parsed import Note, Parsed
from tideline.venues.wire import Reply

BODIES = [body(FOLDER / name) for name in ANSWERS]
SENT = [dump(value) for name in FRAMES for value in values((FOLDER / name).read_text("utf-8"))]
NAMED = dump(["BTC", "ETH", "HPOS", "HYPE", "kPEPE", "MOODENG", "ATOM"])
NOTE = Note(RECEIVED, followed("hyperliquid", [NAMED]))

PARSERS = (
    rest.meta,
    rest.meta_and_contexts,
    history.funding_history,
    history.candles,
)


@pytest.mark.parametrize("read", PARSERS)
@given(raw=broken(BODIES))
def test_answers(read, raw: bytes):
    hold(lambda: read(raw, NOTE))


@given(st.lists(broken(SENT), min_size=1, max_size=3))
def test_frames(sent: list[bytes]):
    reader = Listener(ORDERS)
    for raw in sent:
        hold(lambda raw=raw: reader.read(raw, NOTE))


@given(broken(SENT))
def test_trades(raw: bytes):
    try:
        found = stream.trades(raw, NOTE)
    except WireError:
        return
    assert all(trade.side in ("buy", "sell") for trade in found)


@given(st.sampled_from([200, 301, 400, 403, 422, 429, 500, 502]), broken(BODIES))
def test_every_reply_has_a_verdict(status: int, raw: bytes):
    kinds = {"ok", "slow_down", "ban", "refused", "broken"}
    assert rest.verdict(Reply(status, raw)).kind in kinds


def hold(read) -> None:
    try:
        parsed = read()
    except WireError:
        return
    assert isinstance(parsed, Parsed)
    for seen in parsed.observations:
        assert seen.field in BY_NAME
        assert type(seen.value) is float
        assert seen.instrument in NOTE.instruments
