"""What is asked, in the venue's words."""

from __future__ import annotations

from tests.venues.binance.samples import followed
from tideline.domain.fields import BY_NAME
from tideline.domain.time import MINUTE
from tideline.venues.binance.declaration import BINANCE
from tideline.venues.wire import Request

START, END = 1_791_835_200_000_000, 1_791_835_500_000_000
OURS = followed()


def request(feed: str, symbol: str) -> Request:
    [history] = [one for one in BINANCE.histories if one.name == feed]
    assert history.selects(OURS[symbol])
    return history.ask(OURS[symbol], START, END)


def test_windows_are_half_open():
    """Rows of (start, end]: the venue's bounds are inclusive and in ms."""
    asked = request("binance.um.open_interest_hist", "BTCUSDT")
    assert (asked.host, asked.target) == (
        "um",
        "/futures/data/openInterestHist?symbol=BTCUSDT&period=5m&limit=500"
        "&startTime=1791835200001&endTime=1791835500000",
    )


def test_bars_are_asked_for_by_their_start():
    """Those that end in (start, end] began a minute before."""
    asked = request("binance.spot.klines", "1000PEPEUSDT")
    assert (asked.host, asked.target) == (
        "spot",
        "/api/v3/klines?symbol=PEPEUSDT&interval=1m&limit=99"
        "&startTime=1791835140001&endTime=1791835440000",
    )


def test_coin_margined_statistics_go_by_pair():
    asked = request("binance.cm.open_interest_hist", "BTCUSD_PERP")
    assert dict(asked.params)["pair"] == "BTCUSD"
    assert dict(asked.params)["contractType"] == "PERPETUAL"
    assert "contractType" not in dict(request("binance.cm.top_accounts", "ETHUSD_PERP").params)


def test_every_contract_is_in_one_product():
    for feeds in (BINANCE.polls, BINANCE.histories, BINANCE.streams, BINANCE.listings):
        for feed in feeds:
            chosen = {one.linear for one in OURS.values() if feed.selects(one)}
            assert chosen == {".cm." not in feed.name}


def test_statistics_of_coin_margined_contracts_are_of_perpetuals():
    for history in BINANCE.histories:
        if history.charges[0].bucket == "futures_data" and ".cm." in history.name:
            assert not history.selects(OURS["BTCUSD_200925"])


def test_streams_subscribe_by_the_address():
    um, cm = BINANCE.streams
    names = [topic.name for topic in um.topics([OURS["BTCUSDT"]])]
    assert um.path(names) == "/market/stream?streams=!forceOrder@arr/!markPrice@arr@1s"
    assert cm.path(names) == "/stream?streams=!forceOrder@arr/!markPrice@arr@1s"
    assert not um.subscribe(names, 1)
    assert not um.topics([])


def test_hosts_buckets_and_fields_exist():
    hosts = {host.name for host in BINANCE.hosts}
    buckets = {bucket.name for bucket in BINANCE.buckets}
    for feed in (*BINANCE.polls, *BINANCE.histories, *BINANCE.listings):
        assert feed.host in hosts
        assert {charge.bucket for charge in feed.charges} <= buckets
    assert {feed.host for feed in BINANCE.streams} <= hosts
    assert set(BINANCE.offered()) <= BY_NAME.keys()
    assert not set(BINANCE.offered()) & BINANCE.not_offered.keys()


def test_six_hundred_symbols_keep_within_the_limits():
    """Requests of one product with 600 perpetuals, in units a minute (see the declaration).

    The statistics fit for 250 of them; beyond that the plan of the collector stretches their
    cadence, and nothing is lost: a page holds 41 hours.
    """
    weight = sum(
        charge.units * 60.0 / every
        for every, charge in [
            *((poll.every_s / min(poll.top, 600), poll.charges[0])
              for poll in BINANCE.polls if not poll.covers_all and ".um." in poll.name),
            *((poll.tail_every_s / 500, poll.charges[0])
              for poll in BINANCE.polls if not poll.covers_all and ".um." in poll.name),
            *((poll.every_s, poll.charges[0]) for poll in BINANCE.polls if poll.covers_all),
            *((h.every_s / 600, h.charges[0]) for h in BINANCE.histories if ".um." in h.name),
        ]
        if charge.bucket == "um.weight"
    )  # fmt: skip
    statistics = sum(
        250 * 5 * MINUTE / 1e6 / h.every_s
        for h in BINANCE.histories
        if h.charges[0].bucket == "futures_data" and ".um." in h.name
    )
    assert weight <= 0.8 * 2400
    assert statistics <= 0.9 * 1000
