"""Keys at rest, in time and between processes (reliability 59, 61, 62)."""

from __future__ import annotations

import hashlib
import sqlite3
from pathlib import Path

import pytest

from tideline.domain.errors import BadInput, UnknownName
from tideline.domain.time import DAY, SECOND, ManualClock
from tideline.serve.keys.key import read_key, scrubbed
from tideline.serve.keys.ring import BELIEVED_S, KeyRing
from tideline.serve.keys.usage import Usage, read_usage

NOW = 1_780_000_000 * SECOND


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
def ring(tmp_path: Path, clock: ManualClock) -> KeyRing:
    return KeyRing(tmp_path / "keys.sqlite", clock)


def test_a_key_is_256_random_bits_and_its_hash_alone_is_kept(ring: KeyRing, tmp_path: Path) -> None:
    """61: a stolen file opens nothing."""
    made = [ring.create("desk", "edge")[0] for _ in range(20)]
    assert len({key.secret for key in made}) == 20
    assert all(len(key.secret) == 43 for key in made)  # 32 bytes in base64
    everything = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    for key in made:
        assert key.secret.encode() not in everything
        assert hashlib.sha256(key.text.encode()).digest() in everything
    assert (tmp_path / "keys.sqlite").stat().st_mode & 0o077 == 0


def test_a_key_opens_what_its_plan_says_until_it_ends(ring: KeyRing, clock: ManualClock) -> None:
    key, record = ring.create("desk", "edge", days=14)
    caller = ring.caller(key.text)
    assert caller is not None
    assert (caller.owner, caller.plan.name, caller.prefix) == ("desk", "edge", record.prefix)
    clock.advance(14 * DAY - 1)
    assert ring.caller(key.text) is not None
    clock.advance(1)
    assert ring.caller(key.text) is None
    assert not ring.still_valid(caller)


def test_what_is_not_a_key_is_refused(ring: KeyRing) -> None:
    key, _ = ring.create("desk", "edge")
    other, _ = ring.create("desk", "edge")
    mixed = f"fk_live_{key.prefix}{other.secret}"
    for text in ("", "fk_live_", key.text[:-1], key.text + "x", key.text.upper(), mixed, "'--"):
        assert ring.caller(text) is None


def test_every_key_that_looks_like_one_costs_the_same_comparison(
    ring: KeyRing, monkeypatch
) -> None:
    """61: one digest and one comparison in constant time, whether the key is there or not."""
    key, record = ring.create("desk", "edge")
    gone, dropped = ring.create("desk", "edge")
    ring.revoke(dropped.prefix)
    compared = []

    def compare(mine: bytes, kept: bytes) -> bool:
        compared.append((len(mine), len(kept)))
        return mine == kept

    monkeypatch.setattr("tideline.serve.keys.ring.hmac.compare_digest", compare)
    absent = f"fk_live_00000000{key.secret}"
    wrong = f"fk_live_{record.prefix}{gone.secret}"
    opened = [ring.caller(text) is not None for text in (key.text, wrong, absent, gone.text)]
    assert opened == [True, False, False, False]
    assert compared == [(32, 32)] * 4


def test_a_revoked_key_is_refused_by_every_process_within_five_seconds(
    ring: KeyRing, clock: ManualClock, tmp_path: Path
) -> None:
    """59: another process revokes; this one has believed the key a moment ago."""
    key, record = ring.create("desk", "edge")
    caller = ring.caller(key.text)
    assert caller is not None
    elsewhere = KeyRing(tmp_path / "keys.sqlite", clock)
    elsewhere.revoke(record.prefix)
    assert elsewhere.caller(key.text) is None
    clock.advance(round((BELIEVED_S + 0.1) * SECOND))
    assert ring.caller(key.text) is None
    assert not ring.still_valid(caller)
    assert BELIEVED_S < 5


def test_a_rotated_key_is_another_of_the_same_plan_and_end(
    ring: KeyRing, clock: ManualClock
) -> None:
    key, record = ring.create("desk", "edge", days=3)
    new, made = ring.rotate(record.prefix, grace_s=60)
    assert (made.owner, made.plan, made.expires) == ("desk", "edge", record.expires)
    clock.advance(59 * SECOND)
    assert ring.caller(key.text) is not None
    clock.advance(2 * SECOND)
    assert ring.caller(key.text) is None
    assert ring.caller(new.text) is not None
    with pytest.raises(BadInput, match="revoked or expired"):
        ring.rotate(record.prefix)


def test_bad_names_say_what_would_be_right(ring: KeyRing) -> None:
    with pytest.raises(UnknownName, match="nearest valid: edge"):
        ring.create("desk", "egde")
    with pytest.raises(BadInput, match="days"):
        ring.create("desk", "edge", days=0)
    with pytest.raises(BadInput, match="owner"):
        ring.create("a\nb", "edge")
    with pytest.raises(UnknownName, match="key"):
        ring.revoke("00000000")


def test_usage_of_two_processes_is_added_up_by_day(
    ring: KeyRing, clock: ManualClock, tmp_path: Path
) -> None:
    _, record = ring.create("desk", "edge")
    _, other = ring.create("other", "edge")
    elsewhere = KeyRing(tmp_path / "keys.sqlite", clock)
    for place in (ring, elsewhere):
        usage = Usage(place, clock)
        for _ in range(3):
            usage.count(record.key_id)
        usage.count(record.key_id, refused=True)
        usage.count(other.key_id)
        usage.write()
        clock.advance(DAY)
    days = read_usage(ring, record.key_id)
    assert [(day.requests, day.refused) for day in days] == [(3, 1), (3, 1)]
    assert days[0].day > days[1].day
    assert len(read_usage(ring)) == 4


def test_a_key_is_cut_out_of_whatever_is_logged(ring: KeyRing) -> None:
    """62"""
    key, _ = ring.create("desk", "edge")
    text = scrubbed(f"GET /x?key={key.text} Bearer {key.text}\n")
    assert key.secret not in text
    assert text.count(f"fk_live_{key.prefix}…") == 2
    assert read_key(key.text) == key


def test_a_file_that_is_no_ring_is_said_so(tmp_path: Path, clock: ManualClock) -> None:
    (tmp_path / "keys.sqlite").write_bytes(b"not a database, certainly not one" * 50)
    with pytest.raises(sqlite3.DatabaseError):
        KeyRing(tmp_path / "keys.sqlite", clock)
