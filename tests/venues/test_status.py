"""What the status line and the Retry-After header say, whoever the venue."""

from __future__ import annotations

import math

import pytest

from tideline.venues.catalogue import VENUES
from tideline.venues.declaration import Venue
from tideline.venues.status import EDGE_S, retry_after_s
from tideline.venues.wire import Reply

DATE = "Wed, 21 Oct 2026 07:28:00 GMT"


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        ("17", 17.0),
        (" 17 ", 17.0),
        ("0", 0.0),
        ("Wed, 21 Oct 2026 07:30:30 GMT", 150.0),
        ("Wed, 21 Oct 2026 07:30:30 -0000", 150.0),
        ("Wed, 21 Oct 2026 07:00:00 GMT", 0.0),
        ("Thu, 22 Oct 2026 07:28:00 GMT", 3600.0),
        ("9" * 400, 3600.0),
        ("-5", 0.0),
        ("1.5", 0.0),
        ("٣", 0.0),
        ("soon", 0.0),
        ("", 0.0),
    ],
)
def test_a_wait_is_a_number_or_a_date(told: str, seconds: float):
    assert retry_after_s(Reply(429, b"", {"retry-after": told, "date": DATE})) == seconds


def test_a_date_needs_the_venues_own_clock():
    told = {"retry-after": "Wed, 21 Oct 2026 07:30:30 GMT"}
    assert retry_after_s(Reply(429, b"", told)) == 0.0
    assert retry_after_s(Reply(429, b"", told | {"date": "yesterday"})) == 0.0


@pytest.mark.parametrize("venue", VENUES, ids=lambda venue: venue.name)
@pytest.mark.parametrize("status", [403, 418, 429, 451])
def test_no_wait_is_endless(venue: Venue, status: int):
    found = venue.verdict(Reply(status, b"", {"retry-after": "9" * 400}))
    assert math.isfinite(found.wait_s)


@pytest.mark.parametrize("venue", VENUES, ids=lambda venue: venue.name)
def test_a_page_of_the_edge_shuts_the_address_out(venue: Venue):
    found = venue.verdict(Reply(403, b"<html>Forbidden</html>"))
    assert found.kind == "ban"
    assert found.wait_s >= EDGE_S


@pytest.mark.parametrize("venue", VENUES, ids=lambda venue: venue.name)
@pytest.mark.parametrize("value", ["[]", "{}", "true", "null", "1.5", '"x"', "[[]]"])
def test_a_code_of_another_kind_has_a_verdict(venue: Venue, value: str):
    for form in ('{"retCode":%s}', '{"code":%s,"msg":""}', '{"jsonrpc":"2.0","error":{"code":%s}}'):
        for status in (200, 400, 429, 500):
            venue.verdict(Reply(status, (form % value).encode()))
