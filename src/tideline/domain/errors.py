"""Everything that can go wrong, drawn as a tree.

    TidelineError
    ├── BadInput            what was asked or given cannot be used (the command line exits with 2)
    │   ├── BadTime         naive, unreadable or impossible moment
    │   ├── BadAddress      a feature address outside the grammar; names part and position
    │   ├── BadRule         a rule outside the grammar; names part and position
    │   ├── UnknownName     asset, signal, venue, field ... that does not exist
    │   ├── FutureAsOf      an as_of above the head
    │   ├── BeforeHorizon   an as_of before what retention kept
    │   ├── BadFile         unreadable, broken, wrong checksum, contradicting content
    │   └── BadMap          an import map that contradicts itself or the file
    ├── WireError           what a venue sent cannot be used; it is kept as it came, and counted
    │   ├── NotStrict       no strict JSON: broken, duplicate keys, too deep, too large, not text
    │   ├── BadWire         a field missing, of the wrong kind, or a number or word out of place
    │   └── VenueRefusal    the venue answered with an error of its own
    └── StoreError          the store cannot do it
        ├── NoStore         nothing there, or not a store
        ├── StoreBusy       another writer owns it
        ├── StoreDamaged    a checksum or an invariant does not hold
        └── StoreTooNew     written by a later version

Each carries its facts as attributes and a hint; none knows of HTTP or of exit codes.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest_of(value: str, choices: Iterable[str]) -> str | None:
    """The choice spelled most like ``value``, or None if nothing is close."""
    found = difflib.get_close_matches(value, list(choices), n=1, cutoff=0.5)
    return found[0] if found else None


class TidelineError(Exception):
    """The root of every error tideline raises on purpose."""

    hint: str | None = None


class BadInput(TidelineError, ValueError):
    """A field's value cannot be used; ``nearest`` is the closest valid choice, if there is one."""

    def __init__(
        self, field: str, value: object, problem: str = "cannot be used", nearest: str | None = None
    ) -> None:
        self.field, self.value, self.problem, self.nearest = field, value, problem, nearest
        self.hint = f"nearest valid: {nearest}" if nearest else None
        text = f"{field}: {value!r} {problem}"
        super().__init__(f"{text}; {self.hint}" if self.hint else text)


class BadTime(BadInput):
    """A moment without an offset, unreadable, or outside 2009 .. 2100."""

    def __init__(self, field: str, value: object, nearest: str | None = None) -> None:
        problem = "is not a moment in UTC microseconds or RFC 3339 with an offset"
        super().__init__(field, value, problem, nearest)


class BadAddress(BadInput):
    """A feature address outside the grammar: which ``part``, at which ``position`` (from 0)."""

    def __init__(
        self, address: str, part: str, position: int, problem: str, nearest: str | None = None
    ) -> None:
        self.address, self.part, self.position = address, part, position
        super().__init__(
            "feature", address, f"has a bad {part} at position {position}: {problem}", nearest
        )


class BadRule(BadInput):
    """A rule outside the grammar: the offending ``part``, at which ``position`` (from 0)."""

    def __init__(
        self, rule: str, part: str, position: int, problem: str, nearest: str | None = None
    ) -> None:
        self.rule, self.part, self.position = rule, part, position
        super().__init__(
            "rule",
            rule if len(rule) <= 200 else rule[:200] + "…",
            f"has a bad part {part[:80]!r} at position {position}: {problem}",
            nearest,
        )


class UnknownName(BadInput):
    """A name that does not exist here."""

    def __init__(self, field: str, value: str, choices: Iterable[str] = ()) -> None:
        known = sorted(set(choices))
        near = nearest_of(value, known) or (known[0] if len(known) == 1 else None)
        shown = f"is unknown (known: {', '.join(known[:12])}{', …' if len(known) > 12 else ''})"
        super().__init__(field, value, shown if known else "is unknown", near)


class FutureAsOf(BadInput):
    """An as_of above the head: the answer could still change."""

    def __init__(self, as_of: str, head: str) -> None:
        self.as_of, self.head = as_of, head
        super().__init__("as_of", as_of, "is above the head of the store", head)


class BeforeHorizon(BadInput):
    """An as_of whose rows retention has removed."""

    def __init__(self, as_of: str, horizon: str) -> None:
        self.as_of, self.horizon = as_of, horizon
        super().__init__("as_of", as_of, "is before the retention horizon", horizon)


class BadFile(BadInput):
    """A file that is broken, mislabelled or contradicts itself."""

    def __init__(self, path: object, problem: str, nearest: str | None = None) -> None:
        self.path = str(path)
        super().__init__("file", str(path), problem, nearest)


class BadMap(BadInput):
    """An import map that contradicts itself or the file it describes."""


class WireError(TidelineError):
    """What a venue sent cannot be used. ``where`` names the field or the place in the frame."""

    def __init__(self, where: str, value: object, problem: str) -> None:
        self.where, self.problem = where, problem
        self.value = str(value)[:120]
        super().__init__(f"{where}: {self.value!r} {problem}")


class NotStrict(WireError):
    """Not the strict JSON that every parser starts from."""


class BadWire(WireError):
    """JSON, but not what this venue's frame has to be."""


class VenueRefusal(WireError):
    """The venue said no: ``code`` as it wrote it."""

    def __init__(self, code: object, message: object) -> None:
        self.code = str(code)
        super().__init__("venue", message, f"is the venue's error {self.code}")


class StoreError(TidelineError):
    """The store cannot do what was asked."""


class NoStore(StoreError):
    """Nothing there, or something that is not a store."""

    def __init__(self, path: object) -> None:
        self.path = str(path)
        self.hint = "an import creates a store: tideline import … --store DIR"
        super().__init__(f"no tideline store at {path}; {self.hint}")


class StoreBusy(StoreError):
    """Another process writes this store."""

    def __init__(self, path: object, pid: int | None, started: str | None) -> None:
        self.path, self.pid, self.started = str(path), pid, started
        self.hint = "one writer at a time; readers need no lock"
        super().__init__(
            f"{path} is being written by process {pid or '?'} since {started or '?'}; {self.hint}"
        )


class StoreDamaged(StoreError):
    """A checksum or an invariant does not hold; ``what`` names the exact range."""

    def __init__(self, what: str) -> None:
        self.what = what
        self.hint = "tideline verify lists every damaged range"
        super().__init__(f"{what}; {self.hint}")


class StoreTooNew(StoreError):
    """The store was written by a later version of tideline."""

    def __init__(self, path: object, found: int, supported: int) -> None:
        self.found, self.supported = found, supported
        super().__init__(f"{path} has format {found}; this tideline reads up to {supported}")
