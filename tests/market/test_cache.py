"""Made markets on disk: whole or made again, never half of one."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from tests.market.tapes import tape
from tideline.domain.errors import BadFile
from tideline.market import cache
from tideline.market.cache import Made, cache_home, fingerprint, load, load_or_make, name_of
from tideline.market.stored_tape import read_tape, write_tape
from tideline.market.tape import Tape
from tideline.market.truth import KINDS, ROLES, Truth

PARAMETERS = {"scenario": "mixed", "seed": 7, "assets": ["BTC"], "days": 0.05}


def made() -> Made:
    one = tape(hours=1.0)
    lots = np.random.default_rng(1).integers(0, 9, (len(one.books), 60, len(ROLES), len(KINDS)))
    coin = np.array([book.lot for book in one.books])
    return [(one, Truth("BTC", one.start, lots, coin)), (tape("ETH", hours=1.0), None)]


def same(one: Tape, other: Tape) -> bool:
    for part in fields(Tape):
        mine, theirs = getattr(one, part.name), getattr(other, part.name)
        if isinstance(mine, np.ndarray):
            if mine.dtype != theirs.dtype or not np.array_equal(mine, theirs):
                return False
        elif mine != theirs:
            return False
    return True


def test_a_tape_comes_back_as_it_was(tmp_path: Path) -> None:
    for number, (one, truth) in enumerate(made()):
        write_tape(tmp_path / str(number), one, truth)
        again, also = read_tape(tmp_path / str(number))
        assert same(one, again)
        assert (truth is None) == (also is None)
        if truth is not None and also is not None:
            assert np.array_equal(truth.lots, also.lots)
            assert truth.lots.dtype == also.lots.dtype
            assert (truth.asset, truth.start) == (also.asset, also.start)


def test_made_once_and_loaded_after(tmp_path: Path) -> None:
    count = []

    def make() -> Made:
        count.append(1)
        return made()

    first, fresh = load_or_make(PARAMETERS, "v1", make, tmp_path)
    second, again = load_or_make(PARAMETERS, "v1", make, tmp_path)
    assert (fresh, again, len(count)) == (True, False, 1)
    assert all(same(one, other) for (one, _), (other, _) in zip(first, second, strict=True))
    load_or_make(PARAMETERS, "v2", make, tmp_path)
    load_or_make(PARAMETERS | {"seed": 8}, "v1", make, tmp_path)
    assert len(count) == 3
    assert not [path for path in (tmp_path / "markets").iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize("harm", ["cut", "flip", "gone", "index", "kind", "unfinished"])
def test_what_is_damaged_or_foreign_is_made_again(tmp_path: Path, harm: str) -> None:
    load_or_make(PARAMETERS, "v1", made, tmp_path)
    place = tmp_path / "markets" / name_of(PARAMETERS, "v1")
    file = place / "BTC.arrow"
    body = file.read_bytes()
    if harm == "cut":
        file.write_bytes(body[: len(body) // 2])
    elif harm == "flip":
        middle = len(body) // 2
        file.write_bytes(body[:middle] + bytes([body[middle] ^ 1]) + body[middle + 1 :])
    elif harm == "gone":
        file.unlink()
    elif harm == "index":
        (place / "market.json").write_text("[1, 2")
    elif harm == "kind":
        (place / "market.json").write_text("[]")
    else:
        (place / "market.json").unlink()
    assert load(place) is None
    found, fresh = load_or_make(PARAMETERS, "v1", made, tmp_path)
    assert fresh
    assert same(found[0][0], made()[0][0])
    assert load(place) is not None


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "BTC.arrow"
    path.write_bytes(b"no arrow")
    with pytest.raises(BadFile, match="no made market"):
        read_tape(path)


def test_a_place_that_cannot_be_written_costs_only_the_time(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    found, fresh = load_or_make(PARAMETERS, "v1", made, blocked)
    assert fresh
    assert len(found) == 2


def test_what_was_not_used_for_longest_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for seed in range(3):
        load_or_make(PARAMETERS | {"seed": seed}, "v1", made, tmp_path)
    kept = list((tmp_path / "markets").iterdir())
    assert len(kept) == 3
    size = sum(file.stat().st_size for file in kept[0].iterdir())
    monkeypatch.setattr(cache, "MOST_BYTES", 2 * size)
    load_or_make(PARAMETERS | {"seed": 9}, "v1", made, tmp_path)
    left = {path.name for path in (tmp_path / "markets").iterdir()}
    assert len(left) <= 2
    assert name_of(PARAMETERS | {"seed": 9}, "v1") in left


def test_where_it_is_kept_and_under_which_version(tmp_path: Path) -> None:
    assert cache_home({"TIDELINE_CACHE": "/a"}) == Path("/a")
    assert cache_home({"XDG_CACHE_HOME": "/b"}) == Path("/b/tideline")
    assert cache_home({}) == Path.home() / ".cache" / "tideline"
    (tmp_path / "one.py").write_text("x = 1")
    before = fingerprint([tmp_path])
    assert fingerprint([tmp_path / "one.py"]) == before
    (tmp_path / "one.py").write_text("x = 2")
    assert fingerprint([tmp_path]) != before


def test_a_tape_of_another_dtype_keeps_it(tmp_path: Path) -> None:
    one = made()[0][0]
    narrow = replace(one, oi=one.oi.astype(np.int32), index=one.index.astype(np.float32))
    write_tape(tmp_path / "x", narrow, None)
    assert same(narrow, read_tape(tmp_path / "x")[0])
