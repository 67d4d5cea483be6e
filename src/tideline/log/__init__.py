"""The bitemporal log: append, read as of, follow, verify. Nothing here reads without an as_of.

The way of a row:

    Writer.append ──> journal (SQLite, one row per commit: durable when it returns)
                         │ flusher: parquet, fsync, Delta commit, fsync, then leave the journal
                         v
                      table (Delta, by asset and month) ──> compaction: one sorted file a month
                         │
    Log.read  <── journal ∪ table, as one snapshot, known_time <= as_of and event_time <= as_of
"""

from __future__ import annotations

from tideline.log.files import DiskFiles, Files
from tideline.log.legs import Leg
from tideline.log.log import Log
from tideline.log.records import Commit, Finding, ImportRecord, Report, Source
from tideline.log.schema import ROWS
from tideline.log.writer import FlushPolicy, Writer

__all__ = [
    "ROWS",
    "Commit",
    "DiskFiles",
    "Files",
    "Finding",
    "FlushPolicy",
    "ImportRecord",
    "Leg",
    "Log",
    "Report",
    "Source",
    "Writer",
]
