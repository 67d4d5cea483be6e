"""The address grammar: ``category.signal@window[:transform[[n]]]``.

positioning.oi_usdtm@24h:pctrank[30]
└────┬────┘ └──┬───┘ └┬┘ └──┬──┘ └┬┘
category    signal  window transform n
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from tideline.domain.errors import BadAddress, nearest_of
from tideline.features.window import COUNTED, TRANSFORMS, WINDOWS

_NAME = re.compile(r"[a-z0-9_]+")


@dataclass(frozen=True, slots=True)
class Address:
    """One parsed feature address. ``n`` is 0 where the transform takes none."""

    text: str
    signal: str
    window: str
    transform: str
    n: int

    @property
    def window_us(self) -> int:
        """Window length in microseconds."""
        return WINDOWS[self.window]


def parse_address(text: str, known: Collection[str] = ()) -> Address:
    """Read an address; with ``known`` signals given, the signal must be one of them.

    Raises:
        BadAddress: names the offending part, its position and the nearest valid spelling.
    """
    head, at, tail = text.partition("@")
    category, dot, name = head.partition(".")
    if not _NAME.fullmatch(category):
        raise BadAddress(text, "category", 0, "[a-z0-9_]+ expected", _near_signal(head, known))
    if not dot or not _NAME.fullmatch(name):
        where = len(category) + (1 if dot else 0)
        raise BadAddress(
            text, "signal", where, "'.' and [a-z0-9_]+ expected", _near_signal(head, known)
        )
    if known and head not in known:
        part, where = _wrong_part(category, known)
        raise BadAddress(text, part, where, "there is none such", _near_signal(head, known))
    if not at:
        raise BadAddress(text, "window", len(head), "'@' and a window expected", f"{head}@1h")
    window, colon, spec = tail.partition(":")
    if window not in WINDOWS:
        near = nearest_of(window, WINDOWS) or "1h"
        raise BadAddress(text, "window", len(head) + 1, f"one of {' '.join(WINDOWS)}", near)
    start = len(head) + 1 + len(window) + 1
    transform, n = _transform(text, spec, start) if colon else ("level", 0)
    return Address(text, head, window, transform, n)


def _transform(text: str, spec: str, start: int) -> tuple[str, int]:
    name, bracket, rest = spec.partition("[")
    if name not in TRANSFORMS:
        near = nearest_of(name, TRANSFORMS) or "level"
        raise BadAddress(text, "transform", start, f"one of {' '.join(TRANSFORMS)}", near)
    if not bracket:
        return name, COUNTED[name][2] if name in COUNTED else 0
    where = start + len(name)
    if name not in COUNTED:
        raise BadAddress(text, "n", where, f"{name} takes no [n]", name)
    low, high, default = COUNTED[name]
    digits = rest.removesuffix("]")
    if not rest.endswith("]") or not re.fullmatch(r"[0-9]{1,9}", digits):
        raise BadAddress(text, "n", where, f"[{low}..{high}] expected", f"{name}[{default}]")
    n = int(digits)
    if not low <= n <= high:
        near = f"{name}[{min(max(n, low), high)}]"
        raise BadAddress(text, "n", where + 1, f"{low} to {high}", near)
    return name, n


def _near_signal(head: str, known: Collection[str]) -> str | None:
    near = nearest_of(head, known)
    if near is not None:
        return near
    name = head.rpartition(".")[2]
    by_name = {signal.rpartition(".")[2]: signal for signal in known}
    found = nearest_of(name, by_name)
    return by_name[found] if found else None


def _wrong_part(category: str, known: Collection[str]) -> tuple[str, int]:
    categories = {signal.partition(".")[0] for signal in known}
    return ("signal", len(category) + 1) if category in categories else ("category", 0)
