"""Binance to a collector: USD-M, COIN-M, and the spot klines beside the perpetuals.

Limits (general-info pages): weight 2,400 a minute for each product (6,000 spot), told in a header;
all of ``/futures/data`` together 1,000 requests in 5 minutes; ``fundingRate`` and ``fundingInfo``
together 500. Open interest has to be asked for symbol by symbol and is never pushed: the top 100
every 15 s and 500 more every 2 minutes are 650 a minute. Four statistics of 600 symbols in 15
minutes are 800 of the 1,000.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from tideline.domain.fields import LIQUIDATIONS
from tideline.domain.instrument import Instrument
from tideline.domain.time import DAY, HOUR, MINUTE
from tideline.venues.binance import history, klines, listings, snapshots, stream
from tideline.venues.binance.envelope import verdict
from tideline.venues.declaration import (
    Bucket,
    Charge,
    History,
    Host,
    Poll,
    Read,
    Stream,
    Topic,
    Venue,
)
from tideline.venues.wire import Request

WEIGHT_HEADER = "x-mbx-used-weight-1m"
STATISTICS = (Charge("futures_data"),)
FUNDING = (Charge("funding"),)
STATISTICS_DEPTH = 30 * DAY - HOUR
"""The venue keeps 30 days and refuses an older start; an hour of room for its clock."""
SINCE_LAUNCH = 2700 * DAY
"""The first contract was listed in September 2019."""
ROWS_OF_WEIGHT_1 = 99
EARLIER_US = 8 * HOUR + MINUTE
"""The settlement before the first one asked for is asked for too: its distance is the interval."""

ASSETS = {True: "um", False: "cm"}
API = {True: "/fapi/v1", False: "/dapi/v1"}


def _is_of(linear: bool, instrument: Instrument) -> bool:
    return instrument.derivative and instrument.linear == linear


def _is_perpetual_of(linear: bool, instrument: Instrument) -> bool:
    return instrument.kind == "perpetual" and instrument.linear == linear


def _name(linear: bool, what: str) -> str:
    return f"binance.{ASSETS[linear]}.{what}"


def _weight(linear: bool, units: float) -> tuple[Charge, ...]:
    return (Charge(f"{ASSETS[linear]}.weight", units),)


def pair_of(instrument: Instrument) -> str:
    """``BTCUSD`` of BTCUSD_PERP."""
    return instrument.symbol.partition("_")[0]


def _whole(linear: bool, path: str) -> Callable[[Sequence[Instrument]], list[Request]]:
    """One request, whoever is asked about."""

    def ask(_: Sequence[Instrument]) -> list[Request]:
        return [Request(ASSETS[linear], API[linear] + path)]

    return ask


def _each(linear: bool, path: str) -> Callable[[Sequence[Instrument]], list[Request]]:
    """A request for every instrument."""

    def ask(instruments: Sequence[Instrument]) -> list[Request]:
        return [
            Request(ASSETS[linear], API[linear] + path, (("symbol", one.symbol),))
            for one in instruments
        ]

    return ask


def _polls(linear: bool) -> tuple[Poll, ...]:
    return (
        Poll(
            name=_name(linear, "open_interest"),
            host=ASSETS[linear],
            fields=("open_interest" if linear else "open_interest_usd",),
            every_s=15.0,
            tail_every_s=120.0,
            top=100,
            covers_all=False,
            charges=_weight(linear, 1),
            ask=_each(linear, "/openInterest"),
            read=snapshots.open_interest,
            selects=partial(_is_of, linear),
        ),
        Poll(
            name=_name(linear, "premium_index"),
            host=ASSETS[linear],
            fields=stream.MARK_FIELDS,
            every_s=60.0,
            tail_every_s=60.0,
            charges=_weight(linear, 10),
            ask=_whole(linear, "/premiumIndex"),
            read=snapshots.premium_index,
            selects=partial(_is_of, linear),
        ),
        Poll(
            name=_name(linear, "funding_info"),
            host=ASSETS[linear],
            fields=("funding_interval_h",),
            every_s=300.0,
            tail_every_s=300.0,
            charges=FUNDING,
            ask=_whole(linear, "/fundingInfo"),
            read=snapshots.funding_info(linear),
            selects=partial(_is_perpetual_of, linear),
        ),
    )


def _listings(linear: bool) -> Poll:
    return Poll(
        name=_name(linear, "listings"),
        host=ASSETS[linear],
        fields=("instrument",),
        every_s=3600.0,
        tail_every_s=3600.0,
        charges=_weight(linear, 1),
        ask=_whole(linear, "/exchangeInfo"),
        read=listings.exchange_info,
        selects=partial(_is_of, linear),
    )


Ask = Callable[[Instrument, int, int], Request]


def _window(start: int, end: int, shift_us: int = 0) -> tuple[tuple[str, str], tuple[str, str]]:
    """The venue's inclusive bounds for event times in (start, end]; ``shift_us``: event - label."""
    first, last = (start - shift_us) // 1000 + 1, (end - shift_us) // 1000
    return ("startTime", str(first)), ("endTime", str(max(first, last)))


def _statistics(name: str, typed: bool) -> Ask:
    """Rows of ``/futures/data``. ``typed``: COIN-M wants the contract type beside the pair."""

    def ask(instrument: Instrument, start: int, end: int) -> Request:
        whom: tuple[tuple[str, str], ...] = (("symbol", instrument.symbol),)
        if not instrument.linear:
            whom = (("pair", pair_of(instrument)),)
            whom += (("contractType", "PERPETUAL"),) if typed else ()
        told = (*whom, ("period", "5m"), ("limit", "500"), *_window(start, end))
        return Request(ASSETS[instrument.linear], f"/futures/data/{name}", told)

    return ask


def _statistic(
    linear: bool,
    what: str,
    path: str,
    fields: tuple[str, ...],
    read: Read,
    every_s: float = 900.0,
    typed: bool = False,
) -> History:
    """One of the five statistics. Those of COIN-M speak of perpetuals only (see ``spoken_of``)."""
    dated = linear and what == "open_interest_hist"
    return History(
        name=_name(linear, what),
        host=ASSETS[linear],
        fields=fields,
        period_us=5 * MINUTE,
        rows=500,
        depth_us=STATISTICS_DEPTH,
        every_s=every_s,
        charges=STATISTICS,
        ask=_statistics(path, typed),
        read=read,
        selects=partial(_is_of if dated else _is_perpetual_of, linear),
        tail_rows=max(12, round(every_s / 300.0) + 12),
    )


RATIOS_S = 300.0
"""Ratios are only to be had as rows: asked as often as they appear, where the limit allows."""


def _statistics_of(linear: bool) -> tuple[History, ...]:
    held = ("open_interest", "open_interest_usd")
    ratios = (
        ("top_positions", "topLongShortPositionRatio", "lsr_top_positions", history.top_positions),
        ("top_accounts", "topLongShortAccountRatio", "lsr_top_accounts", history.top_accounts),
        ("global_accounts", "globalLongShortAccountRatio", "lsr_global_accounts",
         history.global_accounts),
    )  # fmt: skip
    taker = "takerlongshortRatio" if linear else "takerBuySellVol"
    return (
        _statistic(
            linear,
            "open_interest_hist",
            "openInterestHist",
            held,
            history.open_interest_hist,
            typed=True,
        ),
        *(
            _statistic(linear, name, path, (field,), read, every_s=RATIOS_S)
            for name, path, field, read in ratios
        ),
        _statistic(
            linear,
            "taker_ratio",
            taker,
            ("taker_ratio_bar",),
            history.taker_ratio,
            every_s=3600.0,
            typed=True,
        ),
    )


def _bars(host: str, path: str, interval: str, symbol: Callable[[Instrument], str]) -> Ask:
    """Bars by the time of their START, one page at most."""
    length = klines.INTERVALS[interval]

    def ask(instrument: Instrument, start: int, end: int) -> Request:
        told = (("symbol", symbol(instrument)), ("interval", interval))
        limit = ("limit", str(ROWS_OF_WEIGHT_1))
        return Request(host, path, (*told, limit, *_window(start, end, length)))

    return ask


def _symbol(instrument: Instrument) -> str:
    return instrument.symbol


def _settled(linear: bool) -> Ask:
    def ask(instrument: Instrument, start: int, end: int) -> Request:
        told = (("symbol", instrument.symbol), ("limit", "1000"))
        return Request(
            ASSETS[linear], f"{API[linear]}/fundingRate", (*told, *_window(start - EARLIER_US, end))
        )

    return ask


def _histories(linear: bool) -> tuple[History, ...]:
    host = ASSETS[linear]
    return (
        History(
            name=_name(linear, "klines"),
            host=host,
            fields=("volume_coin", "taker_buy_coin", "taker_sell_coin"),
            period_us=MINUTE,
            rows=ROWS_OF_WEIGHT_1,
            depth_us=SINCE_LAUNCH,
            every_s=60.0,
            charges=_weight(linear, 1),
            ask=_bars(host, f"{API[linear]}/klines", "1m", _symbol),
            read=klines.klines,
            selects=partial(_is_of, linear),
        ),
        History(
            name=_name(linear, "mark_klines"),
            host=host,
            fields=("mark_price",),
            period_us=5 * MINUTE,
            rows=ROWS_OF_WEIGHT_1,
            depth_us=SINCE_LAUNCH,
            every_s=3600.0,
            charges=_weight(linear, 1),
            ask=_bars(host, f"{API[linear]}/markPriceKlines", "5m", _symbol),
            read=klines.mark_klines,
            selects=partial(_is_of, linear),
            tail_rows=24,
        ),
        History(
            name=_name(linear, "funding_rate"),
            host=host,
            fields=("funding_rate_settled", "funding_interval_h"),
            period_us=HOUR,
            rows=960,
            depth_us=SINCE_LAUNCH,
            every_s=900.0,
            charges=FUNDING,
            ask=_settled(linear),
            read=history.funding_rate,
            selects=partial(_is_perpetual_of, linear),
        ),
        *_statistics_of(linear),
    )


SPOT = History(
    name="binance.spot.klines",
    host="spot",
    fields=("spot_volume_usd", "spot_price"),
    period_us=MINUTE,
    rows=ROWS_OF_WEIGHT_1,
    depth_us=SINCE_LAUNCH,
    every_s=60.0,
    charges=(Charge("spot.weight", 2),),
    ask=_bars("spot", "/api/v3/klines", "1m", klines.spot_symbol),
    read=klines.spot_klines,
    selects=klines.has_spot,
)


def _topics(instruments: Sequence[Instrument]) -> list[Topic]:
    """Two subscriptions that speak of everybody; marks come every second."""
    if not instruments:
        return []
    everybody = tuple(one.symbol for one in instruments)
    return [
        Topic("!forceOrder@arr", LIQUIDATIONS, everybody),
        Topic("!markPrice@arr@1s", stream.MARK_FIELDS, everybody, 3.0),
    ]


def _by_address(path: str) -> Callable[[Sequence[str]], str]:
    """The address carries the subscriptions: nothing to be sent, nothing to be acknowledged."""

    def at(names: Sequence[str]) -> str:
        return f"{path}?streams={'/'.join(names)}"

    return at


def _stream(linear: bool, path: str) -> Stream:
    return Stream(
        name=_name(linear, "stream"),
        host=f"{ASSETS[linear]}_ws",
        fields=(*stream.MARK_FIELDS, *LIQUIDATIONS),
        path=_by_address(path),
        topics=_topics,
        subscribe=lambda _names, _first: (),
        reader=partial(stream.reader, linear),
        usual_s=3.0,
        selects=partial(_is_of, linear),
        lifetime_s=86_400.0,
        topics_per_connection=200,
        speaks=10.0,
    )


BINANCE = Venue(
    name="binance",
    hosts=(
        Host("um", "https://fapi.binance.com", "binance.um"),
        Host("cm", "https://dapi.binance.com", "binance.cm"),
        Host("spot", "https://api.binance.com", "binance.spot"),
        Host("um_ws", "wss://fstream.binance.com", "binance.um_ws"),
        Host("cm_ws", "wss://dstream.binance.com", "binance.cm_ws"),
    ),
    buckets=(
        Bucket("um.weight", 2400.0, 60.0, header=WEIGHT_HEADER),
        Bucket("cm.weight", 2400.0, 60.0, header=WEIGHT_HEADER),
        Bucket("spot.weight", 6000.0, 60.0, header=WEIGHT_HEADER),
        Bucket("futures_data", 1000.0, 300.0, share=0.9),
        Bucket("funding", 500.0, 300.0),
    ),
    listings=(_listings(True), _listings(False)),
    polls=(*_polls(True), *_polls(False)),
    histories=(*_histories(True), *_histories(False), SPOT),
    streams=(_stream(True, "/market/stream"), _stream(False, "/stream")),
    verdict=verdict,
    not_offered={"circulating_supply": "a number per coin, not per contract"},
)
