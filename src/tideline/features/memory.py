"""Reading the engine's tables by address.

Compiled functions that pass arrays about in tuples count references on every array they take out
of one; that alone made a look-up 100 times slower than the look-up itself. So kernels are handed
addresses, and these few readers turn an address and an index into a record (a pointer, nothing is
copied) or a number. The Python side owns the arrays and keeps them alive for the whole call
(:class:`tideline.features.plan.Question`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic


def record_reader(dtype: np.dtype[Any]) -> Callable[[int, int], Any]:
    """A compiled function (address, index) -> the record there."""
    record = numba.from_dtype(dtype)

    @intrinsic  # type: ignore[untyped-decorator]
    def read(typing: Any, address: Any, index: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            place = _place(builder, args, dtype.itemsize)
            return builder.inttoptr(place, context.get_value_type(record))

        return record(types.int64, types.int64), generate

    return read


def number_reader(dtype: type[np.generic]) -> Callable[[int, int], Any]:
    """A compiled function (address, index) -> the number there."""
    number = numba.from_dtype(np.dtype(dtype))
    size = np.dtype(dtype).itemsize

    @intrinsic  # type: ignore[untyped-decorator]
    def read(typing: Any, address: Any, index: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            kind = context.get_data_type(number)
            pointer = builder.inttoptr(_place(builder, args, size), kind.as_pointer())
            return builder.load(pointer)

        return number(types.int64, types.int64), generate

    return read


@intrinsic  # type: ignore[untyped-decorator]
def pointer(typing: Any, address: Any) -> Any:
    """An address as ``numba.carray`` wants it."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.inttoptr(args[0], context.get_value_type(types.voidptr))

    return types.voidptr(types.int64), generate


def _place(builder: Any, args: Any, size: int) -> Any:
    step = ir.Constant(ir.IntType(64), size)
    return builder.add(args[0], builder.mul(args[1], step))
