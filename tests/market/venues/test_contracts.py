"""What every venue server keeps: it answers whatever its declaration asks, and nothing is lost."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tideline.domain.instrument import Instrument
from tideline.domain.time import HOUR, MINUTE, SECOND, parse_time
from tideline.market.synthetic import Synthetic
from tideline.market.venues.catalogue import SERVERS
from tideline.market.venues.server import VenueServer
from tideline.venues.catalogue import VENUES, venue
from tideline.venues.declaration import History, Poll, Stream
from tideline.venues.parsed import Note, Parsed
from tideline.venues.wire import Request

START = int(parse_time("2026-11-20T12:00:00Z"))
NOW = START + 9 * HOUR + 13 * MINUTE + 21 * SECOND
MARKET = Synthetic(8, 17, START)
POLLS = [(one.name, poll) for one in VENUES for poll in (*one.listings, *one.polls)]
HISTORIES = [(one.name, history) for one in VENUES for history in one.histories]
STREAMS = [(one.name, flow) for one in VENUES for flow in one.streams]


FUNDING = {"funding_rate_quoted", "funding_interval_h", "next_funding_time"}


def ids(found: list[tuple[str, Poll]] | list[tuple[str, History]] | list[tuple[str, Stream]]):
    return [feed.name for _, feed in found]


def server(name: str) -> VenueServer:
    return SERVERS[name](MARKET)


def instruments(name: str) -> dict[str, Instrument]:
    """What is listed, with the facts of the venue's own listings."""
    return {one.instrument.symbol: one.instrument for one in MARKET.listed(name, NOW)}


def wanted(name: str, feed: Poll | History | Stream) -> list[Instrument]:
    """The instruments a feed selects; where the market lists none of them, nothing can be tried."""
    chosen = [one for one in instruments(name).values() if feed.selects(one)]
    if not chosen:
        pytest.skip(f"the synthetic market lists nothing that {feed.name} selects")
    return chosen


def answers(name: str, requests: list[Request], read, at: int) -> Iterator[Parsed]:
    """Each request's answer, read; a second apart, so that no limit is met."""
    made, known = server(name), instruments(name)
    for place, request in enumerate(requests):
        moment = at + place * SECOND
        reply = made.answer(request, moment)
        assert venue(name).verdict(reply).kind == "ok", (request, reply)
        yield read(reply.body, Note(moment, known, dict(request.params)))


def held(parsed: Parsed) -> None:
    assert not [why for why in parsed.ignored if why.startswith("bad row")], parsed.ignored


def test_there_is_a_server_for_every_declaration():
    assert list(SERVERS) == [one.name for one in VENUES]
    assert all(server(name).name == name for name in SERVERS)


@pytest.mark.parametrize(("name", "poll"), POLLS, ids=ids(POLLS))
def test_snapshots(name: str, poll: Poll):
    chosen = wanted(name, poll)
    fields: set[str] = set()
    listed: set[str] = set()
    for parsed in answers(name, list(poll.ask(chosen)), poll.read, NOW):
        held(parsed)
        fields |= {seen.field for seen in parsed.observations}
        listed |= {found.instrument.symbol for found in parsed.listings}
        symbols = set(instruments(name))
        assert {seen.instrument for seen in parsed.observations} <= symbols
    if poll in venue(name).listings:
        assert listed
    else:
        assert fields == set(poll.fields)


@pytest.mark.parametrize(("name", "history"), HISTORIES, ids=ids(HISTORIES))
def test_rows_of_the_past(name: str, history: History):
    chosen = wanted(name, history)[:3]
    end = NOW // history.period_us * history.period_us
    # settlements every eight hours: enough of them to tell their interval
    start = end - (26 * HOUR if history.period_us >= HOUR else 3 * history.period_us)
    fields: set[str] = set()
    requests = [history.ask(one, start, end) for one in chosen]
    for parsed in answers(name, requests, history.read, NOW):
        held(parsed)
        fields |= {seen.field for seen in parsed.observations}
        assert all(seen.event_time <= NOW for seen in parsed.observations)
        grid = {seen.event_time % MINUTE for seen in parsed.observations}
        assert grid <= {0}
    assert fields == set(history.fields)


@pytest.mark.parametrize(("name", "flow"), STREAMS, ids=ids(STREAMS))
def test_pushes(name: str, flow: Stream):
    """Every topic is acknowledged, then everything it declares comes."""
    known = instruments(name)
    chosen = wanted(name, flow)[:12]
    topics = [topic.name for topic in flow.topics(chosen)]
    made = server(name)
    made.pace = 600.0
    session = made.open(flow.host, flow.path(topics), NOW)
    assert session is not None
    reader = flow.reader()
    acknowledged: set[str] = set()
    fields: set[str] = set()
    asked = flow.subscribe(topics, 1)
    named = {number: names for number, names, _ in asked}

    def read(frames: list[str], at: int) -> None:
        for frame in frames:
            parsed = reader.read(frame.encode(), Note(at, known))
            held(parsed)
            fields.update(seen.field for seen in parsed.observations)
            for control in parsed.controls:
                assert control.kind != "refused", frame
                if control.kind == "ack":
                    acknowledged.update(control.topics or named.get(control.id, ()))

    for _, _, text in asked:
        read(session.receive(text, NOW), NOW)
    # dated futures pay no funding, and a stream of them alone tells none
    silent = FUNDING if all(one.kind == "future" for one in chosen) else set()
    expected = set(flow.fields) - silent
    at = NOW
    while at < NOW + 12 * HOUR and not expected <= fields:
        due = session.next_due(at)
        assert due is not None
        assert due >= at
        at = due
        read(session.push(at), at)
    assert expected - fields == set()
    assert fields <= set(flow.fields)
    assert acknowledged == (set(topics) if asked else set())


def test_the_same_question_has_the_same_answer():
    for name in SERVERS:
        poll = venue(name).polls[0]
        request = poll.ask(wanted(name, poll))[0]
        assert server(name).answer(request, NOW) == server(name).answer(request, NOW)
