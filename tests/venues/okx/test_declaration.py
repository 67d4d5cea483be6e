"""What OKX is asked: within its limits, for every field, with bounds that lose no row."""

from __future__ import annotations

import pytest

from tests.venues.okx.samples import followed
from tideline.domain.fields import BY_NAME, FIELDS
from tideline.domain.time import MINUTE
from tideline.venues.okx.declaration import OKX, PUBLIC
from tideline.venues.okx.envelope import BAN_S, verdict
from tideline.venues.wire import Reply

BTC, FUTURE, XPERP = "BTC-USDT-SWAP", "BTC-USDT-261225", "BTC-USD_UM_XPERP-310404"
ALL = list(followed(BTC, "BTC-USD-SWAP", "ETH-USDT-SWAP", FUTURE, XPERP).values())
FEEDS = {feed.name: feed for feed in (*OKX.listings, *OKX.polls, *OKX.histories, *OKX.streams)}


def test_every_field_is_given_or_said_not_to_be() -> None:
    wanted = {field.name for field in FIELDS if field.kind != "fact"}
    assert set(OKX.offered()) | set(OKX.not_offered) == wanted
    assert set(OKX.offered()) & set(OKX.not_offered) == set()
    assert set(OKX.offered()) <= set(BY_NAME)


def test_names_are_unique_and_every_charge_has_its_bucket() -> None:
    names = [feed.name for feed in (*OKX.listings, *OKX.polls, *OKX.histories, *OKX.streams)]
    assert len(set(names)) == len(names)
    buckets = {bucket.name for bucket in OKX.buckets}
    for feed in FEEDS.values():
        assert feed.charges
        assert {charge.bucket for charge in feed.charges} <= buckets
        assert feed.host in {host.name for host in OKX.hosts}


def test_sweeps_fit_the_limits() -> None:
    """300 contracts, every feed at its cadence: each bucket stays within its share."""
    used = dict.fromkeys((bucket.name for bucket in OKX.buckets), 0.0)
    for history in OKX.histories:
        for charge in history.charges:
            used[charge.bucket] += 300 * charge.units / history.every_s
    for bucket in OKX.buckets:
        assert used[bucket.name] <= bucket.share * bucket.units / bucket.per_s, bucket.name


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("okx.swap.open_interest", "/api/v5/public/open-interest?instType=SWAP"),
        ("okx.futures.open_interest", "/api/v5/public/open-interest?instType=FUTURES"),
        ("okx.swap.funding_rate", "/api/v5/public/funding-rate?instId=ANY"),
        ("okx.futures.mark_price", "/api/v5/public/mark-price?instType=FUTURES"),
        ("okx.swap.instruments", "/api/v5/public/instruments?instType=SWAP"),
    ],
)
def test_polls_ask_once_for_all(name: str, target: str) -> None:
    poll = next(poll for poll in (*OKX.polls, *OKX.listings) if poll.name == name)
    assert [request.target for request in poll.ask(ALL)] == [target]


def test_index_tickers_come_by_quote() -> None:
    poll = next(poll for poll in OKX.polls if poll.name == "okx.swap.index_tickers")
    assert [request.param("quoteCcy") for request in poll.ask(ALL)] == ["USD", "USDT"]


def test_who_is_asked_about() -> None:
    def chosen(name: str) -> list[str]:
        return [found.symbol for found in ALL if FEEDS[name].selects(found)]

    assert FUTURE not in chosen("okx.swap.open_interest")
    assert chosen("okx.futures.open_interest") == [FUTURE, XPERP]
    assert XPERP in chosen("okx.swap.funding_rate")
    assert FUTURE not in chosen("okx.swap.funding_rate")


@pytest.mark.parametrize("history", OKX.histories, ids=lambda history: history.name)
def test_bounds_are_exclusive_and_lose_nothing(history: object) -> None:
    """Of events in (start, end] exactly those labels lie strictly between the two bounds."""
    history = next(found for found in OKX.histories if found is history)
    step = history.period_us
    label = 0 if "funding" in history.name else step
    start, end = 1_763_640_000_000_000, 1_763_640_000_000_000 + 10 * step
    request = history.ask(ALL[0], start, end)
    low = int(request.param("begin") or request.param("before"))
    high = int(request.param("end") or request.param("after"))
    events = [start + i * step for i in range(-2, 14)]
    asked = [event for event in events if low < (event - label) // 1000 < high]
    assert asked == [event for event in events if start < event <= end]
    assert int(request.param("limit")) == history.rows
    assert request.param("instId") == BTC


def test_streams_subscribe_what_is_followed() -> None:
    swap, futures = OKX.streams
    topics = swap.topics([found for found in ALL if swap.selects(found)])
    names = [topic.name for topic in topics]
    assert names[0] == "liquidation-orders:SWAP"
    assert topics[0].instruments == (BTC, "BTC-USD-SWAP", "ETH-USDT-SWAP")
    assert {"open-interest:" + BTC, "mark-price:" + BTC, "funding-rate:" + BTC} <= set(names)
    assert {"index-tickers:BTC-USD", "index-tickers:ETH-USDT"} <= set(names)
    dated = [topic.name for topic in futures.topics([ALL[3], ALL[4]])]
    assert f"funding-rate:{XPERP}" in dated
    assert f"funding-rate:{FUTURE}" not in dated
    assert swap.topics([]) == ()
    assert swap.path(names) == PUBLIC
    given = {field for topic in topics for field in topic.fields}
    assert given == set(swap.fields)
    assert 0 < swap.keepalive.every_s < 30


@pytest.mark.parametrize(
    ("status", "body", "kind", "wait"),
    [
        (200, b'{"code":"0","msg":"","data":[]}', "ok", 0.0),
        (200, b'{\n "code": "0",\n "data": [], "msg": ""}', "ok", 0.0),
        (200, b'{"data":[],"code":"0","msg":""}', "ok", 0.0),
        (429, b'{"msg":"Too Many Requests","code":"50011"}', "slow_down", 2.0),
        (200, b'{"code":"50011","msg":"","data":[]}', "slow_down", 2.0),
        (429, b"", "slow_down", 2.0),
        (200, b'{"code":"51001","msg":"Instrument ID does not exist","data":[]}', "refused", 0.0),
        (400, b'{"code":"51000","msg":"Parameter instId error","data":[]}', "refused", 0.0),
        (400, b'{"code":"50014","msg":"cannot be blank","data":[]}', "refused", 0.0),
        (403, b"<html>forbidden</html>", "ban", BAN_S),
        (451, b"", "ban", BAN_S),
        (503, b'{"code":"50001","msg":"Service temporarily unavailable"}', "broken", 0.0),
        (200, b'{"code":"50013","msg":"Systems are busy"}', "broken", 0.0),
        (200, b"<html>hello</html>", "broken", 0.0),
        (200, b"", "broken", 0.0),
        (502, b'{"code":"0","msg":"","data":[]}', "broken", 0.0),
        (200, b'{"code":"77777","msg":"new"}', "broken", 0.0),
    ],
)
def test_verdicts(status: int, body: bytes, kind: str, wait: float) -> None:
    found = verdict(Reply(status, body))
    assert (found.kind, found.wait_s) == (kind, wait)


def test_what_the_venue_says_about_waiting_is_kept() -> None:
    assert verdict(Reply(429, b"", {"retry-after": "17"})).wait_s == 17.0
    assert verdict(Reply(429, b"", {"retry-after": "soon"})).wait_s == 2.0


def test_histories_follow_the_label_law() -> None:
    for history in OKX.histories:
        assert history.period_us % MINUTE == 0
        assert history.depth_us >= history.rows * history.period_us or "funding" in history.name
