"""The service on one core in a process of its own, with one more route: a constant."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from socket import socket

from litestar import Response, get

FEATURES = (
    "positioning.oi_usdtm@1h:zscore",
    "positioning.oi_usdtm_coin@1h:rate",
    "price.ret@1h",
    "funding.funding_avg@1h",
    "flow.cvd@15m",
)
LIVE = f"/v1/features/live?asset=BTC&features={','.join(FEATURES)}"
CONSTANT = "/constant"
SERVER_CORE, ASKING_CORE = 0, 1


def make_store(path: Path) -> None:
    """The demo's twelve days, their last hour before now, so that live answers have numbers."""
    import numpy as np
    import pyarrow as pa
    from tests.planted import END, tables

    from tideline.domain.time import WallClock
    from tideline.log import Log, Source

    shift = int(WallClock().now()) - int(END) + 300_000_000
    made = pa.concat_tables(tables()).unify_dictionaries()
    for name in ("event_time", "known_time"):
        moved = pa.array(made[name].cast(pa.int64()).to_numpy() + shift)
        keep = moved.to_numpy() <= int(WallClock().now())
        made = made.set_column(made.column_names.index(name), name, moved.cast(made[name].type))
        made = made.filter(pa.array(keep))
    with Log.create(path) as log, log.writer(background=False) as writer:
        source = Source(source_id=writer.next_source(), kind="simulated", name="benchmark")
        ids = pa.array(np.full(made.num_rows, source.source_id, np.int64))
        writer.append(made.append_column("source_id", ids), [source])
        writer.flush()


def app(store: Path, size: int) -> object:
    """Loaded in the worker: the service with a constant beside it, through the same gate."""
    from tideline.domain.time import WallClock
    from tideline.serve.app import create_app
    from tideline.serve.routes.table import ROUTES
    from tideline.serve.service import Options, open_service

    os.sched_setaffinity(0, {SERVER_CORE})
    body = b"x" * size

    @get(CONSTANT)
    async def constant() -> Response[bytes]:
        return Response(body, media_type="application/json")

    return create_app(open_service(Options(store), WallClock()), (*ROUTES, constant))


def serve(store: str, port: str, size: str) -> None:
    from granian import Granian
    from granian.constants import HTTPModes, Interfaces, Loops

    server = Granian(
        "benchmark",
        port=int(port),
        interface=Interfaces.ASGI,
        loop=Loops.uvloop,
        http=HTTPModes.http1,
        log_enabled=False,
    )
    server.serve(target_loader=partial(app, Path(store), int(size)), wrap_loader=False)


@contextmanager
def running(store: Path, size: int) -> Iterator[int]:
    """The port it listens on."""
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    command = [sys.executable, __file__, str(store), str(port), str(size)]
    child = subprocess.Popen(command)
    try:
        until = time.monotonic() + 120
        while not ask(port, LIVE):
            if child.poll() is not None or time.monotonic() > until:
                raise SystemExit("the server did not start")
            time.sleep(0.2)
        yield port
    finally:
        child.terminate()
        child.wait(timeout=30)


def ask(port: int, target: str) -> bytes:
    """One answer; empty when there is none."""
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", target)
        answer = connection.getresponse()
        body = answer.read()
        return body if answer.status == 200 else b""
    except OSError:
        return b""
    finally:
        connection.close()


@contextmanager
def store() -> Iterator[Path]:
    """A store for one run."""
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "store"
        make_store(path)
        yield path


if __name__ == "__main__":
    serve(*sys.argv[1:])
