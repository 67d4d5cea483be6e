"""The scan over all readings, watching it, explaining one asset, and profiles."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.test_answers import AT, answer
from tideline.cli.app import run
from tideline.cli.ranked import watch
from tideline.domain.errors import UnknownName
from tideline.readings.catalogue import RULES
from tideline.readings.reading import SEVERITIES
from tideline.store import open_store


def test_the_scan_ranks_every_reading_with_its_reason(
    simulated: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = answer(capsys, "scan", "--store", str(simulated), "--as-of", AT)
    told = found["readings"]
    assert {one["asset"] for one in told} == {"BTC", "ETH"}
    assert len({one["entry"].partition(".")[0] for one in told}) > 2
    ranks = [SEVERITIES.index(one["severity"]) for one in told]
    assert ranks == sorted(ranks, reverse=True)
    assert all(one["because"].endswith(".") for one in told)
    assert not any(one["name"] in ("quiet", "balanced", "cannot_tell") for one in told)
    assert not any(one["entry"].startswith("R7") for one in told)
    assert (found["profile"], found["differs"]) == ("default", [])
    assert run(["scan", "--store", str(simulated), "--as-of", AT]) == 0
    out = capsys.readouterr().out
    assert "short_covering" in out
    assert "quiet" in out


def test_readings_and_states_narrow_it(simulated: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = ("scan", "--store", str(simulated), "--as-of", AT)
    some = answer(capsys, *given, "--readings", "R3,R4")["readings"]
    assert {one["entry"][:2] for one in some} == {"R3", "R4"}
    covering = answer(capsys, *given, "--states", "covering_building")["readings"]
    assert {one["name"] for one in covering} == {"covering_building"}
    untold = answer(capsys, *given, "--states", "cannot_tell")["readings"]
    assert untold
    assert all(one["because"].startswith("Cannot tell: ") for one in untold)
    severe = answer(capsys, *given, "--min-severity", "extreme")["readings"]
    assert {one["severity"] for one in severe} == {"extreme"}
    assert run([*given, "--readings", "R11"]) == 2


def test_explain_prints_every_reading_with_its_evidence(
    simulated: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["explain", "BTC", "--store", str(simulated), "--as-of", AT]
    found = answer(capsys, *given)["readings"]
    assert {one["entry"] for one in found} == {rule.key for rule in RULES}
    assert run(given) == 0
    out = capsys.readouterr().out
    for rule in RULES:
        assert rule.key in out
    assert "price.ret@45m" in out
    assert " against " in out
    assert run([*given, "--all"]) == 0
    assert len(capsys.readouterr().out) > len(out)
    assert run(["explain", "BTX", "--store", str(simulated)]) == 2


def test_a_profile_changes_what_is_said_and_is_told(
    simulated: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "desk.toml"
    file.write_text("[parameters]\nk_in = 100\n")
    given = ["scan", "--store", str(simulated), "--as-of", AT, "--profile", str(file)]
    found = answer(capsys, *given)
    assert (found["profile"], found["differs"]) == ("desk", ["k_in 100 (default 3)"])
    assert not any(one["entry"] == "R1.state" for one in found["readings"])
    assert run(given) == 0
    assert "profile desk: k_in 100 (default 3)" in capsys.readouterr().out
    one = answer(capsys, "explain", "BTC", "--store", str(simulated), "--as-of", AT,
                 "--profile", str(file))["readings"][0]  # fmt: skip
    assert (one["profile"], one["differs"]) == ("desk", ["k_in 100 (default 3)"])
    file.write_text("[parameters]\nk_inn = 100\n")
    assert run([*given, "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["error"]["nearest"] == "k_in"
    assert run([*given[:-1], str(tmp_path / "none.toml")]) == 2
    assert "does not exist" in capsys.readouterr().err


def test_watching_asks_again_and_again(
    simulated: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tideline.cli.ranked.REFRESH_S", 0.0)
    with open_store(simulated) as store:
        watching = store.watch(["BTC"], "45m")
        watch(watching.readings, lambda found: found[:3], rounds=2)
        found, head = watching.readings()
        assert [one.because for one in found] == [
            one.because for one in store.readings(["BTC"], head, "45m")
        ]
        with pytest.raises(UnknownName):
            store.watch("BTX")
    assert "Readings as of" in capsys.readouterr().out


def test_readings_from_python(simulated: Path) -> None:
    with open_store(simulated) as store:
        one = store.readings("BTC", AT, "45m")
        assert one[0].entry == "R1.state"
        both = store.readings(as_of=AT, window="45m")
        assert {reading.asset for reading in both} == {"BTC", "ETH"}
        alone = [reading for reading in both if reading.asset == "BTC"]
        assert sorted(alone, key=repr) == sorted(one, key=repr)
