"""One fingerprint of rows: the same rows give the same text on any machine, however they lie."""

from __future__ import annotations

import hashlib
from typing import Any

import pyarrow as pa


class Digest:
    """Takes canonical tables one after the other."""

    def __init__(self) -> None:
        self._total = hashlib.blake2b(digest_size=16)

    def add(self, rows: Any) -> None:
        for name in rows.column_names:
            column = rows.column(name).combine_chunks()
            if pa.types.is_dictionary(column.type):
                column = column.cast(pa.string())
            sink = pa.BufferOutputStream()
            piece = pa.record_batch([column], names=[name])
            with pa.ipc.new_stream(sink, piece.schema) as stream:
                stream.write_batch(piece)
            self._total.update(sink.getvalue())

    def text(self) -> str:
        return self._total.hexdigest()
