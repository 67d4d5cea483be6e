"""Several processes that serve one store, on granian; and when it refuses to start."""

from __future__ import annotations

import ipaddress
import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from granian import Granian
from granian.constants import HTTPModes, Interfaces, Loops
from granian.http import HTTP1Settings
from prometheus_client import values

from tideline.domain.errors import BadInput
from tideline.domain.time import WallClock
from tideline.log import Log
from tideline.log.store_clock import clock_of
from tideline.serve.keys.ring import KeyRing
from tideline.serve.metrics import SHARED
from tideline.serve.service import LOOPBACK, Options

KEYS_FILE = "keys.sqlite"
HEADER_BYTES = 65_536
HEADER_WAIT_MS = 5_000
BACKLOG = 1024
GRACE_S = 15
"""A worker that has not ended its answers by then is ended."""


@dataclass(frozen=True, slots=True)
class Serving:
    """Where and how to serve.

    Attributes:
        keys: on, off, or None: off on loopback, on elsewhere.
        keys_file: the file of keys; None: in the store's directory.
        hosts: further names this service answers to.
        timeout_s: no answer takes longer.
        mail_server: an Apprise address, for alerts by mail; empty: none.
    """

    store: Path
    host: str = "127.0.0.1"
    port: int = 8787
    workers: int = 1
    keys: bool | None = None
    keys_file: Path | None = None
    hosts: tuple[str, ...] = field(default_factory=tuple)
    timeout_s: float = 10.0
    mail_server: str = ""


def is_loopback(host: str) -> bool:
    """Can nobody but this machine reach it?"""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def options_of(serving: Serving, limits: Path | None = None) -> Options:
    """What each worker is set up with.

    Raises:
        NoStore: nothing to serve.
        BadInput: an address that others reach, and no key, or keys turned off.
    """
    with Log.open(serving.store):
        pass
    local = is_loopback(serving.host)
    wanted = (not local) if serving.keys is None else serving.keys
    if not local and not wanted:
        raise BadInput("keys", "off", f"on {serving.host}, which others can reach", "127.0.0.1")
    file = serving.keys_file or serving.store / KEYS_FILE
    if wanted and not _any_key(file):
        problem = f"has no key that is valid, and {serving.host} needs one"
        raise BadInput("keys", str(file), problem, "tideline keys create --plan quant")
    return Options(
        store=serving.store,
        keys=file if wanted else None,
        limits=limits,
        hosts=_hosts(serving),
        timeout_s=serving.timeout_s,
        mail_server=serving.mail_server,
        threads=max(2, (os.cpu_count() or 2) // serving.workers),
    )


def serve(serving: Serving, ready: Callable[[], None] = lambda: None) -> None:
    """Serve until SIGINT or SIGTERM; answers under way are ended first.

    ``ready`` is called when nothing stands in the way of serving.

    Raises:
        NoStore, BadInput: see :func:`options_of`.
    """
    shared = Path(tempfile.mkdtemp(prefix="tideline-serve-"))
    try:
        options = options_of(serving, shared / "limits")
        ready()
        if serving.workers > 1:
            (shared / "metrics").mkdir()
            os.environ[SHARED] = str(shared / "metrics")
        server = Granian(
            "tideline",
            address=serving.host.strip("[]"),
            port=serving.port,
            interface=Interfaces.ASGI,
            workers=serving.workers,
            loop=Loops.uvloop,
            http=HTTPModes.http1,
            backlog=BACKLOG,
            http1_settings=HTTP1Settings(
                header_read_timeout=HEADER_WAIT_MS, max_buffer_size=HEADER_BYTES
            ),
            log_access=False,
            workers_kill_timeout=GRACE_S,
            respawn_failed_workers=True,
        )
        server.serve(target_loader=partial(load, options), wrap_loader=False)
    finally:
        os.environ.pop(SHARED, None)
        shutil.rmtree(shared, ignore_errors=True)


def load(options: Options) -> Any:
    """The application of one worker, made in that worker."""
    from tideline.serve.app import create_app
    from tideline.serve.service import open_service

    if os.environ.get(SHARED):  # chosen when the library was imported, which was before the fork
        values.ValueClass = values.MultiProcessValue()  # type: ignore[no-untyped-call]
    return create_app(open_service(options, WallClock(), lived=clock_of(options.store)))


def _any_key(file: Path) -> bool:
    if not file.is_file():
        return False
    ring = KeyRing(file, WallClock())
    try:
        return ring.any_valid()
    finally:
        ring.close()


def _hosts(serving: Serving) -> tuple[str, ...]:
    """Names in a Host header that are meant for this service."""
    own = serving.host if ":" not in serving.host else f"[{serving.host.strip('[]')}]"
    listed = dict.fromkeys((*LOOPBACK, *serving.hosts))
    if own not in ("0.0.0.0", "[::]"):  # noqa: S104 - no name anybody asks for
        listed[own] = None
    return tuple(listed)
