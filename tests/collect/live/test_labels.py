"""Histories whose rows are right and bear the wrong time."""

import pytest

from tests.collect.live.fake import HISTORY, T0, Desk
from tideline.collect.live.labels import Heard
from tideline.collect.live.record import Frame
from tideline.domain.time import MINUTE, SECOND

BTC, COINS = "BTCUSDT", "open_interest"
P = 5 * MINUTE


def level(at: int) -> float:
    """Open interest that never stands still and turns now and then."""
    part = (at - T0) / P
    return 1000.0 + abs(part % 14 - 7) + 0.01 * part


def hours(desk: Desk, periods: int, shift: int, flat: bool = False) -> Desk:
    """Live each 30 s, off the grid; a history row each period, ``shift`` periods off."""
    for _ in range(periods * 10):
        heard = desk.at - 7 * SECOND
        desk.push((BTC, COINS, heard, 1000.0 if flat else level(heard)))
        desk.wait(30)
        if desk.at % P == 90 * SECOND:
            last = desk.at - 90 * SECOND
            if shift < 0:
                last -= P
            value = 1000.0 if flat else level(last - shift * P)
            desk.take(Frame(desk.at, HISTORY, row(last, value), 0, {}, "repair"))
    return desk


def row(event: int, value: float) -> bytes:
    return f'{{"rows": [["{BTC}", "{COINS}", {event}, {value!r}]]}}'.encode()


def listening() -> Desk:
    return Desk().open().watch(1, (COINS,), 60.0)


@pytest.mark.parametrize("shift", [1, -1])
def test_rows_of_a_shifted_history_are_held_back_and_the_venue_is_named(shift: int):
    desk = hours(listening(), 18, shift)
    desk.seal()
    assert desk.intake.labels.shifts == {HISTORY: shift}
    [text] = desk.intake.concerns().values()
    assert HISTORY in text
    assert ("later" if shift > 0 else "earlier") in text
    hours(desk, 3, shift)
    assert [one[2] % 300 for one in desk.seal() if one[4] == "suspect"] == [0, 0, 0]


def test_they_are_let_go_when_the_labels_are_right_again():
    desk = hours(listening(), 18, 1)
    hours(desk, 13, 0)
    assert desk.intake.concerns() == {}
    desk.seal()
    hours(desk, 3, 0)
    assert {one[4] for one in desk.seal()} == {"ok"}


@pytest.mark.parametrize(("shift", "flat"), [(0, False), (1, True), (-1, True)])
def test_right_labels_and_levels_that_stand_still_are_in_no_doubt(shift: int, flat: bool):
    desk = hours(listening(), 40, shift, flat)
    assert desk.intake.concerns() == {}
    assert {one[4] for one in desk.seal()} == {"ok"}


def test_values_restated_to_something_else_are_no_shift():
    desk = hours(listening(), 20, 0)
    for k in range(3, 20):
        at = T0 + k * P
        desk.take(Frame(desk.at, HISTORY, row(at, level(at) + 400.0 + k), 0, {}, "repair"))
    assert desk.intake.concerns() == {}
    assert desk.intake.tally.feed(HISTORY).restated == 17


def test_a_restatement_of_everything_is_judged_before_any_of_it_is_kept():
    desk = hours(listening(), 20, 0)
    desk.seal()
    rows = ",".join(
        f'["{BTC}", "{COINS}", {T0 + k * P}, {level(T0 + (k - 1) * P)!r}]' for k in range(4, 20)
    )
    desk.take(Frame(desk.at, HISTORY, f'{{"rows": [{rows}]}}'.encode(), 0, {}, "repair"))
    assert {one[4] for one in desk.seal()} == {"suspect"}


def test_rows_older_than_the_log_are_not_offered_while_the_times_are_in_doubt():
    desk = hours(listening(), 18, 1)
    desk.take(Frame(desk.at, HISTORY, row(T0 - 10 * P, 990.0), 0, {}, "backfill"))
    assert desk.intake.tally.feed(HISTORY).left_out == {"times in doubt": 1}
    assert desk.intake.seal(desk.at).offers == []


def test_what_was_heard_is_interpolated_to_the_grid_and_not_over_long_silences():
    heard = Heard()
    heard.take(T0 - 10 * SECOND, 1.0)
    heard.take(T0 + 30 * SECOND, 5.0)
    assert heard.at == {T0: 2.0}
    heard.take(T0 + P, 7.0)  # too long ago to tell what was between, but exactly on the grid
    assert heard.at == {T0: 2.0, T0 + P: 7.0}
    heard.take(T0 + 2 * P + SECOND, 9.0)
    heard.take(T0, 100.0)
    assert heard.at == {T0: 2.0, T0 + P: 7.0}
    for k in range(3, 100):
        heard.take(T0 + k * P, 1.0)
    assert len(heard.at) == 64
    assert T0 not in heard.at
