"""Thinning: of what is pushed within a second the newest row stays; nothing else is touched."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.collect.live.fake import FAKE, LIQUIDATIONS, T0, Desk
from tideline.collect.live.intake import LiveIntake
from tideline.domain.time import SECOND

BTC = "BTCUSDT"
MS = SECOND // 1000


def desks() -> tuple[Desk, Desk]:
    every = Desk(intake=LiveIntake([FAKE], trusted=["bybit"]))
    thin = Desk(intake=LiveIntake([FAKE], trusted=["bybit"], thin_us=SECOND))
    for desk in (every, thin):
        desk.open().watch(1, ("mark_price", "open_interest"), 5.0)
    return every, thin


def test_the_newest_of_a_second_stays_with_its_twin():
    _, desk = desks()
    desk.seal()
    for ms in (0, 400, 900, 1000, 1100):
        desk.push(
            (BTC, "mark_price", T0 + ms * MS, 50_000.0 + ms),
            (BTC, "open_interest", T0 + ms * MS, 10.0),
        )
    assert desk.wait(2).seal() == [
        (BTC, "mark_price", 0.9, 50_900.0, "ok"),
        (BTC, "open_interest", 0.9, 10.0, "ok"),
        (BTC, "open_interest_usd", 0.9, 509_000.0, "ok"),
        (BTC, "mark_price", 1.1, 51_100.0, "ok"),
        (BTC, "open_interest", 1.1, 10.0, "ok"),
        (BTC, "open_interest_usd", 1.1, 511_000.0, "ok"),
    ]
    assert desk.intake.tally.thinned == 9


def test_polls_and_liquidations_are_never_thinned():
    _, desk = desks()
    desk.watch(1, LIQUIDATIONS, 0.0).seal()
    desk.wait(1)
    for ms in (100, 200, 300):
        desk.push((BTC, LIQUIDATIONS[0], desk.at + ms * MS, 5.0 + ms))
        desk.poll((BTC, "mark_price", desk.at + ms * MS, 50_000.0 + ms))
    rows = [row[1] for row in desk.wait(1).seal() if not row[1].startswith("alive")]
    assert rows.count(LIQUIDATIONS[0]) == 3
    assert rows.count("mark_price") == 3


def test_a_suspect_and_its_release_stay_though_others_of_their_second_go():
    every, thin = desks()
    for desk in (every, thin):
        for ms, value in ((0, 10.0), (100, 20.0), (200, 20.1), (300, 20.1), (400, 20.2)):
            desk.push(
                (BTC, "mark_price", T0 + ms * MS, 50_000.0),
                (BTC, "open_interest", T0 + ms * MS, value),
            )
    whole, rows = ([row for row in desk.wait(1).seal() if row[1] == "open_interest"]
                   for desk in (every, thin))  # fmt: skip
    assert (BTC, "open_interest", 0.1, 20.0, "suspect") in rows
    assert (BTC, "open_interest", 0.1, 20.0, "ok") in rows
    assert [row for row in whole if row[4] == "suspect"] == [row for row in rows if row[4] != "ok"]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["mark_price", "open_interest", "index"]),
            st.integers(0, 4000),
            st.floats(9.0, 11.0),
            st.booleans(),
        ),
        max_size=40,
    ),
    st.sets(st.integers(0, 40)),
)
def test_thinned_rows_are_those_that_stand_at_the_end_of_each_second(pushes, seals):
    """The level at every full second is the same as if everything had been kept."""
    every, thin = desks()
    kept: list[list[tuple]] = [[], []]
    for desk, rows in zip((every, thin), kept, strict=True):
        rows += desk.seal()
        for place, (field, ms, value, pushed) in enumerate(pushes):
            row = (BTC, field if field != "index" else "mark_price", T0 + ms * MS, value)
            desk.push(row) if pushed else desk.poll(row)
            if place in seals:
                rows += desk.seal()
        rows += desk.seal()
    whole, thinned = kept
    assert len(thinned) <= len(whole)
    left = list(whole)
    for row in thinned:
        left.remove(row)  # every row that stayed is one of the whole, no more often than there
    assert all(row[4] == "ok" for row in left)
    for field in ("mark_price", "open_interest"):
        for second in range(1, 6):
            assert level(thinned, field, second) == level(whole, field, second)


def level(rows: list[tuple], field: str, second: int) -> float | None:
    """What stands just before a full second: the newest event's last ok row."""
    standing = [(row[2], i) for i, row in enumerate(rows)
                if row[1] == field and row[4] == "ok" and row[2] < second]  # fmt: skip
    return rows[max(standing)[1]][3] if standing else None
