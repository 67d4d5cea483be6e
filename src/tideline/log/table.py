"""The Delta table: what other engines read, written in an order that survives a power cut.

    1. the parquet files, fsynced, and their directories
    2. the commit: its json fsynced under another name, linked into the log only if that version
       is still free, the log's directory fsynced. It carries the journal's last sequence as its
       application transaction. The library's own commit is not fsynced, and a torn one would
       leave a table nobody can open
    3. only then does the journal forget the rows

Checkpoints are the library's; they are fsynced here, and one that no writer vouched for is removed
when the next writer starts.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import msgspec
import pyarrow as pa
from deltalake import DeltaTable

from tideline.domain.errors import StoreDamaged
from tideline.domain.time import format_time
from tideline.log.files import Files
from tideline.log.layout import Layout
from tideline.log.part import Part, part_path
from tideline.log.schema import ROWS

APP: Final = "journal"
CHECKPOINT_EVERY = 50
_SCHEMA: Final = pa.schema([*ROWS, ("month", pa.string())])


class TableFiles:
    """The table of one store, for its writer."""

    def __init__(self, layout: Layout, files: Files) -> None:
        self._layout, self._files = layout, files

    def create(self) -> None:
        """An empty append-only table."""
        self._files.mkdir(self._layout.table)
        DeltaTable.create(
            str(self._layout.table),
            _SCHEMA,
            partition_by=["asset", "month"],
            configuration={"delta.appendOnly": "true"},
        )
        self._files.fsync(log_entry(self._layout, 0))
        self._files.fsync_dir(self._layout.delta_log)
        self._files.fsync_dir(self._layout.table)

    def version(self) -> int:
        """The newest version on disk; -1 when there is none."""
        names = [path.name for path in self._layout.delta_log.glob("*.json")]
        return max((int(name[:20]) for name in names if name[:20].isdigit()), default=-1)

    def flushed(self) -> int:
        """The last journal sequence the table holds."""
        return int(open_table(self._layout).transaction_version(APP) or 0)

    def parts(self) -> list[Part]:
        """The files of the newest version, in path order."""
        return sorted(parts_of(open_table(self._layout)), key=lambda part: part.path)

    def write(self, part: Part, body: bytes) -> None:
        """Put one file on disk; its name is durable after ``sync_names``."""
        path = self._layout.table / part.path
        self._files.mkdir(path.parent)
        self._files.write_new(path, body)

    def sync_names(self, parts: Sequence[Part]) -> None:
        for folder in sorted({(self._layout.table / part.path).parent for part in parts}):
            self._files.fsync_dir(folder)

    def commit(
        self, version: int, adds: Sequence[Part], removes: Sequence[Part], *, now: int, seq: int
    ) -> int:
        """Swap files as the version after ``version``, durably; returns that version.

        A commit that removes files says that it changes no data: it is a compaction, or what the
        log's own retention forgets.

        Raises:
            StoreDamaged: the version is taken, so another program wrote to the table.
        """
        path = log_entry(self._layout, version + 1)
        temporary = self._layout.root / "table-commit.new"
        self._files.write_new(temporary, _entry(adds, removes, now, seq))
        try:
            self._files.link(temporary, path)
        except FileExistsError:
            raise StoreDamaged(f"table version {version + 1} is not of this writer") from None
        self._files.fsync_dir(path.parent)
        self._files.unlink(temporary)
        return version + 1

    def checkpoint(self) -> None:
        """Write and sync a checkpoint of the newest version."""
        log = self._layout.delta_log
        before = set(log.iterdir())
        open_table(self._layout).create_checkpoint()
        fresh = [path for path in log.iterdir() if path not in before]
        for path in sorted({*fresh, log / "_last_checkpoint"}):
            self._files.fsync(path)
        self._files.fsync_dir(log)

    def drop_checkpoints(self, above: int) -> None:
        """Remove checkpoints of versions above ``above``: nobody knows that they are whole."""
        log = self._layout.delta_log
        torn = [path for path in log.glob("*.checkpoint*") if path.name[:20].isdigit()]
        torn = [path for path in torn if int(path.name[:20]) > above]
        if torn:
            for path in (log / "_last_checkpoint", *torn):
                self._files.unlink(path)
            self._files.fsync_dir(log)


def log_entry(layout: Layout, version: int) -> Path:
    """The table log's file for ``version``."""
    return layout.delta_log / f"{version:020d}.json"


def open_table(layout: Layout) -> DeltaTable:
    """The table's newest version, as any other engine opens it."""
    return DeltaTable(str(layout.table))


def parts_of(table: DeltaTable) -> list[Part]:
    """The active files of an open table."""
    found = []
    for add in pa.table(table.get_add_actions(flatten=True)).to_pylist():
        found.append(
            Part(
                path=part_path(add["partition.asset"], add["partition.month"], add["path"]),
                asset=add["partition.asset"],
                month=add["partition.month"],
                rows=add["num_records"],
                size=add["size_bytes"],
                min_seq=add["min.seq"],
                max_seq=add["max.seq"],
                min_event=_us(add["min.event_time"]),
                max_event=_us(add["max.event_time"]),
                min_known=_us(add["min.known_time"]),
                max_known=_us(add["max.known_time"]),
            )
        )
    return found


def _us(moment: Any) -> int:
    return int(pa.scalar(moment, pa.timestamp("us", "UTC")).value)


def _stats(part: Part) -> str:
    def span(event: int, known: int, seq: int) -> dict[str, Any]:
        return {"event_time": format_time(event), "known_time": format_time(known), "seq": seq}

    stats = {
        "numRecords": part.rows,
        "minValues": span(part.min_event, part.min_known, part.min_seq),
        "maxValues": span(part.max_event, part.max_known, part.max_seq),
        "nullCount": {"event_time": 0, "known_time": 0, "seq": 0},
    }
    return msgspec.json.encode(stats).decode()


def _entry(adds: Sequence[Part], removes: Sequence[Part], now: int, seq: int) -> bytes:
    """The json lines of one commit."""
    at = now // 1000
    info = {"timestamp": at, "operation": "WRITE", "operationParameters": {"mode": "Append"}}
    lines: list[dict[str, Any]] = [
        {"commitInfo": {**info, "engineInfo": "tideline"}},
        {"txn": {"appId": APP, "version": seq, "lastUpdated": at}},
    ]
    for part in removes:
        gone = {"deletionTimestamp": at, "dataChange": False, "extendedFileMetadata": True}
        lines.append({"remove": {**_file(part), **gone}})
    for part in adds:
        fresh = {"modificationTime": at, "dataChange": not removes, "stats": _stats(part)}
        lines.append({"add": {**_file(part), **fresh}})
    return b"".join(msgspec.json.encode(line) + b"\n" for line in lines)


def _file(part: Part) -> dict[str, Any]:
    values = {"asset": part.asset, "month": part.month}
    return {"path": quote(part.path, safe="/=-._"), "partitionValues": values, "size": part.size}
