"""How kernels are compiled: to disk once, without the interpreter lock, telling when it is slow.

Numba's own cache looks at the file of the outermost function alone, so a kernel would go on
running yesterday's helpers. The directory of ours is named after the state of a whole folder.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
from numba.core import config, event

F = TypeVar("F", bound=Callable[..., Any])

_HERE = os.path.dirname(os.path.abspath(__file__))


def _state(folder: str) -> str:
    """A fingerprint of every source file of a folder."""
    digest = hashlib.blake2b(numba.__version__.encode(), digest_size=8)
    for found in sorted(os.scandir(folder), key=lambda item: item.name):
        if found.name.endswith(".py"):
            facts = found.stat()
            digest.update(f"{found.name} {facts.st_size} {facts.st_mtime_ns};".encode())
    return digest.hexdigest()


def _cache_directory(folder: str) -> str:
    """Beside the sources where that can be written, else in the user's cache."""
    name = f"kernels-{_state(folder)}"
    home = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    for base in (os.path.join(folder, "__pycache__"), os.path.join(home, "tideline")):
        place = os.path.join(base, name)
        try:
            os.makedirs(place, exist_ok=True)
        except OSError:
            continue
        if os.access(place, os.W_OK):
            return place
    return os.path.join(tempfile.gettempdir(), f"tideline-{os.getuid()}-{name}")


class Kernels:
    """The compiled functions of one folder: compiled again when any file of it changes.

    ``counted`` False: nobody counts who holds an array. Such kernels may make none, and one handed
    to them must outlive the call.
    """

    def __init__(self, folder: str, *, counted: bool = True) -> None:
        self._cache = _cache_directory(folder)
        self._counted = counted

    def _compiled(self, function: F, *signature: Any, **options: Any) -> F:
        before = config.CACHE_DIR
        config.CACHE_DIR = self._cache  # read when a function is decorated, restored for the rest
        try:
            made = numba.njit(
                *signature,
                cache=True,
                nogil=True,
                error_model="numpy",
                _nrt=self._counted,
                **options,
            )
            return cast(F, made(function))
        finally:
            config.CACHE_DIR = before

    def kernel(self, function: F) -> F:
        """A compiled function that only other compiled functions call."""
        return self._compiled(function, no_cpython_wrapper=True, no_cfunc_wrapper=True)

    def inlined(self, function: F) -> F:
        """A kernel with one caller, compiled as a part of it and not a second time by itself."""
        return self._compiled(
            function, inline="always", no_cpython_wrapper=True, no_cfunc_wrapper=True
        )

    def entry(self, signature: Any) -> Callable[[F], F]:
        """A compiled function called from Python, for exactly ``signature``, kept on disk."""

        def wrap(function: F) -> F:
            return self._compiled(function, signature, no_cfunc_wrapper=True)

        return wrap

    def called(self, function: F) -> F:
        """A compiled function called from Python with whatever types come, kept on disk."""
        return self._compiled(function, no_cfunc_wrapper=True)


_OWN = Kernels(_HERE)
kernel, inlined, entry = _OWN.kernel, _OWN.inlined, _OWN.entry


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
