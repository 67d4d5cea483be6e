"""Whatever Bybit sends, a parser answers with Parsed or with WireError; both ways in agree."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.venues.bybit.test_goldens import FOLDER, READERS, TRADES
from tests.venues.golden_frames import RECEIVED, dump, followed, frames
from tests.venues.odd_frames import broken
from tideline.domain.errors import WireError
from tideline.domain.instrument import Instrument
from tideline.venues.bybit import history
from tideline.venues.bybit.envelope import verdict
from tideline.venues.bybit.fields import Amount
from tideline.venues.bybit.stream import StreamReader, usual
from tideline.venues.counting import price_scale, scale
from tideline.venues.parsed import Note, Parsed
from tideline.venues.symbols import parse_symbol
from tideline.venues.trade import Trade
from tideline.venues.wire import Reply

SAMPLES = {name: frames(FOLDER / name) for name in (*READERS, *TRADES)}
EVERY = [raw for raws in SAMPLES.values() for raw in raws]
KLINE = dump(
    {
        "retCode": 0,
        "retMsg": "OK",
        "result": {
            "symbol": "BTCUSDT",
            "category": "linear",
            "list": [["1670608800000", "1", "2", "1", "2", "10.5", "17.5"]],
        },
        "time": 1672026361839,
    }
)
SYMBOLS = ("BTCUSDT", "BTCUSD", "ETHUSDT", "ROSEUSDT", "ETHPERP", "BTC-26DEC25", "SHIB1000USDT")
NOTE = Note(RECEIVED, {name: parse_symbol("bybit", name) for name in SYMBOLS})

PARSERS = {name: read for name, read in READERS.items() if not name.startswith(("ws_", "Sub"))}
PARSERS["klines"] = lambda: history.klines


@pytest.mark.parametrize("name", PARSERS)
def test_rest_parsers_raise_nothing_else(name: str):
    read = PARSERS[name]()

    @given(broken([*SAMPLES.get(name, ()), KLINE]))
    def hold(raw: bytes) -> None:
        try:
            found = read(raw, NOTE)
        except WireError:
            return
        assert isinstance(found, Parsed)
        assert all(type(seen.value) is float for seen in found.observations)

    hold()


STREAMED = [
    raw for name, raws in SAMPLES.items() for raw in raws if name.startswith(("ws_", "Sub"))
]
ACK = dump({"success": True, "ret_msg": "", "conn_id": "c", "req_id": "1", "op": "subscribe"})


@given(st.booleans(), st.lists(broken([*STREAMED, ACK]), min_size=1, max_size=4))
def test_stream_reader_raises_nothing_else_and_both_ways_agree(linear: bool, sent: list[bytes]):
    short, strict = StreamReader(linear), StreamReader(linear, short_way=False)
    for raw in [*STREAMED, *sent, *STREAMED]:
        assert outcome(short, raw) == outcome(strict, raw)


def outcome(reader: StreamReader, raw: bytes) -> Any:
    try:
        return reader.read(raw, NOTE)
    except WireError as error:
        return type(error), str(error)


NUMBERS = st.one_of(
    st.decimals(allow_nan=False, allow_infinity=False).map(str),
    st.decimals(0, 10**12, places=8).map(lambda found: f"{found:f}"),
    st.integers(0, 10**30).map(str),
    st.sampled_from(["", "0", "-0", "1_000", "NaN", "1e5", "0.1e-7", "00", "1.", ".5", "\u0661"]),
)
NAMES = (
    "openInterest",
    "singleOpenInterest",
    "openInterestValue",
    "markPrice",
    "indexPrice",
    "fundingRate",
    "fundingIntervalHour",
    "nextFundingTime",
    "bid1Price",
)


@given(
    st.sampled_from(["BTCUSDT", "BTCUSD", "SHIB1000USDT"]),
    st.dictionaries(st.sampled_from(NAMES), NUMBERS),
    st.sampled_from(["snapshot", "delta"]),
)
@example(
    "BTCUSDT", {"openInterest": "63910691.00000000", "singleOpenInterest": "31955346"}, "delta"
)
@example("SHIB1000USDT", {"markPrice": "0.0123456789012345678901"}, "delta")
def test_both_ways_give_the_same_values(symbol: str, said: dict[str, str], kind: str):
    """The short way is the strict way, bit for bit."""
    linear = symbol != "BTCUSD"
    short, strict = StreamReader(linear), StreamReader(linear, short_way=False)
    for each in ("snapshot", kind):
        data = {"symbol": symbol, **said}
        frame = {"topic": f"tickers.{symbol}", "type": each, "data": data, "cs": 1, "ts": AT}
        raw = dump(frame)
        assert usual(raw) is not None
        assert repr(outcome(short, raw)) == repr(outcome(strict, raw))


@given(
    st.integers(0, 10**15 - 1),
    st.integers(0, 12),
    st.data(),
    st.sampled_from([1.0, 10.0, 1000.0, 10_000.0, 1e6]),
    st.sampled_from(["open_interest", "price"]),
)
def test_the_short_way_to_a_number_is_exact(
    whole: int, decimals: int, data: st.DataObject, multiple: float, what: str
):
    """Whatever the contract counts in, the double is the one nearest to the exact product."""
    part = data.draw(st.text("0123456789", min_size=decimals, max_size=decimals))
    raw = f"{whole}.{part}" if part else str(whole)
    instrument = replace(NOTE.instruments["BTCUSDT"], multiple=multiple)
    how = price_scale(multiple) if what == "price" else scale(instrument, what, RECEIVED)
    amount = Amount("openInterest", what, how)
    assert amount.half
    assert amount.value(raw) == float(Fraction(raw) * Fraction(how.factor))
    assert amount.value(raw) == how.of(Decimal(raw))


AT = 1760325052630
START = b'{"topic":"tickers.BTCUSDT","type":"snapshot","data":{"symbol":"BTCUSDT"'
ODD_TICKERS = {
    "a key twice in data": START
    + b',"openInterest":"1","openInterest":"2"},"cs":1,"ts":1760325052630}',
    "a key twice outside": START + b'},"cs":1,"cs":1,"ts":1760325052630}',
    "twice, one hidden": START + b',"a":"1","a":"2","b" :"3"},"cs":1,"ts":1760325052630}',
    "twice by an escape": START + b',"a":"1","\\u0061":"2"},"cs":1,"ts":1760325052630}',
    "an escaped mark": START + b',"a":"\\""},"cs":1,"ts":1760325052630}',
    "not text": START + b',"openInterest":5},"cs":1,"ts":1760325052630}',
    "NaN": START + b',"openInterest":NaN},"cs":1,"ts":1760325052630}',
    "a time with a point": START + b'},"cs":1,"ts":1760325052630.0}',
    "65 bits": START + b'},"cs":18446744073709551617,"ts":1760325052630}',
    "negative cs": START + b'},"cs":-5,"ts":1760325052630}',
    "one more member": START + b'},"cs":1,"ts":1760325052630,"x":1}',
    "no cs": START + b'},"ts":1760325052630}',
    "another topic": START.replace(b"tickers.", b"") + b'},"cs":1,"ts":1760325052630}',
    "trailing": START + b'},"cs":1,"ts":1760325052630}{}',
    "not utf-8": START + b',"a":"\xff"},"cs":1,"ts":1760325052630}',
    "lone surrogate": START + b',"a":"\\ud800"},"cs":1,"ts":1760325052630}',
    "white space": START + b' , "markPrice" : "5" } ,"cs": 1,"ts": 1760325052630}',
}


@pytest.mark.parametrize("name", ODD_TICKERS)
def test_odd_tickers_go_through_the_strict_door(name: str):
    raw = ODD_TICKERS[name]
    short, strict = StreamReader(True), StreamReader(True, short_way=False)
    assert outcome(short, raw) == outcome(strict, raw)
    if name not in ("white space", "another topic"):
        assert usual(raw) is None


@pytest.mark.parametrize("name", TRADES)
def test_trades_raise_nothing_else(name: str):
    @given(broken(SAMPLES[name]))
    def hold(raw: bytes) -> None:
        try:
            found = TRADES[name](raw, NOTE)
        except WireError:
            return
        assert all(isinstance(trade, Trade) for trade in found)

    hold()


@given(st.sampled_from([200, 403, 429, 500, 302]), broken(EVERY))
def test_every_reply_has_a_verdict(status: int, body: bytes):
    kinds = {"ok", "slow_down", "ban", "refused", "broken"}
    assert verdict(Reply(status, body)).kind in kinds


def test_all_samples_name_readable_instruments():
    named: dict[str, Instrument] = dict(followed("bybit", EVERY))
    assert set(json.loads(json.dumps(sorted(named)))) >= set(SYMBOLS) - {"SHIB1000USDT"}
