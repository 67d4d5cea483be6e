"""A service in a process of its own, for as long as something else runs."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from tideline.serve.process import Serving

LOG_FILE = "serve.log"
STOP_S = 20.0


@contextmanager
def served_beside(
    serving: Serving | None, say: Callable[[str], None] = click.echo
) -> Iterator[Callable[[], bool]]:
    """Serve until the block ends; None: do not. Gives whether the service ended before its time.

    Raises:
        BadInput: an address that others reach, and no key.
    """
    if serving is None:
        yield lambda: False
        return
    from tideline.log import Log
    from tideline.serve.process import options_of

    with Log.open_or_create(serving.store):
        options_of(serving)  # what stands in the way is said here, not in a log
    with (serving.store / LOG_FILE).open("ab") as log:
        child = subprocess.Popen(  # noqa: S603 - our own command
            _command(serving), stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
        say(f"serving at http://{serving.host}:{serving.port}/docs")
        try:
            yield lambda: child.poll() is not None
        finally:
            child.terminate()
            try:
                child.wait(timeout=STOP_S)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()


def _command(serving: Serving) -> list[str]:
    """The same service as a command of its own."""
    words = [sys.executable, "-m", "tideline.cli", "serve", "--store", str(serving.store)]
    words += ["--host", serving.host, "--port", str(serving.port)]
    words += ["--workers", str(serving.workers)]
    if serving.keys is not None:
        words.append("--keys" if serving.keys else "--no-keys")
    if serving.keys_file is not None:
        words += ["--keys-file", str(serving.keys_file)]
    if serving.hosts:
        words += ["--trusted-host", ",".join(serving.hosts)]
    return words
