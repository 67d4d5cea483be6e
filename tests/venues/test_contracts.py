"""What every declaration of the catalogue has to keep, found by going through the catalogue."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterator
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.venues.golden_frames import PAYLOADS, RECEIVED, dump, values
from tests.venues.odd_frames import broken
from tideline.domain.errors import WireError
from tideline.domain.fields import BY_NAME
from tideline.domain.instrument import Instrument
from tideline.domain.time import DAY, HOUR
from tideline.domain.venue import ALL_VENUES, REFERENCE
from tideline.venues.catalogue import VENUES, venue
from tideline.venues.declaration import History, Poll, Stream, Venue
from tideline.venues.parsed import Control, Listing, Note, Observation, Parsed
from tideline.venues.symbols import PARSERS, parse_symbol
from tideline.venues.wire import Reply, Request

Feed = Poll | History | Stream

MORE: dict[str, tuple[str, ...]] = {
    "binance": ("ETHUSDT", "1000PEPEUSDT", "BTCUSDT_261225", "BTCUSD_PERP"),
    "bybit": ("ETHUSDT", "SHIB1000USDT", "BTCUSD"),
    "okx": ("ETH-USDT-SWAP", "BTC-USD-SWAP", "BTC-USDT-261225"),
    "bitget": ("ETHUSDT", "BTCUSD"),
    "hyperliquid": ("ETH", "kBONK"),
    "coinbase": ("ETP-20DEC30-CDE",),
    "coinbase-gateway": ("ETH_USDC-PERPETUAL", "ETH-PERPETUAL"),
}
"""Instruments beside the example of every form that a venue's symbols have."""

SAMPLES = {"coinbase-gateway": "deribit"}
"""Folder of payload samples where it is not named as the venue is."""

RELEVANT = {
    name for name in BY_NAME if not name.startswith("alive.") and name != "circulating_supply"
}
"""Fields that a venue either gives or says why it does not; heartbeats are the collector's own."""

names = pytest.mark.parametrize("name", [one.name for one in VENUES])


def instruments(name: str) -> list[Instrument]:
    """Contracts of a venue: every form of its symbols and a few more, listed at some time."""
    found = [parse_symbol(name, symbol) for symbol in (*PARSERS[name][1], *MORE[name])]
    unique = {one.symbol: one for one in found if one.derivative}
    return [dataclasses.replace(one, contract_size=one.contract_size or 1.0, listed_us=RECEIVED)
            for one in unique.values()]  # fmt: skip


def feeds(of: Venue) -> tuple[Feed, ...]:
    return (*of.listings, *of.polls, *of.histories, *of.streams)


def charges(feed: Feed) -> Iterator[tuple[str, float]]:
    for charge in feed.charges:
        yield charge.bucket, charge.units


def test_the_catalogue_is_in_the_order_of_every_sum():
    order = [one.name for one in VENUES]
    assert order == [name for name in ALL_VENUES if name in order]
    assert set(order) <= set(ALL_VENUES) - {REFERENCE}
    assert all(venue(name).name == name for name in order)


def test_names_of_feeds_are_unique_and_begin_with_their_venue():
    found = Counter(feed.name for one in VENUES for feed in feeds(one))
    assert [name for name, count in found.items() if count > 1] == []
    for one in VENUES:
        assert all(feed.name.startswith(f"{one.name}.") for feed in feeds(one))


@names
def test_fields_are_known_and_the_missing_ones_explained(name: str):
    one = venue(name)
    assert set(one.offered()) <= RELEVANT
    assert {field for feed in one.listings for field in feed.fields} <= {"instrument"}
    told = set(one.not_offered)
    assert told <= set(BY_NAME)
    assert set(one.offered()) & told == set()
    assert RELEVANT - set(one.offered()) - told == set()
    for feed in feeds(one):
        assert len(set(feed.fields)) == len(feed.fields)


@names
def test_hosts_are_addresses_of_their_own(name: str):
    one = venue(name)
    assert len({host.name for host in one.hosts}) == len(one.hosts)
    for host in one.hosts:
        parts = urlsplit(host.url)
        assert parts.scheme in ("https", "wss")
        assert parts.hostname
        assert not (parts.query or parts.fragment or parts.username or host.url.endswith("/"))
        assert host.family
        assert one.host(host.name) is host
    for feed in feeds(one):
        scheme = urlsplit(one.host(feed.host).url).scheme
        assert scheme == ("wss" if isinstance(feed, Stream) else "https")


@names
def test_limits_hold_what_one_request_costs(name: str):
    one = venue(name)
    buckets = {bucket.name: bucket for bucket in one.buckets}
    assert len(buckets) == len(one.buckets)
    for bucket in one.buckets:
        assert bucket.units > 0
        assert bucket.per_s > 0
        assert 0 < bucket.share <= 1
        assert bucket.header == bucket.header.lower()
    for feed in feeds(one):
        for bucket_name, units in charges(feed):
            assert units >= 0
            assert units <= buckets[bucket_name].units
    for feed in (*one.listings, *one.polls, *one.histories):
        assert feed.every_s > 0
        assert feed.charges, feed.name


@names
def test_questions_go_to_their_host(name: str):
    one = venue(name)
    everyone = instruments(name)
    for feed in (*one.listings, *one.polls):
        chosen = [each for each in everyone if feed.selects(each)]
        # what lists the instruments is asked before any is known
        for asked_of in ([], chosen) if feed in one.listings else (chosen,):
            found = feed.ask(asked_of)
            assert found or not asked_of, feed.name
            assert len(set(found)) == len(found), feed.name
            for request in found:
                hold(request, one, feed.host)
        if feed.covers_all:
            assert len(feed.ask(chosen * 3)) == len(feed.ask(chosen)), feed.name
            assert feed.tail_every_s in (0.0, feed.every_s), feed.name


def hold(request: Request, of: Venue, host: str) -> None:
    """A request of that host, as it may go on the line."""
    assert isinstance(request, Request)
    assert request.host == host
    assert of.host(request.host).url.startswith("https://")
    assert request.path.startswith("/")
    assert request.target.isascii()
    assert " " not in request.target
    assert len({key for key, _ in request.params}) == len(request.params)
    assert (request.method, bool(request.body)) in (("GET", False), ("POST", True))
    assert all(type(value) is str for pair in request.params for value in pair)


@names
def test_questions_about_the_past_are_one_page(name: str):
    one = venue(name)
    for history in one.histories:
        assert history.period_us > 0
        assert 0 < history.tail_rows <= history.rows
        assert history.depth_us >= 0
        asked_of = [each for each in instruments(name) if history.selects(each)]
        assert asked_of, history.name
        for instrument in asked_of:
            end = RECEIVED // HOUR * HOUR
            span = history.period_us * min(history.rows, 10)
            request = history.ask(instrument, end - span, end)
            hold(request, one, history.host)
            if history.depth_us:
                other = history.ask(instrument, end - span - DAY, end - DAY)
                assert other != request, history.name


@names
def test_every_contract_has_its_open_interest_and_its_stream(name: str):
    one = venue(name)
    offered = set(one.offered())
    assert {"open_interest", "open_interest_usd"} & offered
    ways = [*one.polls, *one.histories, *one.streams]
    sizes = {"open_interest", "open_interest_usd"}
    main = [each for each in instruments(name) if ":" not in each.symbol]
    for instrument in main:
        assert any(sizes & set(way.fields) and way.selects(instrument) for way in ways), instrument


@names
def test_streams_subscribe_every_topic_once(name: str):
    for flow in venue(name).streams:
        chosen = [each for each in instruments(name) if flow.selects(each)]
        topics = flow.topics(chosen)
        told = [topic.name for topic in topics]
        assert len(set(told)) == len(told) > 0
        symbols = {each.symbol for each in chosen}
        for topic in topics:
            assert set(topic.fields) <= set(flow.fields)
            assert set(topic.instruments) <= symbols
            assert topic.usual_s >= 0
        assert {field for topic in topics for field in topic.fields} <= set(flow.fields)
        messages = flow.subscribe(told, 5)
        if messages:
            assert Counter(topic for _, asked, _ in messages for topic in asked) == Counter(told)
        else:
            assert flow.path(told) != flow.path(told[:-1])
        numbers = [int(number) for number, _, _ in messages]
        assert numbers == list(range(5, 5 + len(messages)))
        assert all(text and text.isascii() for _, _, text in messages)
        assert flow.path(told).startswith("/")
        assert flow.topics_per_connection > 0
        assert flow.speaks > 0
        assert (flow.keepalive.text != "") == (flow.keepalive.every_s > 0)


@names
def test_each_connection_has_a_reader_of_its_own(name: str):
    for flow in venue(name).streams:
        first, second = flow.reader(), flow.reader()
        assert first is not second
        assert callable(first.read)


class Way(NamedTuple):
    """One parser of the catalogue, fresh for each call of ``begin``."""

    feed: str
    venue: str
    begin: Callable[[], Callable[[bytes, Note], Parsed]]


def _asking(feed: Poll | History) -> Callable[[], Callable[[bytes, Note], Parsed]]:
    return lambda: feed.read


def _listening(flow: Stream) -> Callable[[], Callable[[bytes, Note], Parsed]]:
    return lambda: flow.reader().read


WAYS = [
    Way(feed.name, one.name, _listening(feed) if isinstance(feed, Stream) else _asking(feed))
    for one in VENUES
    for feed in feeds(one)
]


def corpus(name: str) -> list[bytes]:
    """Every sample of a venue, whole and, where it is a list, each of its members."""
    found: list[bytes] = []
    for path in sorted((PAYLOADS / SAMPLES.get(name, name)).iterdir()):
        parts = values(path.read_text("utf-8"))
        found += [dump(part) for part in parts]
        if len(parts) > 1:
            found.append(dump(parts))
    return found


CORPUS = {one.name: corpus(one.name) for one in VENUES}


@pytest.mark.parametrize("way", WAYS, ids=[way.feed for way in WAYS])
def test_parsers_raise_wire_errors_and_nothing_else(way: Way):
    everyone = {one.symbol: one for one in instruments(way.venue)}
    first = next(iter(everyone))
    params = {"symbol": first, "instId": first, "instrument_name": first, "pair": "BTCUSD"}
    note = Note(RECEIVED, everyone, params | {"period": "5m", "interval": "1m", "bar": "1m"})
    frames = broken(CORPUS[way.venue])

    @given(st.lists(st.one_of(frames, st.sampled_from(CORPUS[way.venue])), max_size=3))
    def hold_all(raws: list[bytes]) -> None:
        read = way.begin()
        for raw in raws:
            try:
                parsed = read(raw, note)
            except WireError as error:
                assert error.where
                continue
            well_formed(parsed, note)

    hold_all()


def well_formed(parsed: Parsed, note: Note) -> None:
    """Everything in it is of its kind, and speaks of what is followed."""
    assert isinstance(parsed, Parsed)
    for seen in parsed.observations:
        assert isinstance(seen, Observation)
        assert seen.field in RELEVANT
        assert seen.instrument in note.instruments
        assert type(seen.value) is float
        assert type(seen.event_time) is int
        assert type(seen.raw) is str
        assert seen.counted.unit
    assert all(isinstance(found, Listing) for found in parsed.listings)
    assert all(isinstance(found, Control) for found in parsed.controls)
    assert all(count > 0 for count in parsed.ignored.values())


KINDS = {"ok", "slow_down", "ban", "refused", "broken"}


@names
@given(status=st.integers(100, 599), data=st.data())
def test_every_reply_has_a_verdict(name: str, status: int, data: st.DataObject):
    raw = data.draw(broken(CORPUS[name]))
    found = venue(name).verdict(Reply(status, raw))
    assert found.kind in KINDS
    assert found.wait_s >= 0


@names
def test_what_is_no_answer_is_never_ok(name: str):
    judge = venue(name).verdict
    for status in (301, 302, 500, 502, 503, 504):
        assert judge(Reply(status, b"<html>Bad Gateway</html>")).kind in ("broken", "slow_down")
    for body in (b"", b"<html></html>", b"\x1f\x8b\x08", b'{"unfinished'):
        assert judge(Reply(200, body)).kind == "broken" or body.startswith(b"{")
    assert judge(Reply(429, b"")).kind in ("slow_down", "ban")


@names
def test_the_documentation_can_print_it(name: str):
    one = venue(name)
    said = [host.url for host in one.hosts] + [bucket.name for bucket in one.buckets]
    said += [feed.name for feed in feeds(one)] + list(one.not_offered.values())
    for text in said:
        assert text.strip() == text != ""
        assert "|" not in text
        assert "\n" not in text
