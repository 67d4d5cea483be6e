"""One commit as bytes: an Arrow IPC stream with zstd, without what the log can add back.

``seq`` and ``row`` follow from the commit. A column that holds one value throughout is kept once,
in the schema's metadata, so that a usual commit compresses five columns instead of twelve.
"""

from __future__ import annotations

import hashlib
import struct
from typing import Any, Final

import msgspec
import numpy as np
import pyarrow as pa

from tideline.log.schema import MEMORY, NAMES, OFFERED, Checked, times

_OPTIONS: Final = pa.ipc.IpcWriteOptions(compression=pa.Codec("zstd", compression_level=1))
_FOLDABLE: Final = (*NAMES, "basis", "status", "cadence_s", "source_id", "text")
_KEY: Final = b"constant"


def encode(batch: Checked, known: np.ndarray[Any, np.dtype[np.int64]]) -> bytes:
    """The batch with its final known_time, as bytes for the journal."""
    constant: dict[str, Any] = {}
    names, arrays = [], []
    for name in OFFERED:
        column = batch.columns[name]
        if name == "known_time":
            if (known == known[0]).all():
                constant[name] = int(known[0])
                continue
            column = times(known)
        elif name in _FOLDABLE:
            single, value = _single(column)
            if single:
                constant[name] = value
                continue
        names.append(name)
        arrays.append(column)
    schema = pa.schema(
        [pa.field(name, array.type) for name, array in zip(names, arrays, strict=True)],
        metadata={_KEY: msgspec.json.encode(constant)},
    )
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, schema, options=_OPTIONS) as writer:
        writer.write_batch(pa.record_batch(arrays, schema=schema))
    return sink.getvalue().to_pybytes()  # type: ignore[no-any-return]


def decode(body: bytes, seq: int) -> Any:
    """The rows of commit ``seq`` as a canonical table."""
    stream = pa.ipc.open_stream(pa.py_buffer(body))
    found = stream.read_all()
    constant = msgspec.json.decode(stream.schema.metadata[_KEY])
    rows = found.num_rows
    columns: list[Any] = []
    for name in OFFERED:
        wanted = MEMORY.field(name).type
        columns.append(
            _filled(constant[name], wanted, rows) if name in constant else found.column(name)
        )
    columns.append(pa.array(np.full(rows, seq, np.int64)))
    columns.append(pa.array(np.arange(rows, dtype=np.int32)))
    return pa.table(columns, schema=MEMORY)


def checksum(body: bytes, seq: int, known_time: int, rows: int) -> bytes:
    """16 bytes over the batch and the facts of its commit."""
    digest = hashlib.blake2b(body, digest_size=16)
    digest.update(struct.pack("<qqq", seq, known_time, rows))
    return digest.digest()


def _single(column: Any) -> tuple[bool, Any]:
    if column.null_count:
        return column.null_count == len(column), None
    if pa.types.is_dictionary(column.type):
        codes = column.indices.to_numpy()
        return bool((codes == codes[0]).all()), column.dictionary[codes[0]].as_py()
    if pa.types.is_string(column.type):
        return False, None
    values = column.to_numpy()
    return bool((values == values[0]).all()), values[0].item()


def _filled(value: Any, wanted: Any, rows: int) -> Any:
    if value is None:
        return pa.nulls(rows, wanted)
    if pa.types.is_dictionary(wanted):
        codes = pa.array(np.zeros(rows, np.int32))
        return pa.DictionaryArray.from_arrays(codes, pa.array([value], pa.string()))
    if pa.types.is_timestamp(wanted):
        return times(np.full(rows, value, np.int64))
    return pa.array(np.full(rows, value), wanted)
