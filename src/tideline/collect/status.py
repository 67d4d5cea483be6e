"""How the collector fares, as counters: written each second so that another process can show it."""

from __future__ import annotations

from pathlib import Path

import msgspec

from tideline.collect.kept import keep, kept

STATUS_FILE = "status.json"


class FeedStatus(msgspec.Struct):
    """One feed since the start. ``at`` times are µs UTC, 0: never.

    Attributes:
        frames: frames and replies taken.
        rows: rows they made.
        errors: by kind: WireErrors, TransportErrors, verdicts.
        ignored: what was read and left out on purpose, by reason.
        last_frame_at: arrival of the newest frame or reply.
        last_data_at: arrival of the newest one that carried data.
        cadence_s: what the plan made of the declared cadence.
        connections: connections that stand.
        reconnects, rotations: connections lost, and replaced on purpose.
        unacked: topics that were asked for twice and not confirmed.
        refused: topics the venue refused.
        stale: (topic) legs silent for longer than they should be.
        gaps_open: since when nothing has come, per connection or sweep, µs UTC.
        dropped: frames thrown away because the queue was full.
        missed: sweeps that were skipped because the one before took too long.
        incomplete: history pages that stayed short.
        restarts: crashes of the feed's own task.
        crash: the text of the last one.
    """

    frames: int = 0
    rows: int = 0
    errors: dict[str, int] = {}
    ignored: dict[str, int] = {}
    last_frame_at: int = 0
    last_data_at: int = 0
    cadence_s: float = 0.0
    connections: int = 0
    reconnects: int = 0
    rotations: int = 0
    unacked: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    stale: tuple[str, ...] = ()
    gaps_open: dict[str, int] = {}
    dropped: int = 0
    missed: int = 0
    incomplete: int = 0
    restarts: int = 0
    crash: str = ""

    def error(self, kind: str) -> None:
        self.errors[kind] = self.errors.get(kind, 0) + 1

    def ignore(self, counts: dict[str, int]) -> None:
        for reason, count in counts.items():
            self.ignored[reason] = self.ignored.get(reason, 0) + count


class FieldStatus(msgspec.Struct):
    """One field of a venue in the log.

    ``rows`` ever written, ``instruments`` that have any, ``newest_at`` when the newest row was
    known (µs UTC), ``gaps`` instruments that are silent now.
    """

    rows: int = 0
    instruments: int = 0
    newest_at: int = 0
    gaps: int = 0


class VenueStatus(msgspec.Struct):
    """One venue. ``skew_us`` is its clock minus ours, None before the first answer.

    ``concern``: what a person should look at, in words.
    """

    feeds: dict[str, FeedStatus] = {}
    followed: int = 0
    banned_until: dict[str, int] = {}
    skew_us: int | None = None
    queue: int = 0
    restarts: int = 0
    crash: str = ""
    concern: str = ""
    fields: dict[str, FieldStatus] = {}

    def feed(self, name: str) -> FeedStatus:
        """The counters of one feed."""
        found = self.feeds.get(name)
        if found is None:
            found = self.feeds[name] = FeedStatus()
        return found


class Status(msgspec.Struct):
    """Everything. ``at`` is when it was written: an old one means that nothing collects.

    ``refused``: batches that the log would not have; their frames are in the archive alone.
    """

    at: int
    started: int
    venues: dict[str, VenueStatus] = {}
    commits: int = 0
    commit_failures: int = 0
    commit_error: str = ""
    refused: int = 0
    refused_why: str = ""
    last_commit_at: int = 0
    clock_steps: int = 0
    clock_in_doubt: bool = False
    stopped: bool = False


def write_status(directory: Path, status: Status) -> None:
    """Replace the file.

    Raises:
        OSError: it cannot be written.
    """
    keep(directory / STATUS_FILE, status, durable=False)


def read_status(directory: Path) -> Status | None:
    """What a collector last said, None when there has been none."""
    return kept(directory / STATUS_FILE, Status | None, None)  # type: ignore[arg-type]
