"""How kernels are compiled: to disk once, without the interpreter lock, telling when it is slow."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
from numba.core import event

F = TypeVar("F", bound=Callable[..., Any])


def kernel(function: F) -> F:
    """A compiled function that only other compiled functions call."""
    options = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    made = numba.njit(cache=True, nogil=True, error_model="numpy", **options)(function)
    return cast(F, made)


def entry(signature: Any) -> Callable[[F], F]:
    """A compiled function called from Python, for exactly ``signature``, kept on disk."""

    def wrap(function: F) -> F:
        options = {"no_cfunc_wrapper": True}
        made = numba.njit(signature, cache=True, nogil=True, error_model="numpy", **options)
        return cast(F, made(function))

    return wrap


class _Announce(event.Listener):  # type: ignore[misc]
    """Says once, on stderr, that compiling is what takes the time."""

    told = False

    def on_start(self, event: Any) -> None:
        if not self.told:
            self.told = True
            print(  # noqa: T201
                "tideline: compiling its kernels, once after installing (up to 20 s) …",
                file=sys.stderr,
            )

    def on_end(self, event: Any) -> None:
        pass


event.register("numba:compile", _Announce())
