"""What changes at venues, in clocks and on disks while a collector runs, and what the log says."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.simulation.staging import START, Kept, Played, legs_of, play, world_of
from tideline.collect.attended import Wanted
from tideline.collect.live import committer as committing
from tideline.collect.live.committer import Committer
from tideline.domain.time import DAY, HOUR, MINUTE, SECOND, ManualClock, TimeUs
from tideline.log import Log
from tideline.market.changes import Delisted, Relisted, Renamed, Resized, Restated
from tideline.market.state import Market
from tideline.market.synthetic import Synthetic
from tideline.market.venues.faults.fault import Step
from tideline.store import open_store

LISTED_US = round(1.06 * HOUR)
"""Listings are read once an hour, give or take, and the answer has to come."""
COINS, DOLLARS = "open_interest", "open_interest_usd"
FAR = 0.01
"""Coins made of dollars with the mark of a minute ago may be so far off."""
OPENS = {
    "binance": "/futures/data/openInterestHist",
    "bybit": "/v5/market/open-interest",
    "okx": "/api/v5/rubik/stat/contracts/open-interest-history",
}
"""The histories of open interest."""


def market() -> Synthetic:
    return Synthetic(3, 7, START)


def off(true: Market, venue: str, symbol: str, rows: dict[int, float]) -> float:
    """How far the worst of these coins is from what the market says, as a part of it."""
    return max(
        abs(value / true.quote(venue, symbol, event).oi_coin - 1.0) for event, value in rows.items()
    )


def between(rows: dict[int, float], start: int, end: int) -> list[int]:
    return [event for event in rows if start < event <= end]


# --- instruments -----------------------------------------------------------------------------


def test_contracts_of_another_size_leave_coins_as_they_were(tmp_path: Path) -> None:
    at = START + 29 * MINUTE
    true: Market = market()
    changed = {("okx", "ETH-USDT-SWAP"): 0.01, ("binance", "BTCUSD_PERP"): 10.0}
    for (venue, symbol), size in changed.items():
        true = Resized(true, venue, symbol, size, at)
    played = play(world_of(true, ("binance", "okx")), tmp_path, 1.0)
    for (venue, symbol), size in changed.items():
        coins = played.ok(venue, symbol, COINS)
        assert len(between(coins, at, at + HOUR)) > 20
        assert off(true, venue, symbol, coins) < FAR
        assert (venue, symbol, f"break.{COINS}") not in played.legs
        assert played.gaps(venue, symbol).keys() <= {
            key for key in played.gaps(venue, symbol) if key[0] == "gap.liquidation"
        }
        old, new = played.legs[venue, symbol, "instrument"]
        assert json.loads(new.text or "")["contract_size"] == size
        assert json.loads(old.text or "")["contract_size"] != size
        # numbers that contradict the listing make it be read again at once
        assert at < new.event <= new.known < at + 2 * MINUTE
    # where coins are said there is nothing to suspect; contracts of the new size are suspect until
    # the size is known, and stay so
    assert played.suspects("okx", "ETH-USDT-SWAP", COINS) == []
    held = played.suspects("binance", "BTCUSD_PERP", COINS)
    assert 0 < len(held) <= 2
    assert all(at < row.event < at + 2 * MINUTE for row in held)
    died = {
        one.at: one.coin
        for one in true.liquidations("okx", "ETH-USDT-SWAP", at + 2 * MINUTE, START + HOUR)
    }
    kept = {
        event: value
        for side in ("long", "short")
        for event, value in played.ok("okx", "ETH-USDT-SWAP", f"liquidation_{side}_coin").items()
    }
    assert len(kept) > 3
    assert {event: died.get(event // 1000 * 1000) for event in kept} == pytest.approx(kept)


def names_changed() -> Market:
    """BTC stays. At the hour ETH is relisted after two hours, SOL delisted, or renamed at okx."""
    true: Market = market()
    at = START + HOUR // 2
    for venue, symbol in (("binance", "ETHUSDT"), ("okx", "ETH-USDT-SWAP"), ("bybit", "ETHUSDT")):
        true = Relisted(true, venue, symbol, at, at + 2 * HOUR)
    for venue in ("binance", "bybit"):
        true = Delisted(true, venue, "SOLUSDT", at)
    return Renamed(true, "okx", "SOL-USDT-SWAP", "SOLX-USDT-SWAP", at)


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> tuple[Played, Path]:
    path = tmp_path_factory.mktemp("names")
    wanted = Wanted(assets=("BTC", "ETH", "SOL", "SOLX"), commit_s=30.0, backfill_days=0.05)
    world = world_of(names_changed(), ("binance", "bybit", "okx"), 120.0)
    return play(world, path, 4.0, wanted=wanted), path


GONE = (("binance", "SOLUSDT"), ("bybit", "SOLUSDT"), ("okx", "SOL-USDT-SWAP"))
AGAIN = (("binance", "ETHUSDT"), ("bybit", "ETHUSDT"), ("okx", "ETH-USDT-SWAP"))
LEFT = START + HOUR // 2
BACK = LEFT + 2 * HOUR


@pytest.mark.parametrize(("venue", "symbol"), GONE)
def test_a_name_that_is_gone_is_awaited_no_longer_than_it_is_listed(
    names: tuple[Played, Path], venue: str, symbol: str
) -> None:
    played, _ = names
    coins = played.ok(venue, symbol, COINS)
    assert LEFT - 5 * MINUTE < max(coins) < LEFT + MINUTE
    assert off(played.world.market, venue, symbol, coins) < FAR
    ended = [row.known for (_, of, _), rows in played.legs.items() if of == symbol for row in rows]
    assert max(ended) < LEFT + LISTED_US
    for (leg, start), end in played.gaps(venue, symbol).items():
        # a slow history may be silent before; nothing goes on after the listing without the name
        assert end < LEFT + LISTED_US, (leg, start)


def test_a_new_name_is_followed_from_the_next_listing_on(names: tuple[Played, Path]) -> None:
    played, _ = names
    coins = played.ok("okx", "SOLX-USDT-SWAP", COINS)
    assert len(between(coins, LEFT, START + DAY)) > 60
    assert off(played.world.market, "okx", "SOLX-USDT-SWAP", coins) == 0.0
    [fact] = played.legs["okx", "SOLX-USDT-SWAP", "instrument"]
    assert json.loads(fact.text or "")["listed_us"] == LEFT
    assert {leg for leg, _ in played.gaps("okx", "SOLX-USDT-SWAP")} <= {"gap.liquidation"}


@pytest.mark.parametrize(("venue", "symbol"), AGAIN)
def test_a_name_that_comes_again_is_a_break_and_its_absence_is_recorded(
    names: tuple[Played, Path], venue: str, symbol: str
) -> None:
    played, _ = names
    coins = played.ok(venue, symbol, COINS)
    assert off(played.world.market, venue, symbol, coins) < FAR
    assert between(coins, LEFT + MINUTE, BACK - 1) == []
    assert len(between(coins, BACK, START + DAY)) > 20
    for name in (COINS, DOLLARS):
        [row] = played.legs[venue, symbol, f"break.{name}"]
        assert BACK < row.event <= row.known < BACK + LISTED_US
    *_, fact = played.legs[venue, symbol, "instrument"]
    assert json.loads(fact.text or "")["listed_us"] == BACK
    absent = [
        (start, end)
        for (leg, start), end in played.gaps(venue, symbol).items()
        if leg == "gap.mark_price"
    ]
    assert [(start < LEFT + LISTED_US, BACK < end < BACK + LISTED_US) for start, end in absent] == [
        (True, True)
    ]


def test_features_over_a_relisting_answer_break(names: tuple[Played, Path]) -> None:
    played, path = names
    address = "positioning.oi_usdtm_coin@2h:delta"
    with open_store(path / "store", ManualClock(played.head)) as store:
        asked = {"features": [address], "as_of": played.head, "evidence": True}
        [over] = store.historical(asset="ETH", **asked).to_dicts()
        assert (over[address], over[f"{address}.reason"]) == (None, "break")
        [through] = store.historical(asset="BTC", **asked).to_dicts()
        assert through[address] is not None


# --- histories -------------------------------------------------------------------------------


def grid(played: Played, venue: str, symbol: str) -> list[Kept]:
    """Open interest rows of the history of a symbol."""
    rows = played.legs[venue, symbol, COINS]
    return [row for row in rows if row.event % (5 * MINUTE) == 0]


def test_restated_and_late_rows_are_known_when_they_came_and_no_sooner(tmp_path: Path) -> None:
    span, seen, by = (START, START + 15 * MINUTE), START + 40 * MINUTE, 50.0
    clock = ManualClock(START)
    true = Restated(market(), "binance", "BTCUSDT", span, by, seen, clock)
    world = world_of(true, ("binance",), clock=clock)
    late = Step(
        "late", START, START + DAY, path=OPENS["binance"], amount=600.0, symbols=("ETHUSDT",)
    )
    world.scripts["binance"].add(late)
    played = play(world, tmp_path, 1.3)
    first = market()
    restated = 0
    for event in range(span[0] + 5 * MINUTE, span[1] + 1, 5 * MINUTE):
        old, new = [row for row in grid(played, "binance", "BTCUSDT") if row.event == event]
        true_then = first.quote("binance", "BTCUSDT", event).oi_coin
        assert (old.value, new.value) == (true_then, pytest.approx(true_then + by))
        assert old.known < seen <= new.known
        restated += 1
    assert restated == 3
    moment = START + 39 * MINUTE
    with Log.open(tmp_path / "store", ManualClock(played.head)) as log:
        then = legs_of(log, moment)["binance", "BTCUSDT", COINS]
    assert all(row.known <= moment for row in then)
    assert off(first, "binance", "BTCUSDT", {row.event: row.value for row in then}) == 0.0
    rows = [row for row in grid(played, "binance", "ETHUSDT") if row.basis == "recorded"]
    assert len(rows) > 8
    assert all(row.known - row.event >= 10 * MINUTE for row in rows if row.event > START)
    assert off(first, "binance", "ETHUSDT", played.ok("binance", "ETHUSDT", COINS)) == 0.0


@pytest.mark.parametrize("by_s", [300.0, -300.0])
def test_a_history_whose_labels_move_is_held_back_and_named(tmp_path: Path, by_s: float) -> None:
    true, moved = market(), START + HOUR
    world = world_of(true, tuple(OPENS), 120.0)
    for venue, path in OPENS.items():
        world.scripts[venue].add(Step("shifted", moved, START + DAY, path=path, amount=by_s))
    wanted = Wanted(assets=("BTC", "ETH", "SOL"), commit_s=30.0, backfill_days=0.05)
    played = play(world, tmp_path, 3.0, wanted=wanted)
    labels = played.store.committer.intake.labels
    for venue in OPENS:
        assert any(feed.startswith(venue) for feed in labels.shifts), venue
        assert set(labels.shifts.values()) == {1 if by_s > 0 else -1}
        doubted = min(
            at for (at, name), word in played.said.items() if name == venue and word["concern"]
        )
        assert doubted < moved + HOUR
        assert "held back" in played.status.venues[venue].concern
        perpetual = {"okx": "BTC-USDT-SWAP"}.get(venue, "BTCUSDT")
        after = [row for row in grid(played, venue, perpetual) if row.known > doubted + MINUTE]
        assert len(after) > 6
        assert {row.status for row in after} == {"suspect"}
        # what was heard live goes on undoubted
        live = played.ok(venue, perpetual, COINS)
        assert len(between(live, doubted, START + DAY)) > 20
        assert off(true, venue, perpetual, {e: v for e, v in live.items() if e > doubted}) == 0.0


def test_right_histories_are_in_no_doubt(names: tuple[Played, Path]) -> None:
    played, _ = names
    assert played.store.committer.intake.labels.shifts == {}
    assert {venue.concern for venue in played.status.venues.values()} == {""}


# --- clocks ----------------------------------------------------------------------------------


def test_clocks_of_venues_that_are_wrong(tmp_path: Path) -> None:
    true, on, end = market(), START + 10 * MINUTE, START + 40 * MINUTE
    world = world_of(true, ("bybit", "okx", "bitget", "binance"))
    ahead_s = {"bybit": 600.0, "okx": -600.0, "bitget": 2.0, "binance": -2.0}
    for venue, amount in ahead_s.items():
        world.scripts[venue].add(Step("skew", on, end, amount=amount))
    played = play(world, tmp_path, 1.0)
    for venue in ("bybit", "okx", "bitget"):
        said = [
            word["skew_us"]
            for (at, name), word in played.said.items()
            if name == venue and end - 10 * MINUTE < at < end
        ]
        assert said
        assert all(abs(skew - ahead_s[venue] * SECOND) < SECOND for skew in said)
    # known_time is ours: every row was known within a commit of when it was heard
    stamps = sorted(
        {row.known for rows in played.legs.values() for row in rows if row.basis == "recorded"}
    )
    assert START < stamps[0] < stamps[-1] <= START + HOUR + MINUTE
    out = played.store.committer.intake.tally.feeds
    left = {name: feed.left_out.get("ahead of our clock", 0) for name, feed in out.items()}
    assert {name.split(".")[0] for name, count in left.items() if count} == {"bybit"}
    assert left["bybit.linear.stream"] > 50
    assert left["bybit.linear.tickers"] > 50
    # what is left out is missing, and said to be
    live = [row for row in played.legs["bybit", "BTCUSDT", "mark_price"] if row.event % MINUTE]
    assert not [row for row in live if on + MINUTE < row.event < end]
    gaps = played.gaps("bybit", "BTCUSDT")
    for leg in (COINS, "mark_price", "index_price", "funding_rate_quoted", "liquidation"):
        [(start, until)] = [
            (start, until)
            for (name, start), until in gaps.items()
            if name == f"gap.{leg}" and start < START + 50 * MINUTE
        ]
        assert on - 3 * MINUTE < start <= on
        assert end <= until < end + 4 * MINUTE
    # two seconds are within what is believed: no row, no gap too many
    for venue in ("bitget", "binance", "okx"):
        symbol = {"okx": "BTC-USDT-SWAP"}.get(venue, "BTCUSDT")
        assert off(true, venue, symbol, played.ok(venue, symbol, COINS)) < FAR
        assert played.suspects(venue, symbol, COINS) == []


@dataclass
class SetClock:
    """A wall clock that is set: from each moment on it is so far ahead of the true one."""

    true: ManualClock
    sets: tuple[tuple[int, int], ...]

    def now(self) -> TimeUs:
        ahead = [ahead for at, ahead in self.sets if self.true.at >= at]
        return TimeUs(self.true.at + (ahead[-1] if ahead else 0))

    def monotonic(self) -> float:
        return self.true.monotonic()

    def sleep(self, seconds: float) -> None:
        self.true.sleep(seconds)


def test_our_clock_an_hour_back_and_a_day_ahead(tmp_path: Path) -> None:
    true = market()
    world = world_of(true, ("bybit", "okx"))
    moments = tuple(START + minutes * MINUTE for minutes in (10, 20, 30, 40))
    clock = SetClock(world.clock, tuple(zip(moments, (-HOUR, 0, DAY, 0), strict=True)))
    played = play(world, tmp_path, 0.9, clock=clock)
    assert played.status.clock_steps == 2
    assert not played.status.clock_in_doubt
    doubted = {at for (at, _), word in played.said.items() if word["in_doubt"]}
    assert 16 <= len(doubted) <= 22
    knowns = sorted(
        {row.known for rows in played.legs.values() for row in rows if row.basis == "recorded"}
    )
    assert knowns[0] > START
    assert knowns[-1] < world.clock.at + SECOND
    # nothing was stamped meanwhile, and what was heard meanwhile was not lost
    for back, again in (moments[:2], moments[2:]):
        assert not [known for known in knowns if back + 11 * SECOND < known < again]
    for venue, symbol in (("bybit", "BTCUSDT"), ("okx", "BTC-USDT-SWAP")):
        coins = played.ok(venue, symbol, COINS)
        assert off(true, venue, symbol, coins) == 0.0
        for back, again in (moments[:2], moments[2:]):
            assert len(between(coins, back, again)) > 6
        assert {leg for leg, _ in played.gaps(venue, symbol)} <= {"gap.liquidation"}
    missing(played)


# --- disks, queues, restarts -----------------------------------------------------------------


def missing(played: Played) -> None:
    """Every value that was handed over is in the log, but events of before they were heard."""
    kept = {key: {(row.event, row.value) for row in rows} for key, rows in played.legs.items()}
    for key, came in played.store.came.items():
        if not key[2].startswith("liquidation"):
            assert came <= kept.get(key, set()), key


def test_a_slow_disk_drops_what_does_not_fit_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(committing, "MOST_BYTES", 30_000)
    true = market()
    world = world_of(true, ("bybit",), 1.0)
    slow, full = (START + 2 * MINUTE, START + 3 * MINUTE), (START + 5 * MINUTE, START + 6 * MINUTE)

    async def offload(work: committing.Work) -> None:
        if slow[0] <= world.clock.at < slow[1]:
            await asyncio.sleep(30)
        work()

    def spoil(committer: Committer) -> None:
        append = committer._writer.append

        def failing(*batch: object) -> object:
            if full[0] <= world.clock.at < full[1]:
                raise OSError(28, "No space left on device")
            return append(*batch)  # type: ignore[arg-type]

        monkeypatch.setattr(committer._writer, "append", failing)

    wanted = Wanted(assets=("BTC", "ETH"), commit_s=1.0, backfill_days=0.05, queue=50)
    played = play(world, tmp_path, 0.15, wanted=wanted, offload=offload, spoil=spoil)
    venue = played.status.venues["bybit"]
    assert played.status.commit_failures >= 30
    assert played.status.commit_error == ""
    assert venue.restarts == 0
    assert max(word["queue"] for word in played.said.values()) <= 60
    # bounded, and what did not fit is counted and a gap
    dropped = played.store.dropped
    assert dropped
    assert sum(one.count for one in dropped) == sum(feed.dropped for feed in venue.feeds.values())
    assert {any(lo <= one.since <= hi + MINUTE for lo, hi in (slow, full)) for one in dropped} == {
        True
    }
    gaps = played.gaps("bybit", "BTCUSDT")
    for one in dropped:
        if one.feed == "bybit.linear.stream":
            assert any(
                leg == f"gap.{COINS}" and start <= one.since + SECOND and one.at <= end + SECOND
                for (leg, start), end in gaps.items()
            )
    missing(played)
    coins = played.ok("bybit", "BTCUSDT", COINS)
    assert len(between(coins, full[1] + MINUTE, START + HOUR)) > 60
    assert off(true, "bybit", "BTCUSDT", coins) == 0.0


def test_a_restart_with_an_overlapping_back_fill_brings_no_row_twice(tmp_path: Path) -> None:
    names = ("binance", "bybit", "okx", "bitget", "hyperliquid", "coinbase")
    world = world_of(market(), names)
    first = play(world, tmp_path, 0.4)
    second = play(world, tmp_path, 0.4)
    assert sum(map(len, second.legs.values())) > 1.5 * sum(map(len, first.legs.values()))
    for key, rows in second.legs.items():
        if key[2].startswith("gap."):  # an end that has grown is a row of its own
            continue
        assert len({(row.event, row.value, row.status) for row in rows}) == len(rows), key
        assert set(first.legs.get(key, ())) <= set(rows)
    tally = second.store.committer.intake.tally.feeds.values()
    assert sum(feed.duplicates for feed in tally) > 100
