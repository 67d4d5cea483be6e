"""The hosts file: other base URLs for a venue's hosts, e.g. a relay of one's own or a test server.

[bybit]
rest = "http://127.0.0.1:8081"
ws = "ws://127.0.0.1:8082"
"""

from __future__ import annotations

import tomllib
from pathlib import Path

from tideline.collect.addresses import is_loopback
from tideline.domain.errors import BadFile, BadInput, UnknownName
from tideline.venues.catalogue import VENUES

Urls = dict[str, dict[str, str]]
"""By venue, by the name of the host."""


def read_hosts(path: str | None) -> Urls:
    """The table in ``path``; empty without one.

    Raises:
        BadFile: unreadable.
        UnknownName: a venue or a host that is not declared.
        BadInput: no URL of the host's kind, or one without TLS that is not on this machine.
    """
    if path is None:
        return {}
    try:
        body = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadFile(path, f"is no hosts file: {error}") from None
    return {venue: _hosts(venue, entry) for venue, entry in body.items()}


def _hosts(venue: str, entry: object) -> dict[str, str]:
    declared = {one.name: one for one in VENUES}
    if venue not in declared:
        raise UnknownName("venue", venue, declared)
    if not isinstance(entry, dict):
        raise BadInput(f"hosts of {venue}", entry, "is not a table of names and URLs")
    known = {host.name: host for host in declared[venue].hosts}
    found = {}
    for name, url in entry.items():
        if name not in known:
            raise UnknownName(f"host of {venue}", name, known)
        kinds = ("ws://", "wss://") if known[name].url.startswith("ws") else ("http://", "https://")
        if not isinstance(url, str) or not url.startswith(kinds):
            raise BadInput(f"host {venue}.{name}", url, f"is no {kinds[1]} URL", known[name].url)
        if url.startswith(kinds[0]) and not is_loopback(url):
            nearest = url.replace(kinds[0], kinds[1], 1)
            raise BadInput(f"host {venue}.{name}", url, "is not on this machine", nearest)
        found[name] = url.rstrip("/")
    return found
