"""The demo as a user runs it: a process, real sockets, Ctrl-C, and going on where it ended."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.cli.demo.conftest import MARKET
from tests.simulation.judge import rows_of
from tests.simulation.truth import UNTIMED, Truth
from tideline.cli.app import run
from tideline.domain.errors import TidelineError
from tideline.domain.fields import BY_NAME
from tideline.domain.time import DAY, HOUR, SECOND, ManualClock, WallClock, parse_time
from tideline.log import Log
from tideline.market import made
from tideline.market.observation.market import Observed
from tideline.market.observation.quality import draw_quality
from tideline.market.recorded import Recorded
from tideline.market.tape import Tape
from tideline.store.transition_rows import judged_up_to

ASKED = ("--assets", "BTC", "--days", "1", "--speed", "20")
PATIENCE_S = 90.0
Played = tuple[Path, str, list[int], dict[str, Any], list[dict[str, Any]]]


def demo(store: Path, home: Path, *more: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tideline.cli", "demo", *ASKED, "--store", str(store), *more],
        env={**os.environ, "TIDELINE_CACHE": str(home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def answer_of(port: int, path: str) -> dict[str, Any]:
    """What the demo's service answers, whatever the status."""
    there = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    with contextlib.closing(there):
        there.request("GET", path)
        found: dict[str, Any] = json.loads(there.getresponse().read())
        return found


def has_rows(store: Path) -> bool:
    """Has the collector written rows of the moment?"""
    try:
        with Log.open(store) as log:
            return any(
                leg.first_recorded_event is not None and leg.field == "open_interest"
                for leg in log.legs()
            )
    except TidelineError:  # it is only just being made
        return False


@pytest.fixture(scope="module")
def played(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Played:
    """A run that was stopped by Ctrl-C, and one that went on from there.

    The store, what the first said, the heads after both, what the second said, and what the first
    served meanwhile: its health, the readings of BTC.
    """
    store = tmp_path_factory.mktemp("demo") / "store"
    port = free_port()
    first = demo(store, home, "--port", str(port))
    real = WallClock()
    until = real.monotonic() + PATIENCE_S
    while not has_rows(store) and first.poll() is None and real.monotonic() < until:
        real.sleep(0.2)
    served: list[dict[str, Any]] = []
    while not served and first.poll() is None and real.monotonic() < until:
        real.sleep(0.2)
        with contextlib.suppress(OSError):
            served = [answer_of(port, "/v1/health"), answer_of(port, "/v1/readings/BTC")]
    first.send_signal(signal.SIGINT)
    said, errors = first.communicate(timeout=PATIENCE_S)
    assert first.returncode == 0, errors
    with Log.open(store) as log:
        head = int(log.head())
    second = demo(store, home, "--for", "4", "--json", "--no-serve")
    told, errors = second.communicate(timeout=PATIENCE_S)
    assert second.returncode == 0, errors
    with Log.open(store) as log:
        heads = [head, int(log.head())]
    return store, said, heads, json.loads(told), served


def test_ctrl_c_ends_it_with_everything_committed(played: Played) -> None:
    store, said, *_ = played
    assert said.startswith("SIMULATED")
    assert "ended (asked)" in said
    assert "all committed" in said
    assert run(["verify", "--store", str(store)]) == 0


def test_it_is_served_meanwhile_on_the_stores_time(played: Played) -> None:
    _, said, heads, told, (health, readings) = played
    assert "serving at http://127.0.0.1:" in said
    assert health["simulated"] is True
    assert health["follower"]["running"] is True
    assert health["head_age_s"] < HOUR / SECOND  # of the market's time, not of this machine's
    assert made.START < int(parse_time(health["head"])) <= heads[0]
    assert readings["simulated"] is True
    assert {"R1", "R3", "R4", "R10"} <= {
        one["entry"].partition(".")[0] for one in readings["readings"]
    }
    assert told["served"] is False


def test_every_reading_is_judged_meanwhile(played: Played) -> None:
    store, _, heads, *_ = played
    with Log.open(store) as log:
        judged = judged_up_to(log, heads[1])
    assert judged is not None
    assert heads[1] - judged < HOUR


def test_it_goes_on_where_it_ended_and_says_so_in_json(played: Played) -> None:
    _, _, heads, told, _ = played
    lived = made.START + 16 * HOUR  # two thirds of a day are history
    assert lived < heads[0] < heads[1] < made.START + DAY
    assert told["simulated"] is True
    assert told["market"] == {**MARKET._asdict(), "assets": ["BTC"]}
    assert told["ended"] == "time"
    assert told["rows"] > 0
    assert told["refused"] == []
    assert int(parse_time(told["head"])) == heads[1]
    assert [one["name"] != "cannot_tell" for one in told["readings"]] == [True]


def test_every_command_reads_the_stores_own_time(
    played: Played, capsys: pytest.CaptureFixture[str]
) -> None:
    store, _, heads, *_ = played
    asked: tuple[list[str], ...] = (
        ["head"],
        ["status"],
        ["scan"],
        ["features", "--asset", "BTC", "--features", "positioning.oi_usdtm@1h,price.ret@1h"],
        ["legs"],
    )
    told = {}
    for given in asked:
        assert run([*given, "--store", str(store), "--json"]) == 0
        told[given[0]] = json.loads(capsys.readouterr().out)
    assert told["head"]["head_us"] == heads[1]
    assert told["features"]["resolved"] == told["head"]["head"]
    values = told["features"]["rows"][0]["values"]
    assert all(value["simulated"] and value["value"] is not None for value in values)
    assert all(told[name]["simulated"] for name in ("head", "status", "scan", "legs"))
    assert told["status"]["stopped"] is True
    # nobody's reading moved the head into the time of this machine
    with Log.open(store) as log:
        assert int(log.head()) == heads[1]


def test_the_rows_are_what_the_venues_said(played: Played, toy: Tape) -> None:
    store, _, heads, *_ = played
    market = Observed(Recorded([toy]), [draw_quality(toy)], ManualClock(heads[1]))
    truth = Truth(market, (toy.start, toy.end), 0)
    checked: Counter[str] = Counter()
    wrong = []
    with Log.open(store) as log:
        rows = list(rows_of(log))
    for row in rows:
        derived = row.field in ("open_interest_usd", "open_interest") and row.venue in UNTIMED
        if row.field not in BY_NAME or row.field.startswith("alive.") or row.status != "ok":
            continue
        if row.venue in UNTIMED and row.cadence_s < 300 and not row.field.startswith("volume"):
            # no time of the venue's own: of a moment shortly before it came
            near = range(row.event // 1000 * 1000, row.event - 5 * SECOND, -1000)
            late = (row._replace(event=at) for at in near)
            good = derived or any(_holds(truth, one) for one in late)
        else:
            good = _holds(truth, row)
        checked[row.venue] += 1
        if not good:
            wrong.append(row)
    assert wrong[:5] == []
    assert set(checked) == {book.venue for book in toy.books}
    assert min(checked.values()) > 20


def _holds(truth: Truth, row: Any) -> bool:
    if truth.holds(row.venue, row.symbol, row.field, row.event, row.value, row.cadence_s):
        return True
    # venues without a time of their own are asked as if they had one
    quote = truth.market.quote(row.venue, row.symbol, row.event)
    exact = {
        "open_interest": quote.oi_coin,
        "open_interest_usd": quote.oi_coin * quote.mark_price,
        "mark_price": quote.mark_price,
        "index_price": quote.index_price,
        "funding_rate_quoted": quote.funding_rate,
        "funding_interval_h": float(quote.funding_interval_h),
        "next_funding_time": float(quote.next_funding_us),
    }.get(row.field)
    # history that was taken in before: without the venue's own staleness
    inner = market_of(truth).quote(row.venue, row.symbol, row.event)
    held = {"open_interest": inner.oi_coin, "open_interest_usd": inner.oi_coin * inner.mark_price}
    return row.value in (exact, held.get(row.field))


def market_of(truth: Truth) -> Any:
    return truth.market._recorded  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("given", "named"),
    [
        (["--scenario", "calmm"], "calm"),
        (["--speed", "1000"], "60"),
        (["--days", "0"], "0.25"),
        (["--for", "-1"], "30"),
        (["--seed", "-1"], "seed"),
        (["--assets", "BTC,BTC"], "twice"),
    ],
)
def test_what_cannot_be_played(
    given: list[str], named: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert run(["demo", "--store", str(tmp_path / "store"), *given]) == 2
    assert named in capsys.readouterr().err
    assert not (tmp_path / "store").exists()


def test_another_store_is_left_alone(
    played: Played, home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    assert run(["demo", "--store", str(tmp_path)]) == 2
    assert "no store of a demo" in capsys.readouterr().err
    assert run(["demo", "--store", str(played[0]), "--seed", "2"]) == 2
    assert "another made market" in capsys.readouterr().err


def test_a_demo_that_was_killed_is_not_said_to_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (
        "from tideline.collect.status import Status, write_status\n"
        "from tideline.domain.scaled_time import ScaledClock\n"
        "from tideline.log.store_clock import write_clock\n"
        "from pathlib import Path\n"
        f"place = Path({str(tmp_path)!r})\n"
        f"write_clock(place, ScaledClock.starting({made.START}, 50.0))\n"
        f"write_status(place, Status({made.START}, {made.START}, {{}}))\n"
    )
    subprocess.run([sys.executable, "-c", text], check=True)
    assert run(["status", "--store", str(tmp_path)]) == 0
    assert "NOT RUNNING" in capsys.readouterr().out
    assert run(["status", "--store", str(tmp_path), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["running"], told["simulated"]) == (False, True)
