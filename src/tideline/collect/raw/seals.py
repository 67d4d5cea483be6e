"""After a crash: did the last archived block reach the log? Then its stamp is still owed.

The block names the commit it was meant to be. If the log has that commit with as many rows, it went
in, and with it perhaps the back-filled rows behind it.
"""

from __future__ import annotations

from pathlib import Path

from tideline.collect.live.record import Sealed
from tideline.collect.raw.entries import Begun, Block, Entry
from tideline.collect.raw.reading import Reading
from tideline.log import Log


def lost_seals(directory: Path, log: Log, last_seq: int) -> list[Entry]:
    """The stamps of the archive's last block that the log has and the archive has not."""
    last, sealed = _last_block(directory)
    if last is None or sealed or not last.rows or not last.seq or last.seq > last_seq:
        return []
    found: list[Entry] = []
    for commit in log.follow(last.seq - 1, idle_s=0.0):
        if commit.seq == last.seq and commit.rows != last.rows:
            return []
        if commit.seq > last.seq and not _back_filled(commit.table):
            break
        found.append(Sealed(last.at, commit.known_time, commit.rows))
    return found


def _last_block(directory: Path) -> tuple[Block | None, bool]:
    """The archive's last block; its stamp, had there been time, would have come after it."""
    for entry in reversed(Reading(directory).tail()):
        if isinstance(entry, Block):
            return entry, False
        if isinstance(entry, (Sealed, Begun)):
            break
    return None, True


def _back_filled(table: object) -> bool:
    import pyarrow as pa
    import pyarrow.compute as pc

    assert isinstance(table, pa.Table)
    words = table.column("basis").cast(pa.string())
    return bool(pc.all(pc.equal(words, "assumed")).as_py())
