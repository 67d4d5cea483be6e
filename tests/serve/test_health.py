"""Health tells the truth: a frozen follower, a silent store, damage (reliability 18, 11)."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.serve.world import Desk, Growing, desk_over, minutes, simulated_rows
from tideline.collect.status import Status, VenueStatus, write_status
from tideline.domain.time import SECOND
from tideline.serve.following import Follower
from tideline.serve.health import FROZEN_S, SILENT_S


def health(desk: Desk) -> tuple[int, str, str]:
    answer = desk.get("/v1/health")
    told = answer.json()
    return answer.status_code, told["status"], "; ".join(told["why"])


@pytest.fixture
def growing(tmp_path: Path) -> Growing:
    made = Growing(tmp_path / "store", simulated_rows(["BTC"], 0.2))
    made.advance(minutes(60))
    return made


def running(desk: Desk) -> None:
    """As if the thread were there: the tests take its steps themselves."""
    desk.service.follower._thread = Alive()


class Alive:
    def is_alive(self) -> bool:
        return True

    def join(self, timeout: float) -> None:
        pass


def test_a_follower_that_stands_still_is_unhealthy_within_a_minute(growing: Growing) -> None:
    """18: commits go on and are not taken in."""
    with desk_over(growing.log.path, growing.clock) as desk:
        running(desk)
        desk.service.follower.step()
        assert health(desk)[:2] == (200, "ok")
        for _ in range(int(FROZEN_S) + 1):
            growing.advance(SECOND)
        status, word, why = health(desk)
        assert (status, word) == (503, "unhealthy")
        assert "stands still" in why
        assert FROZEN_S < 60
        desk.service.follower.step()
        assert health(desk)[:2] == (200, "ok")
        assert desk.get("/v1/health").json()["follower"]["behind"] == 0
    growing.close()


def test_a_follower_that_is_gone_is_unhealthy(growing: Growing) -> None:
    with desk_over(growing.log.path, growing.clock) as desk:
        assert health(desk)[1] == "unhealthy"
        desk.service.follower.start()
        assert health(desk)[1] == "ok"
    growing.close()


def test_a_store_that_is_collected_into_and_silent_is_unhealthy_within_a_minute(
    growing: Growing,
) -> None:
    """The collector says it runs, and nothing is committed."""
    write_status(growing.log.path, Status(at=growing.clock.at, started=growing.clock.at))
    with desk_over(growing.log.path, growing.clock) as desk:
        running(desk)
        assert health(desk)[1] == "ok"
        growing.clock.advance(round((SILENT_S - 1) * SECOND))
        assert health(desk)[1] == "ok"
        growing.clock.advance(2 * SECOND)
        assert "nothing was committed for 61 s" in health(desk)[2]
        growing.advance(SECOND)
        desk.service.follower.step()
        assert health(desk)[1] == "ok"
    growing.close()


def test_an_archive_that_nobody_collects_into_is_not_unhealthy_for_its_silence(
    growing: Growing,
) -> None:
    growing.close()
    growing.clock.advance(minutes(10_000))
    with desk_over(growing.log.path, growing.clock) as desk:
        running(desk)
        assert health(desk)[:2] == (200, "ok")


def test_a_concern_of_a_venue_degrades(growing: Growing) -> None:
    venues = {"bybit": VenueStatus(concern="its clock is off")}
    write_status(growing.log.path, Status(at=growing.clock.at, started=0, venues=venues))
    with desk_over(growing.log.path, growing.clock) as desk:
        running(desk)
        assert health(desk)[:2] == (200, "degraded")
    growing.close()


def test_a_store_that_is_gone_is_unhealthy(growing: Growing) -> None:
    """11: a vanished volume."""
    growing.close()
    with desk_over(growing.log.path, growing.clock) as desk:
        running(desk)
        shutil.rmtree(growing.log.path)
        status, word, why = health(desk)
        assert (status, word) == (503, "unhealthy")
        assert "gone" in why


def test_the_head_is_published_after_all_that_was_visible_with_it(growing: Growing) -> None:
    taken: list[int] = []
    follower = Follower(growing.log, growing.clock, lambda commit: taken.append(commit.seq))
    heads: list[tuple[int, int]] = []
    end = follower.listen(lambda head: heads.append((head, taken[-1] if taken else 0)))
    for _ in range(5):
        growing.advance(minutes(5))
        follower.step()
    seqs = [seq for _, seq in heads]
    assert seqs == sorted(seqs)
    assert follower.head == growing.log.head()
    assert follower.applied == growing.log.viewer.state().last_seq == taken[-1]
    end()
    growing.advance(minutes(5))
    follower.step()
    assert len(heads) < len(taken) + 5
    growing.close()


def test_a_reader_of_a_quiet_store_moves_its_head_by_the_clock(growing: Growing) -> None:
    growing.close()
    follower = Follower(growing.log, growing.clock, lambda commit: None)
    before = follower.head
    growing.clock.advance(5 * SECOND)
    follower.refresh()
    assert follower.head == before + 5 * SECOND


def test_trouble_with_the_store_is_said_and_passes(
    growing: Growing, monkeypatch: pytest.MonkeyPatch
) -> None:
    with desk_over(growing.log.path, growing.clock) as desk:
        running(desk)
        desk.service.follower.trouble = "OSError: Input/output error"
        assert "Input/output error" in health(desk)[2]
        desk.service.follower.trouble = ""
        assert health(desk)[1] == "ok"
    growing.close()
