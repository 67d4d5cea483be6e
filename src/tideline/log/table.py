"""The Delta table: what other engines read, written in an order that survives a power cut.

    1. the parquet files, fsynced, and their directories
    2. the Delta commit, carrying the journal's last sequence as its application transaction
    3. fsync of the commit's json and of the log's directory
    4. only then does the journal forget the rows

Checkpoints are made here alone, and fsynced: a torn one is removed when the table is opened.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, PostCommitHookProperties, Transaction
from deltalake.transaction import AddAction, RemoveAction

from tideline.domain.time import format_time
from tideline.log.files import Files
from tideline.log.layout import Layout
from tideline.log.part import Part, part_path
from tideline.log.schema import ROWS

APP: Final = "journal"
CHECKPOINT_EVERY: Final = 50
_SCHEMA: Final = pa.schema([*ROWS, ("month", pa.string())])
_PARTITION: Final = ["asset", "month"]
_NO_HOOKS: Final = PostCommitHookProperties(create_checkpoint=False, cleanup_expired_logs=False)


class TableFiles:
    """The table of one store, for its writer."""

    def __init__(self, layout: Layout, files: Files) -> None:
        self._layout, self._files = layout, files
        self._table: DeltaTable | None = None

    def create(self) -> None:
        """An empty append-only table."""
        self._files.mkdir(self._layout.table)
        DeltaTable.create(
            str(self._layout.table),
            _SCHEMA,
            partition_by=_PARTITION,
            configuration={"delta.appendOnly": "true"},
        )
        self._sync_log(from_version=0)
        self._files.fsync_dir(self._layout.table)

    def version(self) -> int:
        """The newest version on disk."""
        return int(self._fresh().version())

    def flushed(self) -> int:
        """The last journal sequence the table holds."""
        return int(self._fresh().transaction_version(APP) or 0)

    def parts(self) -> list[Part]:
        """The files of the newest version, in path order."""
        return sorted(parts_of(self._fresh()), key=lambda part: part.path)

    def write(self, part: Part, body: bytes) -> None:
        """Put one file on disk; its name is durable after ``sync_names``."""
        path = self._layout.table / part.path
        self._files.mkdir(path.parent)
        self._files.write_new(path, body)

    def sync_names(self, parts: Sequence[Part]) -> None:
        for folder in sorted({(self._layout.table / part.path).parent for part in parts}):
            self._files.fsync_dir(folder)

    def commit(self, adds: Sequence[Part], removes: Sequence[Part], *, now: int, seq: int) -> int:
        """Swap files in one Delta commit and make it durable; returns the version.

        A commit that removes files changes no rows unless it adds none (retention).
        """
        table = self._fresh()
        before = int(table.version())
        moved = bool(removes)
        actions: list[AddAction | RemoveAction] = [_remove(part, now) for part in removes]
        actions += [_add(part, now, moved=moved) for part in adds]
        table.create_write_transaction(
            actions,
            "append",
            _SCHEMA,
            _PARTITION,
            commit_properties=CommitProperties(app_transactions=[Transaction(APP, seq)]),
            post_commithook_properties=_NO_HOOKS,
        )
        self._sync_log(from_version=before + 1)
        self._table = None
        version = int(self._fresh().version())
        if version // CHECKPOINT_EVERY > before // CHECKPOINT_EVERY:
            self.checkpoint()
        return version

    def checkpoint(self) -> None:
        """Write and sync a checkpoint of the newest version."""
        log = self._layout.delta_log
        before = set(log.iterdir())
        self._fresh().create_checkpoint()
        fresh = [path for path in log.iterdir() if path not in before]
        for path in (*sorted(fresh), log / "_last_checkpoint"):
            self._files.fsync(path)
        self._files.fsync_dir(log)

    def _fresh(self) -> DeltaTable:
        if self._table is None:
            self._table = open_table(self._layout, self._files)
        else:
            self._table.update_incremental()
        return self._table

    def _sync_log(self, from_version: int) -> None:
        log = self._layout.delta_log
        version = from_version
        while (path := log / f"{version:020d}.json").exists():
            self._files.fsync(path)
            version += 1
        self._files.fsync_dir(log)


def open_table(layout: Layout, files: Files | None) -> DeltaTable:
    """Open the table; with ``files``, torn checkpoints in the way are removed first."""
    log = layout.delta_log
    torn = [path for path in log.glob("*.checkpoint*.parquet") if path.stat().st_size == 0]
    if torn and files is not None:
        for path in (*torn, log / "_last_checkpoint"):
            files.unlink(path)
        files.fsync_dir(log)
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


def table_path(layout: Layout, part: Part) -> Path:
    return layout.table / part.path


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


def _values(part: Part) -> dict[str, str | None]:
    return {"asset": part.asset, "month": part.month}


def _add(part: Part, now: int, *, moved: bool) -> AddAction:
    return AddAction(part.path, part.size, _values(part), now // 1000, not moved, _stats(part))


def _remove(part: Part, now: int) -> RemoveAction:
    return RemoveAction(part.path, False, now // 1000, part.size, _values(part))
