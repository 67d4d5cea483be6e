"""What an import took, derived, left out and why: plain data, printed by the command line."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from tideline.collect.legrows import LegKey


@dataclass(slots=True)
class LegTally:
    """Counts of one leg. offered = taken + duplicates + left out (suspects are taken)."""

    offered: int = 0
    taken: int = 0
    derived: int = 0
    duplicates: int = 0
    restated: int = 0
    suspects: int = 0
    released: int = 0
    breaks: int = 0
    left_out: dict[str, int] = field(default_factory=dict)

    def leave_out(self, why: str, count: int) -> None:
        """Count rows not taken, with the reason."""
        if count:
            self.left_out[why] = self.left_out.get(why, 0) + count

    @property
    def left(self) -> int:
        """Rows left out for any reason."""
        return sum(self.left_out.values())


@dataclass(frozen=True, slots=True)
class FileNote:
    """One file of an import: offered observations, what was decided about it."""

    name: str
    sha256: str
    rows: int
    note: str = ""
    skipped: bool = False


@dataclass(slots=True)
class ImportReport:
    """The account of one run. ``rows`` are those the log did not have before."""

    kind: str
    legs: dict[LegKey, LegTally] = field(default_factory=dict)
    files: list[FileNote] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    conventions: list[str] = field(default_factory=list)
    lags: dict[str, float] = field(default_factory=dict)
    rows: int = 0
    commits: int = 0
    seconds: float = 0.0

    def leg(self, key: LegKey) -> LegTally:
        """The counts of one leg, begun at zero."""
        return self.legs.setdefault(key, LegTally())

    def note(self, text: str) -> None:
        """Keep a sentence once."""
        if text not in self.notes:
            self.notes.append(text)

    def use(self, conventions: Iterable[str]) -> None:
        """Keep the conventions that were applied, each once."""
        for text in conventions:
            if text not in self.conventions:
                self.conventions.append(text)

    def total(self, name: str) -> int:
        """Sum of one count over the legs (offered, taken, derived, duplicates, …)."""
        return sum(int(getattr(tally, name)) for tally in self.legs.values())

    def table(self) -> list[dict[str, Any]]:
        """One plain row per leg, in leg order, for printing."""
        found = []
        for key in sorted(self.legs):
            asset, venue, instrument, name = key
            tally = self.legs[key]
            found.append(
                {
                    "asset": asset,
                    "venue": venue,
                    "instrument": instrument,
                    "field": name,
                    "offered": tally.offered,
                    "taken": tally.taken,
                    "derived": tally.derived,
                    "duplicates": tally.duplicates,
                    "restated": tally.restated,
                    "suspects": tally.suspects,
                    "released": tally.released,
                    "breaks": tally.breaks,
                    "left_out": tally.left,
                    "why": "; ".join(f"{n} {why}" for why, n in sorted(tally.left_out.items())),
                }
            )
        return found

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain JSON data."""
        return {
            "kind": self.kind,
            "rows": self.rows,
            "commits": self.commits,
            "seconds": round(self.seconds, 3),
            "legs": self.table(),
            "files": [
                {
                    "name": note.name,
                    "sha256": note.sha256,
                    "rows": note.rows,
                    "note": note.note,
                    "skipped": note.skipped,
                }
                for note in self.files
            ],
            "notes": list(self.notes),
            "conventions": list(self.conventions),
            "lag_s": dict(self.lags),
        }
