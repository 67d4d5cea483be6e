"""What stands beside the rows: commits, sources, import runs, findings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from tideline.domain.time import format_time


@dataclass(frozen=True, slots=True)
class Commit:
    """One acknowledged batch. ``table`` is filled by ``follow`` and None from ``append``."""

    seq: int
    known_time: int
    rows: int
    table: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where values came from and how the venue wrote them: what ``source_id`` of a row points at.

    A stored value is the venue's raw value x ``factor`` (halved when two-sided, times the contract
    size, ...); ``raw`` keeps what does not fit the columns.
    """

    source_id: int
    kind: str
    name: str
    sha256: str = ""
    unit: str = ""
    sides: str = ""
    contract_size: float | None = None
    factor: float | None = None
    derived: str = ""
    received_time: int | None = None
    raw: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRecord:
    """One file taken in by one run. ``at`` 0 is stamped with the commit's known_time."""

    kind: str
    name: str
    sha256: str
    run: str = ""
    at: int = 0
    rows: int = 0
    detail: Mapping[str, Any] = field(default_factory=dict)


RECORDED = "recorded loss"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that does not hold: kind, the file or table, the exact range, in words."""

    kind: str
    where: str
    range: str
    detail: str


@dataclass(frozen=True, slots=True)
class Report:
    """What verify looked at and what it found. Empty ``findings``: everything holds."""

    findings: tuple[Finding, ...]
    commits: int
    rows: int
    files: int

    @property
    def ok(self) -> bool:
        """Nothing new is wrong: losses that were written off are named but do not count."""
        return all(finding.kind == RECORDED for finding in self.findings)


@dataclass(frozen=True, slots=True)
class Retention:
    """One removal: everything before ``horizon`` stopped being answerable at ``at``."""

    at: int
    horizon: int
    rows: int
    files: int

    def __str__(self) -> str:
        return f"{format_time(self.at)}: {self.rows} rows before {format_time(self.horizon)}"


def pack(record: object) -> bytes:
    """A record as JSON bytes."""
    return msgspec.json.encode(record)


def unpack_source(body: bytes) -> Source:
    return msgspec.json.decode(body, type=Source)


def unpack_import(body: bytes) -> ImportRecord:
    return msgspec.json.decode(body, type=ImportRecord)


def unpack_retention(body: bytes) -> Retention:
    return msgspec.json.decode(body, type=Retention)
