"""Whatever Bitget sends, a parser answers with Parsed or with WireError."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.venues.bitget.test_goldens import FOLDER, READERS
from tests.venues.golden_frames import RECEIVED, dump, frames
from tests.venues.odd_frames import broken
from tideline.domain.errors import WireError
from tideline.venues.bitget import history, stream
from tideline.venues.bitget.envelope import verdict
from tideline.venues.parsed import Note, Parsed
from tideline.venues.symbols import parse_symbol
from tideline.venues.wire import Reply

SYMBOLS = ("BTCUSDT", "BTCUSD", "BTCPERP", "ETHUSDT", "APEUSDT", "IPUSDT", "1000BONKUSDT")
NOTE = Note(
    RECEIVED,
    {name: parse_symbol("bitget", name) for name in SYMBOLS},
    {"symbol": "BTCUSDT", "period": "5m", "interval": "1m"},
)


def envelope(data: object) -> bytes:
    return dump({"code": "00000", "msg": "success", "requestTime": 1758610429242, "data": data})


RATIO = {"longAccountRatio": "0.7724", "shortAccountRatio": "0.2276", "ts": "1758603000000"}
TAKER = {"sellVolume": "61.87730903", "buyVolume": "21.44177026", "ts": "1758601500000"}
CANDLE = ["1758601500000", "1", "2", "1", "2", "26.26", "687897.63"]
MORE = {
    history.account_ratio: envelope([RATIO]),
    history.taker: envelope([TAKER]),
    history.volume: envelope([CANDLE]),
    history.mark: envelope([CANDLE]),
}
WORDS = [
    b"pong",
    dump({"event": "subscribe", "arg": {"instType": "usdt-futures", "topic": "liquidation"}}),
    dump({"event": "error", "code": 30001, "msg": '{"instType":"a","topic":"b"} is not there'}),
]
CASES = [(name, read, frames(FOLDER / name)) for name, read in READERS.items()]
CASES += [(f"{read.__name__} rows", read, [raw]) for read, raw in MORE.items()]
CASES += [("words of the stream", stream.read, WORDS[1:])]
EVERY = [raw for _, _, raws in CASES for raw in raws]


@pytest.mark.parametrize(("name", "read", "raws"), CASES)
def test_parsers_raise_nothing_else(name, read, raws):
    @given(broken(raws))
    def hold(raw: bytes) -> None:
        try:
            found = read(raw, NOTE)
        except WireError:
            return
        assert isinstance(found, Parsed)
        assert all(type(seen.value) is float for seen in found.observations)

    hold()


@given(st.sampled_from(sorted({read for _, read, _ in CASES}, key=repr)), st.sampled_from(EVERY))
def test_every_parser_survives_every_sample(read, raw: bytes):
    with contextlib.suppress(WireError):
        assert isinstance(read(raw, NOTE), Parsed)


@given(st.sampled_from([200, 400, 403, 429, 500, 302]), broken(EVERY))
def test_every_reply_has_a_verdict(status: int, body: bytes):
    kinds = {"ok", "slow_down", "ban", "refused", "broken"}
    assert verdict(Reply(status, body)).kind in kinds
