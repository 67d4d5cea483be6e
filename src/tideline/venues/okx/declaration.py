"""OKX: hosts, limits, what is asked and listened to. Sources: OKX v5 documentation.

Products: SWAP (perpetuals) and FUTURES (dated ones, and X-Perps, which are perpetual in all but
name). Limits are per endpoint and address; those of the trading statistics are per instrument too,
which we do not lean on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from tideline.domain.fields import LIQUIDATIONS
from tideline.domain.instrument import Instrument
from tideline.domain.time import DAY, HOUR, MINUTE
from tideline.venues.declaration import (
    Bucket,
    Charge,
    History,
    Host,
    Keepalive,
    Poll,
    Read,
    Stream,
    Topic,
    Venue,
)
from tideline.venues.okx import history, listings, snapshots, stream
from tideline.venues.okx.envelope import verdict
from tideline.venues.wire import Request

REST = Host("rest", "https://www.okx.com", "okx-rest")
WS = Host("ws", "wss://ws.okx.com:8443", "okx-ws")
PUBLIC = "/ws/v5/public"

BUCKETS = (
    Bucket("okx.open_interest", 20, 2.0),
    Bucket("okx.funding_rate", 10, 2.0),
    Bucket("okx.mark_price", 10, 2.0),
    Bucket("okx.index_tickers", 20, 2.0),
    Bucket("okx.instruments", 20, 2.0),
    Bucket("okx.candles", 40, 2.0),
    Bucket("okx.funding_history", 10, 2.0),
    Bucket("okx.rubik.open_interest", 10, 2.0),
    Bucket("okx.rubik.global_accounts", 5, 2.0),
    Bucket("okx.rubik.top_accounts", 5, 2.0),
    Bucket("okx.rubik.top_positions", 5, 2.0),
    Bucket("okx.rubik.taker_volume", 5, 2.0),
    Bucket("okx.connect", 3, 1.0),
)

OPEN_INTEREST = ("open_interest", "open_interest_usd")
FUNDING = ("funding_rate_quoted", "funding_interval_h", "next_funding_time")


def is_swap(instrument: Instrument) -> bool:
    """instType SWAP."""
    return instrument.symbol.endswith("-SWAP")


def is_futures(instrument: Instrument) -> bool:
    """instType FUTURES: dated contracts and X-Perps."""
    return instrument.derivative and not is_swap(instrument)


def is_perpetual(instrument: Instrument) -> bool:
    """Pays funding, whatever OKX files it under."""
    return instrument.kind == "perpetual"


PRODUCTS = (("swap", "SWAP", is_swap), ("futures", "FUTURES", is_futures))


def _once(path: str, name: str, value: str, _: Sequence[Instrument]) -> Sequence[Request]:
    """One request that covers a whole product."""
    return (Request("rest", path, ((name, value),)),)


def _each_quote(instruments: Sequence[Instrument]) -> Sequence[Request]:
    """Index tickers come by quote currency: one request for each that is needed."""
    quotes = sorted({found.quote for found in instruments if found.derivative})
    return [
        Request("rest", "/api/v5/market/index-tickers", (("quoteCcy", quote),)) for quote in quotes
    ]


def _whole(
    name: str, fields: tuple[str, ...], every_s: float, path: str, asked: tuple[str, str],
    bucket: str, read: Read, selects: Callable[[Instrument], bool],
) -> Poll:  # fmt: skip
    """A poll whose one answer covers everything."""
    ask = partial(_once, path, *asked)
    charges = (Charge(bucket),)
    return Poll(name, "rest", fields, every_s, charges, ask, read, selects, tail_every_s=every_s)


def _listings() -> tuple[Poll, ...]:
    path = "/api/v5/public/instruments"
    return tuple(
        _whole(
            f"okx.{name}.instruments", (), 3600.0, path, ("instType", kind),
            "okx.instruments", listings.instruments, selects,
        )
        for name, kind, selects in PRODUCTS
    )  # fmt: skip


def _polls() -> tuple[Poll, ...]:
    polls = []
    for name, kind, selects in PRODUCTS:
        product = ("instType", kind)
        polls += [
            _whole(
                f"okx.{name}.open_interest", OPEN_INTEREST, 15.0, "/api/v5/public/open-interest",
                product, "okx.open_interest", snapshots.open_interest, selects,
            ),
            _whole(
                f"okx.{name}.mark_price", ("mark_price",), 15.0, "/api/v5/public/mark-price",
                product, "okx.mark_price", snapshots.mark_price, selects,
            ),
        ]  # fmt: skip
    # One answer with instId=ANY holds swaps and X-Perps
    funding = _whole(
        "okx.swap.funding_rate", FUNDING, 30.0, "/api/v5/public/funding-rate",
        ("instId", "ANY"), "okx.funding_rate", snapshots.funding_rate, is_perpetual,
    )  # fmt: skip
    index = Poll(
        "okx.swap.index_tickers",
        "rest",
        ("index_price",),
        15.0,
        (Charge("okx.index_tickers"),),
        _each_quote,
        snapshots.index_tickers,
        tail_every_s=15.0,
    )
    return (*polls, funding, index)


def _between(start: int, end: int, label: int) -> tuple[str, str]:
    """The bounds, both exclusive (ms), of the labels of rows with event_time in (start, end].

    ``label`` is how far the label lies before the event: the period, for bars labelled by open.
    """
    return str((start - label) // 1000), str((end - label) // 1000 + 1)


def _rubik(path: str, extra: tuple[tuple[str, str], ...], rows: int) -> Callable[..., Request]:
    def ask(instrument: Instrument, start: int, end: int) -> Request:
        begin, until = _between(start, end, 5 * MINUTE)
        params = (("instId", instrument.symbol), *extra, ("period", "5m"))
        span = (("begin", begin), ("end", until), ("limit", str(rows)))
        return Request("rest", f"/api/v5/rubik/stat/{path}", (*params, *span))

    return ask


def _candles(instrument: Instrument, start: int, end: int) -> Request:
    """``before`` means newer than, ``after`` older than; both exclusive."""
    newer, older = _between(start, end, MINUTE)
    span = (("before", newer), ("after", older), ("limit", "300"))
    params = (("instId", instrument.symbol), ("bar", "1m"), *span)
    return Request("rest", "/api/v5/market/candles", params)


def _settled(instrument: Instrument, start: int, end: int) -> Request:
    newer, older = _between(start, end, 0)
    span = (("before", newer), ("after", older), ("limit", "400"))
    params = (("instId", instrument.symbol), *span)
    return Request("rest", "/api/v5/public/funding-rate-history", params)


_RUBIK: tuple[tuple[str, tuple[str, ...], str, Read, tuple[tuple[str, str], ...], float], ...] = (
    (
        "open_interest", OPEN_INTEREST, "contracts/open-interest-history",
        history.open_interest_history, (), 1800.0,
    ),
    (
        "global_accounts", ("lsr_global_accounts",),
        "contracts/long-short-account-ratio-contract", history.global_accounts, (), 300.0,
    ),
    (
        "top_accounts", ("lsr_top_accounts",),
        "contracts/long-short-account-ratio-contract-top-trader", history.top_accounts, (), 300.0,
    ),
    (
        "top_positions", ("lsr_top_positions",),
        "contracts/long-short-position-ratio-contract-top-trader", history.top_positions, (),
        300.0,
    ),
    (
        "taker_volume", ("taker_buy_coin", "taker_sell_coin"), "taker-volume-contract",
        history.taker_volume, (("unit", "0"),), 300.0,
    ),
)  # fmt: skip
"""Trading statistics: feed and bucket, fields, path, parser, further parameters, how often."""


def _histories() -> tuple[History, ...]:
    """The statistics and candles of both products, and what perpetuals paid.

    The statistics hold 1,440 rows (documented; about three days of them were seen), 100 a page.
    """
    found: list[History] = []
    for name, _, selects in PRODUCTS:
        for what, fields, path, read, extra, every_s in _RUBIK:
            found.append(
                History(
                    f"okx.{name}.{what}_history", "rest", fields, 5 * MINUTE, 100,
                    1440 * 5 * MINUTE, every_s, (Charge(f"okx.rubik.{what}"),),
                    _rubik(path, extra, 100), read, selects,
                )
            )  # fmt: skip
        found.append(
            History(
                f"okx.{name}.candles", "rest", ("volume_coin",), MINUTE, 300, 1440 * MINUTE, 60.0,
                (Charge("okx.candles"),), _candles, history.candles, selects,
            )
        )  # fmt: skip
    found.append(
        History(
            "okx.swap.funding_rate_history", "rest",
            ("funding_rate_settled", "funding_interval_h"), HOUR, 400, 90 * DAY, 3600.0,
            (Charge("okx.funding_history"),), _settled, history.funding_rate_history,
            is_perpetual, tail_rows=24,
        )
    )  # fmt: skip
    return tuple(found)


def _topics(kind: str, instruments: Sequence[Instrument]) -> Sequence[Topic]:
    """Liquidations of the product first, beside feeds whose silence would be noticed."""
    if not instruments:
        return ()
    names = tuple(found.symbol for found in instruments)
    topics = [Topic(f"liquidation-orders:{kind}", LIQUIDATIONS, names)]
    on = snapshots.by_index({found.symbol: found for found in instruments})
    for found in instruments:
        one = (found.symbol,)
        # open interest is pushed on change only: its silence says nothing
        topics.append(Topic(f"open-interest:{found.symbol}", OPEN_INTEREST, one))
        topics.append(Topic(f"mark-price:{found.symbol}", ("mark_price",), one, 10.0))
        if is_perpetual(found):
            topics.append(Topic(f"funding-rate:{found.symbol}", FUNDING, one, 90.0))
    topics += [
        Topic(f"index-tickers:{index}", ("index_price",), tuple(symbols), 60.0)
        for index, symbols in sorted(on.items())
    ]
    return topics


def _streams() -> tuple[Stream, ...]:
    """One kind a product. 480 subscribe messages an hour and connection are far away at 50 topics
    a message; ``ping`` must come within 30 s of silence."""
    return tuple(
        Stream(
            f"okx.{name}.stream", "ws",
            (*OPEN_INTEREST, "mark_price", *FUNDING, "index_price", *LIQUIDATIONS),
            lambda _: PUBLIC, partial(_topics, kind), stream.subscribe, stream.Reader,
            usual_s=10.0, selects=selects, keepalive=Keepalive("ping", 20.0),
            topics_per_connection=400, speaks=3.0, charges=(Charge("okx.connect"),),
        )
        for name, kind, selects in PRODUCTS
    )  # fmt: skip


NOT_OFFERED = {
    "spot_price": "the index of each contract stands for spot; spot pairs are not asked",
    "spot_volume_usd": "spot pairs are not asked",
    "taker_ratio_bar": "taker volumes are given, which say more",
    "circulating_supply": "no venue says it",
}

OKX = Venue(
    "okx",
    (REST, WS),
    BUCKETS,
    _listings(),
    _polls(),
    _histories(),
    _streams(),
    verdict,
    NOT_OFFERED,
)
