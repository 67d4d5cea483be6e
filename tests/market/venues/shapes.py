"""Is what a server makes of the same shape as a captured frame: keys, and kinds of values?"""

from __future__ import annotations

from typing import Any

Differences = list[str]


def differences(sample: Any, made: Any, where: str = "") -> Differences:
    """Where the two differ; null on either side fits anything, as do the rows of an empty list."""
    if sample is None or made is None:
        return []
    if _kind(sample) != _kind(made):
        return [f"{where}: {_kind(sample)} became {_kind(made)} ({made!r})"]
    if isinstance(sample, dict):
        keys = sample.keys() ^ made.keys()
        found = [f"{where}.{key}: {'missing' if key in sample else 'new'}" for key in sorted(keys)]
        for key in sample.keys() & made.keys():
            found += differences(sample[key], made[key], f"{where}.{key}")
        return found
    if isinstance(sample, list) and sample:
        return [line for one in made for line in differences(sample[0], one, f"{where}[]")]
    return []


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "truth"
    if isinstance(value, (int, float)):
        return "number"
    if isinstance(value, str):
        return "number text" if _is_number(value) else "text"
    return type(value).__name__


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
