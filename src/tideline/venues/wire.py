"""What goes over the wire, without a wire: requests and replies as plain values.

Collectors send them through a transport; venue servers answer them in a process or behind a
socket. Neither end knows which.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import urlencode


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request to a named host of a venue.

    ``host`` is a name of the venue's hosts table, never an address. ``params`` are in the order in
    which they are sent.
    """

    host: str
    path: str
    params: tuple[tuple[str, str], ...] = ()
    method: str = "GET"
    body: bytes = b""

    @property
    def target(self) -> str:
        """Path and query as they go on the line."""
        return f"{self.path}?{urlencode(self.params)}" if self.params else self.path

    def param(self, name: str) -> str:
        """The value of one parameter, empty when it is not there."""
        return dict(self.params).get(name, "")


@dataclass(frozen=True, slots=True)
class Reply:
    """One HTTP answer; header names in lower case, the body decompressed."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


class Verdict(NamedTuple):
    """What a reply means for what may be asked next.

    kind
        ``ok``         read the body
        ``slow_down``  the host wants less: nothing to it for ``wait_s`` (0: not said)
        ``ban``        as slow_down, by the venue's own rule, and kept across restarts
        ``refused``    this request is wrong and will stay so (unknown symbol, bad parameter)
        ``broken``     no answer of the venue at all (5xx, HTML, empty): try again later
    """

    kind: str
    wait_s: float = 0.0
    why: str = ""


OK = Verdict("ok")
