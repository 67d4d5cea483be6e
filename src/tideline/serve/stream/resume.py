"""What a client missed since the last sequence it saw.

Values: the newest, which every subscriber gets, and how many commits lie between. Readings: of each
track the change from where it stood at that sequence to where it stands now, if they differ. Gaps:
each one since, in order, or, from too long ago, word that they have to be asked for (``GET
/v1/gaps``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from tideline.domain.errors import TidelineError
from tideline.log import Log
from tideline.readings.asking import Track
from tideline.readings.transitions import Standing, Transition
from tideline.serve.stream.channel import GapsKey, Key, ReadingKey, new_channel
from tideline.serve.stream.hub import gap_frame, transition
from tideline.serve.stream.source import Source, gaps_in

MOST_COMMITS = 20_000
"""Commits read again for gaps: five hours at one a second."""
MOST_GAPS = 200


class Missed(NamedTuple):
    """``frames``: (channel, message), oldest first. ``whole``: nothing was left out."""

    commits: int
    frames: list[tuple[str, str]]
    whole: bool


def missed(
    log: Log, source: Source, keys: Sequence[Key], since: int, seq: int, head: int
) -> Missed:
    """What happened on these channels after ``since``, up to ``seq`` and ``head``."""
    frames: list[tuple[str, str]] = []
    for key in keys:
        if isinstance(key, ReadingKey):
            frames += _transitions(log, source, key, since, seq, head)
    assets = {key.asset for key in keys if isinstance(key, GapsKey)}
    whole = True
    if assets:
        gaps, whole = _gaps(log, assets, since, seq, head)
        frames += gaps
    return Missed(max(0, seq - since), frames, whole)


def _transitions(
    log: Log, source: Source, key: ReadingKey, since: int, seq: int, head: int
) -> list[tuple[str, str]]:
    then = log.commit_time(since)
    if then is None or then > head:
        return []
    channel = new_channel(key)
    try:
        before = dict(source.stood(key.asset, key.tracks, int(then)))
        now = dict(source.stood(key.asset, key.tracks, head))
    except TidelineError:
        return []
    changed = [
        _changed(key.asset, track, before.get(track), now.get(track), head) for track in key.tracks
    ]
    return [(channel.name, transition(channel, key, one, seq)) for one in changed if one]


def _changed(
    asset: str, track: Track, before: Standing | None, now: Standing | None, head: int
) -> Transition | None:
    if now is None:
        return Transition(asset, *track, head, "left", before.name, "none") if before else None
    if before is None or before.name != now.name:
        was = before.name if before else ""
        return Transition(asset, *track, now.since, "entered", now.name, now.severity, was)
    if before.severity == now.severity:
        return None
    return Transition(asset, *track, head, "severity", now.name, now.severity)


def _gaps(
    log: Log, assets: set[str], since: int, seq: int, head: int
) -> tuple[list[tuple[str, str]], bool]:
    if seq - since > MOST_COMMITS:
        return [], False
    frames: list[tuple[str, str]] = []
    for commit in log.follow(since, idle_s=0.0):
        for asset, entry, mended in gaps_in(commit):
            if asset in assets:
                channel = new_channel(GapsKey(asset))
                frames.append((channel.name, gap_frame(channel, entry, mended, commit.seq, head)))
        if commit.seq >= seq:
            break
    return frames[-MOST_GAPS:], len(frames) <= MOST_GAPS
