"""The raw archive: standard zstd, torn tails, rot, rotation, the cap, and finding frames again."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tideline.collect.live.record import Closed, Dropped, Frame, Opened, Sealed, Universe, Watch
from tideline.collect.raw.archive import REMOVED, Archive, segments
from tideline.collect.raw.entries import Begun, Block, pack, unpack
from tideline.collect.raw.framing import HEADER_BYTES
from tideline.collect.raw.reading import Reading
from tideline.domain.time import HOUR, SECOND, parse_time
from tideline.log.files import DiskFiles

T0 = int(parse_time("2026-11-21T03:00:00Z"))


def block(i, feed="a.stream", count=3, size=40):
    at = T0 + i * SECOND
    frames = [
        Frame(at + k, feed, bytes([65 + i % 26]) * size, 1, {"n": str(k)}) for k in range(count)
    ]
    return [Block(at, i + 1, count), *frames]


TEXT = st.text(max_size=12)
TIME = st.integers(0, 2**60)
ENTRY = st.one_of(
    st.builds(
        Frame,
        TIME,
        TEXT,
        st.binary(max_size=50),
        st.integers(0, 99),
        st.dictionaries(TEXT, TEXT, max_size=3),
        TEXT,
    ),
    st.builds(
        Watch,
        TIME,
        TEXT,
        st.integers(0, 9),
        st.lists(TEXT, max_size=3).map(tuple),
        st.lists(TEXT, max_size=3).map(tuple),
        st.floats(0, 99),
        st.floats(0, 99),
    ),
    st.builds(Opened, TIME, TEXT, st.integers(0, 9)),
    st.builds(Closed, TIME, TEXT, st.integers(0, 9), TEXT, st.booleans()),
    st.builds(Dropped, TIME, TEXT, st.integers(0, 9), TIME, st.integers(0, 9)),
    st.builds(Universe, TIME, TEXT, st.lists(TEXT, max_size=3).map(tuple)),
    st.builds(Sealed, TIME, TIME, st.integers(0, 9)),
    st.builds(Begun, TIME, st.lists(TEXT, max_size=2).map(tuple)),
    st.builds(Block, TIME, st.integers(0, 9), st.integers(0, 9)),
)


@given(st.lists(ENTRY, max_size=8))
def test_entries_come_back_as_they_were(entries):
    assert list(unpack(pack(entries))) == entries


@given(ENTRY, st.data())
def test_entries_cut_short_are_refused(entry, data):
    body = pack([entry])
    cut = data.draw(st.integers(1, len(body) - 1))
    with pytest.raises(ValueError, match=r"ends in a(n entry| length)"):
        list(unpack(body[:-cut]))


def test_blocks_come_back_in_order_over_hours_and_starts(tmp_path):
    wanted = []
    for start in range(2):
        archive = Archive(tmp_path / "raw")
        for i in range(3):
            entries = block(i + 3590 * start)
            archive.append(entries, entries[0].at + (i == 2) * HOUR)
            wanted += entries
    names = [path.name for path in segments(tmp_path / "raw")]
    assert names == [
        "2026-11-21T03-000.zst",
        "2026-11-21T03-001.zst",
        "2026-11-21T04-000.zst",
        "2026-11-21T04-001.zst",
    ]
    found = list(Reading(tmp_path / "raw").entries())
    assert sorted(map(repr, found)) == sorted(map(repr, wanted))
    assert Reading(tmp_path / "raw").tail() == wanted[-4:]


@pytest.mark.skipif(shutil.which("zstd") is None, reason="no zstd program here")
def test_the_zstd_program_reads_a_segment(tmp_path):
    archive = Archive(tmp_path / "raw")
    wanted = b""
    for i in range(4):
        archive.append(block(i), T0 + i * SECOND)
        wanted += pack(block(i))
    (path,) = segments(tmp_path / "raw")
    told = subprocess.run(["zstd", "-dc", path], capture_output=True, check=True)
    assert told.stdout == wanted


def test_every_torn_tail_costs_the_last_block_alone(tmp_path):
    archive = Archive(tmp_path / "raw")
    sizes = [archive.append(block(i), T0) for i in range(3)]
    (path,) = segments(tmp_path / "raw")
    whole = path.read_bytes()
    for cut in range(1, sizes[-1]):
        path.write_bytes(whole[:-cut])
        reading = Reading(tmp_path / "raw")
        assert list(reading.entries()) == block(0) + block(1)
        assert [d.offset for d in reading.damage] == [sum(sizes[:2])]
        assert sum(d.size for d in reading.damage) == sizes[-1] - cut


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_flipped_bit_costs_the_block_it_lies_in_and_is_named(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("raw")
    archive = Archive(folder)
    sizes = [archive.append(block(i), T0) for i in range(3)]
    (path,) = segments(folder)
    whole = bytearray(path.read_bytes())
    at = data.draw(st.integers(0, len(whole) - 1))
    whole[at] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(whole)
    hit = 0 if at < sizes[0] else 1 if at < sizes[0] + sizes[1] else 2
    reading = Reading(folder)
    assert list(reading.entries()) == [e for i in range(3) if i != hit for e in block(i)]
    assert sum(d.size for d in reading.damage) == sizes[hit]


def test_a_failed_write_may_be_made_again(tmp_path):
    class Failing:
        def __init__(self):
            self.disk, self.left = DiskFiles(), 2

        def __getattr__(self, name):
            return getattr(self.disk, name)

        def write_at(self, path, offset, data, *, sync):
            if self.left:
                self.left -= 1
                self.disk.write_at(path, offset, data[:25], sync=sync)
                raise OSError(28, "full")
            self.disk.write_at(path, offset, data, sync=sync)

    archive = Archive(tmp_path / "raw", Failing())
    for _ in range(2):
        with pytest.raises(OSError, match="full"):
            archive.append(block(0), T0)
    archive.append(block(0), T0)
    archive.append(block(1), T0)
    reading = Reading(tmp_path / "raw")
    assert list(reading.entries()) == block(0) + block(1)
    assert reading.damage == []


def test_the_oldest_segments_go_when_it_is_larger_than_its_cap(tmp_path):
    one = Archive(tmp_path / "probe").append(block(0), T0)
    archive = Archive(tmp_path / "raw", cap_bytes=3 * one + 20)
    for i in range(5):
        archive.append(block(i), T0 + i * HOUR)
    assert [path.name[:13] for path in segments(tmp_path / "raw")] == [
        f"2026-11-21T0{hour}" for hour in (5, 6, 7)
    ]
    assert [gone.name[:13] for gone in archive.removed] == ["2026-11-21T03", "2026-11-21T04"]
    book = (tmp_path / "raw" / REMOVED).read_text().splitlines()
    assert book == [
        f"2026-11-21T06:00:00Z 2026-11-21T03-000.zst {one}",
        f"2026-11-21T07:00:00Z 2026-11-21T04-000.zst {one}",
    ]
    archive.append(block(5, size=9000, count=50), T0 + 5 * HOUR)
    assert archive.size == Archive(tmp_path / "raw").size


def test_what_cannot_be_removed_does_not_fail_the_block(tmp_path):
    class Sticky:
        def __init__(self):
            self.disk, self.stuck = DiskFiles(), True

        def __getattr__(self, name):
            return getattr(self.disk, name)

        def unlink(self, path):
            if self.stuck:
                raise OSError(1, "not permitted")
            self.disk.unlink(path)

    files = Sticky()
    archive = Archive(tmp_path / "raw", files, cap_bytes=1)
    for i in range(3):
        archive.append(block(i), T0 + i * HOUR)
    assert list(Reading(tmp_path / "raw").entries()) == block(0) + block(1) + block(2)
    files.stuck = False
    archive.append(block(3), T0 + 3 * HOUR)
    assert [path.name[:13] for path in segments(tmp_path / "raw")] == ["2026-11-21T06"]
    assert len(archive.removed) == 3


def test_the_segment_that_is_being_written_never_goes(tmp_path):
    archive = Archive(tmp_path / "raw", cap_bytes=1)
    for i in range(3):
        archive.append(block(i), T0)
    assert list(Reading(tmp_path / "raw").entries()) == block(0) + block(1) + block(2)


def test_frames_are_found_by_feed_time_and_content_without_opening_the_rest(tmp_path):
    archive = Archive(tmp_path / "raw")
    for i in range(10):
        archive.append([*block(i), *block(i, "b.poll")[1:]], T0)
    reading = Reading(tmp_path / "raw")
    found = list(reading.frames("b.poll", T0 + 4 * SECOND, T0 + 5 * SECOND))
    assert [frame.at - T0 for frame in found] == [4_000_000, 4_000_001, 4_000_002, 5_000_000]
    assert [frame.body[:1] for frame in found] == [b"E", b"E", b"E", b"F"]
    assert (
        next(iter(reading.frames("b.poll", T0, T0 + 9 * SECOND, containing=b"CCC"))).at
        == T0 + 2 * SECOND
    )
    assert list(reading.frames("c", T0, T0 + 9 * SECOND)) == []
    place, _ = next(reading.places("a.stream", T0 + 3 * SECOND, T0 + 3 * SECOND))
    whole = place.segment.read_bytes()
    spoiled = bytearray(whole)
    spoiled[HEADER_BYTES + 3] ^= 255  # the first block: passed over, since its header says enough
    place.segment.write_bytes(spoiled)
    again = Reading(tmp_path / "raw")
    assert next(again.places("a.stream", T0 + 3 * SECOND, T0 + 3 * SECOND))[0] == place
    assert again.damage == []


def test_no_archive_is_an_empty_one(tmp_path):
    reading = Reading(tmp_path / "nothing")
    assert list(reading.entries()) == []
    assert reading.tail() == []
