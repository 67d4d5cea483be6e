"""Bulk rows against the market that venue servers are fed from, one row at a time."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np
import pytest

from tests.market.tapes import START, tape
from tests.simulation.truth import Truth
from tideline.collect.availability import default_lag_us
from tideline.domain.errors import BadInput, UnknownName
from tideline.domain.time import DAY, HOUR, MINUTE, SECOND, ManualClock
from tideline.log.schema import check_batch
from tideline.market.observation.market import Observed
from tideline.market.observation.offered import OFFERED
from tideline.market.observation.prior import PERFECT, ObservationPrior, Range
from tideline.market.observation.quality import Outage, Quality, Restatement, draw_quality
from tideline.market.observation.rows import history_rows, observed_rows
from tideline.market.recorded import Recorded

HOURS = 10.0
TAPE = tape(hours=HOURS, listed={"bitget": 1440})
VENUES = tuple(dict.fromkeys(book.venue for book in TAPE.books))
CALM = draw_quality(TAPE, PERFECT)
STALE = draw_quality(TAPE, ObservationPrior(outages_a_week=Range(1e-9, 1e-9)))

Leg = tuple[str, str]
Rows = dict[Leg, list[tuple[int, int, float, float]]]


def legs_of(table: Any) -> Rows:
    """(venue, field) -> (event, known, value, cadence_s)."""
    found: Rows = defaultdict(list)
    words = [table.column(name).cast("string").to_pylist() for name in ("venue", "field")]
    times = [table.column(name).cast("int64").to_pylist() for name in ("event_time", "known_time")]
    rest = table.column("value").to_pylist(), table.column("cadence_s").to_pylist()
    for venue, field, event, known, value, cadence in zip(*words, *times, *rest, strict=True):
        found[venue, field].append((event, known, value, cadence))
    return found


def test_every_row_is_what_the_venue_said_then() -> None:
    market = Observed(Recorded([TAPE]), [STALE], ManualClock(TAPE.end + DAY))
    truth = Truth(market, (TAPE.start, TAPE.end), 0)
    symbols = {book.venue: book.symbol for book in TAPE.books if not book.spot}
    checked = 0
    for (venue, field), rows in legs_of(observed_rows(TAPE, STALE, venues=VENUES)).items():
        for event, known, value, cadence in rows[:: max(1, len(rows) // 60)]:
            assert known > event
            if field.startswith(("alive.", "gap.")):
                continue
            if field == "open_interest_usd":
                quote = market.quote(venue, symbols[venue], event)
                assert value == quote.oi_coin * quote.mark_price
            elif not truth.holds(venue, symbols[venue], field, event, value, cadence):
                # what Truth allows for the way of a frame is exact here
                quote = market.quote(venue, symbols[venue], event)
                exact = {
                    "open_interest": quote.oi_coin,
                    "mark_price": quote.mark_price,
                    "index_price": quote.index_price,
                }
                assert value == exact[field], (venue, field, event)
            checked += 1
    assert checked > 2_000


def test_open_interest_is_as_old_as_the_venues_last_look() -> None:
    number = VENUES.index("okx")
    refresh = STALE.refresh[number]
    rows = legs_of(observed_rows(TAPE, STALE, every_s=1.0, venues=["okx"]))["okx", "open_interest"]
    changes = [
        event
        for (event, _, value, _), (_, _, before, _) in zip(rows[1:], rows, strict=False)
        if value != before
    ]
    # no change but in the second after a look
    assert changes
    assert all((event - refresh.phase_us) % refresh.every_us < SECOND for event in changes)
    lot = TAPE.books[number].lot
    for event, _, value, _ in rows[::500]:
        step = (int(refresh.held(event)) - START) // TAPE.step_us - 1
        assert value == pytest.approx(TAPE.oi[number, max(step, 0)] * lot, rel=1e-12)


def test_bars_add_up_to_the_tape() -> None:
    found = legs_of(observed_rows(TAPE, CALM, venues=VENUES))
    for number, book in enumerate(TAPE.books):
        if book.spot or (
            "volume_coin" not in {field for venue, field in found if venue == book.venue}
        ):
            continue
        total = (TAPE.buy[number] + TAPE.sell[number]).sum() * book.lot
        assert sum(row[2] for row in found[book.venue, "volume_coin"]) == pytest.approx(total)
        buy = found.get((book.venue, "taker_buy_coin"))
        if buy:
            assert sum(row[2] for row in buy) == pytest.approx(TAPE.buy[number].sum() * book.lot)
            length = OFFERED[book.venue].taker
            assert length is not None
            assert {row[3] for row in buy} == {length.length_us / SECOND}
    spot = found["binance", "spot_volume_usd"]
    assert len(spot) == HOURS * 60


def test_a_book_has_no_row_before_it_is_listed() -> None:
    listed = START + 1440 * TAPE.step_us
    for (venue, _), rows in legs_of(observed_rows(TAPE, STALE, venues=VENUES)).items():
        least = listed if venue == "bitget" else START
        assert min(row[0] for row in rows) > least


def test_a_span_has_the_rows_of_the_whole_within_it() -> None:
    whole = legs_of(observed_rows(TAPE, STALE))
    span = START + 3 * HOUR, START + 5 * HOUR
    part = legs_of(observed_rows(TAPE, STALE, start=span[0], end=span[1]))
    for leg, rows in whole.items():
        inside = {(row[0], row[2]) for row in rows if span[0] < row[0] <= span[1]}
        assert inside == {(row[0], row[2]) for row in part.get(leg, [])}, leg


def test_the_same_world_gives_the_same_rows() -> None:
    assert observed_rows(TAPE).equals(observed_rows(TAPE))
    assert not observed_rows(TAPE).equals(observed_rows(tape(seed=2, hours=HOURS)))


def outage(kind: Any) -> Quality:
    span = START + 4 * HOUR, START + 5 * HOUR
    lost = tuple(Outage(venue, kind, *span) for venue in VENUES)
    return Quality(CALM.refresh, CALM.delay_s, 0.0, lost, ())


@pytest.mark.parametrize("kind", ["all", "push", "poll"])
def test_what_an_outage_takes_and_what_is_said_of_it(kind: Any) -> None:
    start, end = START + 4 * HOUR, START + 5 * HOUR
    found = legs_of(observed_rows(TAPE, outage(kind), venues=VENUES))

    def silent(venue: str, field: str) -> bool:
        rows = found.get((venue, field), [])
        return bool(rows) and not any(start <= row[0] < end for row in rows)

    for venue in VENUES:
        offer = OFFERED[venue]
        polled_only = not offer.pushes
        held = kind == "all" or (kind == "poll" and polled_only)
        assert silent(venue, "open_interest") == held
        assert ((venue, "gap.open_interest") in found) == held
        assert silent(venue, "index_price") == (kind == "all")
        if offer.liquidations != "none":
            forced = kind in ("all", "push")
            assert silent(venue, "alive.liquidation") == forced
            gaps = found.get((venue, "gap.liquidation"), [])
            assert bool(gaps) == forced
            if gaps:
                assert {row[0] for row in gaps} == {start}
                assert [row[2] for row in gaps] == sorted(row[2] for row in gaps)
                assert gaps[-1][2] == end
                # never said before it is so
                assert all(known >= value for _, known, value, _ in gaps)
        if offer.volume is not None:
            bars = [row for row in found[venue, "volume_coin"] if start < row[0] <= end]
            assert len(bars) == 60  # history mends them
            late = kind != "push"
            assert all((known >= end) == late for _, known, _, _ in bars[:10])


def test_a_restatement_is_a_later_row_of_the_same_instant() -> None:
    span = START + 2 * HOUR, START + 3 * HOUR
    seen = START + 6 * HOUR
    one = Restatement("bybit", "BTCUSDT", *span, 7, seen)
    quality = Quality(CALM.refresh, CALM.delay_s, 0.0, (), (one,))
    rows = legs_of(observed_rows(TAPE, quality))["bybit", "open_interest"]
    restated = [row for row in rows if row[1] >= seen and row[0] <= span[1]]
    assert [row[0] for row in restated] == list(
        range(span[0] + 5 * MINUTE, span[1] + 1, 5 * MINUTE)
    )
    clock = ManualClock(seen)
    later = Observed(Recorded([TAPE]), [quality], clock)
    for event, _, value, _ in restated:
        assert later.quote("bybit", "BTCUSDT", event).oi_coin == value
    clock.at = seen - 1
    before = Observed(Recorded([TAPE]), [quality], clock)
    told = before.quote("bybit", "BTCUSDT", span[1]).oi_coin
    assert restated[-1][2] - told == pytest.approx(7 * 0.001)


def test_history_is_assumed_with_the_lags_of_an_import() -> None:
    table = history_rows(TAPE, venues=VENUES)
    assert set(table.column("basis").cast("string").to_pylist()) == {"assumed"}
    found = legs_of(table)
    assert {venue for venue, _ in found} == {"binance", "bybit", "okx"}
    for (venue, field), rows in found.items():
        kline = field.startswith(("volume", "taker", "spot"))
        lag = default_lag_us(venue, field, kline=kline)
        assert {known - event for event, known, _, _ in rows} == {lag}
        assert not field.startswith(("liquidation", "alive", "gap", "funding_rate_quoted"))


def test_both_are_taken_by_the_log() -> None:
    for table in (observed_rows(TAPE), history_rows(TAPE)):
        source = np.zeros(table.num_rows, np.int64)
        import pyarrow as pa

        assert check_batch(table.append_column("source_id", pa.array(source))).rows > 1000


def test_what_cannot_be_asked() -> None:
    with pytest.raises(BadInput, match="every_s"):
        observed_rows(TAPE, every_s=0.0)
    with pytest.raises(BadInput, match="start"):
        observed_rows(TAPE, start=TAPE.end, end=TAPE.start)
    with pytest.raises(BadInput, match="bar_us"):
        history_rows(TAPE, bar_us=7 * MINUTE)
    with pytest.raises(UnknownName, match="binance"):
        observed_rows(TAPE, venues=["binanc"])
