"""The clock of a store: the machine's, or that of the made market which the store is fed from.

A store of a made market has ``clock.json`` beside its log. Time goes on in it as long as the
process that feeds it runs; afterwards it stands: what was last known stays the newest there is.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from tideline.domain.errors import BadInput, StoreDamaged
from tideline.domain.scaled_time import Anchor, ScaledClock
from tideline.domain.time import Clock, WallClock, format_time

FILE = "clock.json"
_BOOT = Path("/proc/sys/kernel/random/boot_id")


def clock_of(store: str | Path) -> Clock:
    """The clock to ask and to write a store by.

    Raises:
        StoreDamaged: its clock file cannot be read.
    """
    try:
        told = (Path(store) / FILE).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return WallClock()
    return _scaled(told, Path(store) / FILE)


def write_clock(store: str | Path, clock: ScaledClock) -> None:
    """From now on every command on the store reads this clock, while this process runs."""
    anchor = clock.anchor
    _write(
        Path(store) / FILE,
        {
            "simulated": True,
            "virtual_us": anchor.virtual_us,
            "virtual": format_time(anchor.virtual_us),
            "monotonic_s": anchor.monotonic_s,
            "speed": anchor.speed,
            "boot": _boot(),
            "pid": os.getpid(),
        },
    )


def stop_clock(store: str | Path, at: int) -> None:
    """From now on the time of the store stands at ``at``, µs."""
    stopped = ScaledClock(Anchor(at, 0.0, 0.0))
    write_clock(store, stopped)


def is_made(store: str | Path) -> bool:
    """Does the store have a clock of its own?"""
    return (Path(store) / FILE).exists()


def _scaled(told: bytes, path: Path) -> Clock:
    try:
        facts = json.loads(told)
        anchor = Anchor(
            int(facts["virtual_us"]), float(facts["monotonic_s"]), float(facts["speed"])
        )
        running = facts["boot"] == _boot() and _alive(int(facts["pid"]))
        return ScaledClock(anchor if running else Anchor(anchor.virtual_us, 0.0, 0.0))
    except (ValueError, KeyError, TypeError, BadInput) as error:
        raise StoreDamaged(f"{path} is no clock: {error}") from None


def _write(path: Path, facts: dict[str, Any]) -> None:
    """Whole or not at all."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.part")
    unfinished.write_text(json.dumps(facts))
    unfinished.replace(path)


def _boot() -> str:
    """Which start of the machine this is: its monotonic clock begins anew with each."""
    try:
        return _BOOT.read_text().strip()
    except OSError:
        return ""


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
