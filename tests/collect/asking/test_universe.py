"""Who is followed: by name, by open interest over venues, by listing order when there is none."""

from __future__ import annotations

from dataclasses import replace

from tests.collect.scripted import ACME, EACH, instrument, named
from tideline.collect.asking.universe import Choice, instruments_of, ranking_venues
from tideline.domain.venue import GATEWAY
from tideline.venues.parsed import Listing

VENUES = frozenset({"acme", "emca"})


def choice(top: int = 2, assets: tuple[str, ...] = ()) -> Choice:
    return Choice(assets, top, VENUES)


def test_names_that_were_given_are_all_that_is_followed() -> None:
    found = choice(assets=("BTC", "ETH"))
    found.report("acme", {"SOL": 1e12})
    assert found.chosen() == {"BTC", "ETH"}


def test_open_interest_is_added_up_over_venues() -> None:
    found = choice()
    found.report("acme", {"A": 10.0, "B": 50.0, "C": 1.0})
    found.report("emca", {"A": 60.0, "D": 55.0})
    assert found.ranked() == ["A", "D", "B", "C"]
    assert found.chosen() == {"A", "D"}


def test_who_was_in_stays_while_near_the_top() -> None:
    found = choice()
    found.report("acme", {"A": 3.0, "B": 2.0, "C": 1.0, "D": 0.5})
    assert found.chosen() == {"A", "B"}
    found.report("acme", {"A": 3.0, "C": 2.0, "B": 1.0, "D": 0.5})
    assert found.chosen() == {"A", "B", "C"}  # third of three that may stay
    found.report("acme", {"A": 3.0, "C": 2.0, "D": 1.0, "B": 0.5})
    assert found.chosen() == {"A", "C"}


def test_without_any_open_interest_the_order_of_listing_counts() -> None:
    found = choice()
    listings = [Listing(instrument(f"{name}USDT"), "trading") for name in ("BTC", "ETH", "AAA")]
    found.saw("acme", [Listing(instrument("OLDUSDT"), "delisted"), *listings])
    assert found.chosen() == {"BTC", "ETH"}


def test_what_does_not_trade_or_is_of_no_use_is_not_followed() -> None:
    listings = [
        Listing(instrument("BTCUSDT"), "trading"),
        Listing(instrument("ETHUSDT"), "halted"),
        Listing(replace(instrument("BTCEUR"), asset="BTC", kind="spot"), "trading"),
        Listing(replace(instrument("BTC-26DEC"), asset="BTC", kind="future"), "trading"),
        Listing(instrument("AAAUSDT"), "trading"),
    ]
    only = replace(EACH, selects=lambda one: one.derivative)
    venue = replace(ACME, polls=(only,))
    found = instruments_of(venue, listings, frozenset({"BTC", "ETH", "AAA"}), ["AAA", "BTC"])
    # In order of open interest, perpetuals first.
    assert [one.symbol for one in found] == ["AAAUSDT", "BTCUSDT", "BTC-26DEC"]


def test_the_gateway_ranks_only_when_it_is_alone() -> None:
    gateway = named(ACME, GATEWAY)
    assert ranking_venues([ACME, gateway]) == {"acme"}
    assert ranking_venues([gateway]) == {GATEWAY}
    assert ranking_venues([replace(ACME, polls=(EACH,))]) == frozenset()
