"""A tape and its truth as one Arrow IPC file: one column an array, each compressed by itself.

Whole numbers are kept in as few bytes as they need, and come back as they were. What does not fit
together is damage, never a market.
"""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from tideline.domain.errors import BadFile
from tideline.market.tape import EVENT, BookName, Tape
from tideline.market.truth import Truth

KIND = "tideline made market 1"
_FACTS = ("world", "seed", "asset", "start", "step_us")
_ARRAYS = tuple(f.name for f in fields(Tape) if f.name not in (*_FACTS, "books"))
_NARROW = (np.int8, np.int16, np.int32)


def write_tape(path: Path, tape: Tape, truth: Truth | None) -> None:
    """Write both to ``path``."""
    arrays = {name: getattr(tape, name) for name in _ARRAYS}
    if truth is not None:
        arrays |= {"truth.lots": truth.lots, "truth.coin": truth.coin}
    columns, shapes = {}, {}
    for name, array in arrays.items():
        kept = _narrowed(np.ascontiguousarray(array))
        shapes[name] = {"shape": array.shape, "kept": kept.dtype.str, "was": _named(array.dtype)}
        columns[name] = pa.array([kept.tobytes()], pa.large_binary())
    facts = {name: getattr(tape, name) for name in _FACTS}
    facts |= {"kind": KIND, "books": [list(book) for book in tape.books], "arrays": shapes}
    facts["truth"] = None if truth is None else {"asset": truth.asset, "start": truth.start}
    table = pa.table(columns).replace_schema_metadata({"tideline": json.dumps(facts)})
    options = pa.ipc.IpcWriteOptions(compression=pa.Codec("zstd", compression_level=1))
    with (
        pa.OSFile(str(path), "wb") as sink,
        pa.ipc.new_file(sink, table.schema, options=options) as w,
    ):
        w.write_table(table)


def read_tape(path: Path) -> tuple[Tape, Truth | None]:
    """What ``write_tape`` wrote.

    Raises:
        BadFile: unreadable, of another kind, or not whole.
    """
    try:
        with pa.memory_map(str(path)) as source:
            table = pa.ipc.open_file(source).read_all()
        facts = json.loads((table.schema.metadata or {})[b"tideline"])
        if facts["kind"] != KIND:
            raise BadFile(str(path), f"is a {facts['kind']!r}")
        arrays = {name: _array(table, name, told) for name, told in facts["arrays"].items()}
        books = tuple(BookName(*book) for book in facts["books"])
        tape = Tape(
            **{name: facts[name] for name in _FACTS},
            books=books,
            **{name: arrays[name] for name in _ARRAYS},
        )
        if facts["truth"] is None:
            return tape, None
        return tape, Truth(**facts["truth"], lots=arrays["truth.lots"], coin=arrays["truth.coin"])
    except BadFile:
        raise
    except (OSError, pa.ArrowException, KeyError, TypeError, ValueError) as error:
        raise BadFile(str(path), f"is no made market: {error}") from None


def _named(dtype: Any) -> Any:
    return EVENT.descr if dtype == EVENT else dtype.str


def _narrowed(array: Any) -> Any:
    """The same whole numbers in the fewest bytes."""
    if array.dtype.kind != "i" or not array.size:
        return array
    least, most = int(array.min()), int(array.max())
    for kind in _NARROW:
        held = np.iinfo(kind)
        if array.dtype.itemsize > held.bits // 8 and held.min <= least and most <= held.max:
            return array.astype(kind)
    return array


def _array(table: Any, name: str, told: Any) -> Any:
    was = told["was"]
    dtype = np.dtype(was) if isinstance(was, str) else np.dtype([tuple(part) for part in was])
    kept = dtype if dtype == EVENT else np.dtype(told["kept"])
    body = table.column(name).chunk(0)
    found = np.frombuffer(body.buffers()[2], kept, count=int(np.prod(told["shape"])))
    found = found.reshape(told["shape"])
    return found if found.dtype == dtype else found.astype(dtype)
