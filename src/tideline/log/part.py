"""One file of the table: rows of one asset and month, sorted, as parquet any engine reads.

The file's name carries the digest of its bytes, so that damage shows wherever it is read:

    asset=BTC/month=2026-02/<first seq>-<last seq>-<blake2b of the bytes>.parquet
"""

from __future__ import annotations

import hashlib
from typing import Any, Final, NamedTuple
from urllib.parse import quote

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tideline.log.order import sort_order
from tideline.log.schema import MEMORY, ROWS, WORDS, int_times

ROW_GROUP: Final = 65_536
_DELTA: Final = ("event_time", "known_time", "source_id", "seq", "row")
_SPELLED: Final = [*WORDS, "cadence_s"]
_PRUNED: Final = ("field", "event_time")
_STATISTICS: Final = ["venue", "instrument", "field", "event_time", "known_time", "seq"]


class Part(msgspec.Struct, frozen=True):
    """A file of the table and what it spans. Times in µs, spans inclusive."""

    path: str
    asset: str
    month: str
    rows: int
    size: int
    min_seq: int
    max_seq: int
    min_event: int
    max_event: int
    min_known: int
    max_known: int

    @property
    def digest(self) -> str:
        """The digest its name promises."""
        return self.path.removesuffix(".parquet").rpartition("-")[2]


def months_of(event: np.ndarray[Any, np.dtype[np.int64]]) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Months since 1970-01 of these microseconds."""
    return event.view("datetime64[us]").astype("datetime64[M]").astype(np.int64)


def month_name(month: int) -> str:
    """``2026-02`` of months since 1970-01."""
    return str(np.datetime64(int(month), "M"))


def month_start(name: str) -> int:
    """Microseconds at which the month begins."""
    return int(np.datetime64(name, "us").astype(np.int64))


def part_path(asset: str, month: str, name: str) -> str:
    """Where a file lies under the table; of ``name`` only the last piece counts."""
    return f"asset={quote(asset, safe='')}/month={month}/{name.rpartition('/')[2]}"


def digest_of(body: bytes) -> str:
    return hashlib.blake2b(body, digest_size=16).hexdigest()


def encode_part(table: Any, asset: str, month: str) -> tuple[Part, bytes]:
    """Sort the rows of one asset and month; the file's bytes and its entry."""
    table = table.take(pa.array(sort_order(table)))
    body = _parquet(table)
    event, known = int_times(table.column("event_time")), int_times(table.column("known_time"))
    seq = table.column("seq").combine_chunks().to_numpy()
    low, high = int(seq.min()), int(seq.max())
    part = Part(
        path=part_path(asset, month, f"{low:012d}-{high:012d}-{digest_of(body)}.parquet"),
        asset=asset,
        month=month,
        rows=table.num_rows,
        size=len(body),
        min_seq=low,
        max_seq=high,
        min_event=int(event.min()),
        max_event=int(event.max()),
        min_known=int(known.min()),
        max_known=int(known.max()),
    )
    return part, body


def decode_part(body: bytes, wanted: Wanted | None = None) -> Any:
    """The rows of a file, the words dictionary-encoded.

    With ``wanted`` whole row groups are left out that hold none of it; others come entire.
    """
    file = pq.ParquetFile(pa.BufferReader(body), read_dictionary=list(WORDS[:-1]))
    groups = list(range(file.num_row_groups))
    if wanted is not None and len(groups) > 1:
        groups = [at for at in groups if _touches(file.metadata.row_group(at), wanted)]
    return file.read_row_groups(groups, use_threads=False).cast(MEMORY)


class Wanted(NamedTuple):
    """What a reader is after: fields (None: all) and an inclusive span of event_time in µs."""

    fields: frozenset[str] | None
    event_from: int | None
    event_to: int


def _touches(group: Any, wanted: Wanted) -> bool:
    field, event = (group.column(ROWS.names.index(name)).statistics for name in _PRUNED)
    if field is None or event is None:
        return True
    if wanted.fields is not None and not any(
        field.min <= name <= field.max for name in wanted.fields
    ):
        return False
    low, high = event.min_raw, event.max_raw
    return bool(low <= wanted.event_to and (wanted.event_from is None or high >= wanted.event_from))


def _parquet(table: Any) -> bytes:
    plain = table.cast(ROWS)
    sink = pa.BufferOutputStream()
    pq.write_table(
        plain,
        sink,
        row_group_size=ROW_GROUP,
        compression="zstd",
        compression_level=3,
        use_dictionary=_SPELLED,
        column_encoding={
            **dict.fromkeys(_DELTA, "DELTA_BINARY_PACKED"),
            "value": "BYTE_STREAM_SPLIT",
        },
        write_statistics=_STATISTICS,
        store_schema=False,
        data_page_size=1 << 20,
    )
    return sink.getvalue().to_pybytes()  # type: ignore[no-any-return]
