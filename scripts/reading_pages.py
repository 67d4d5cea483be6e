"""The pages of the readings, as their rules and their table of numbers declare them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from tideline.readings.catalogue import READINGS, Entry
from tideline.readings.parameters import DEFAULTS, table
from tideline.readings.rule import Rule

SHOWN = "4h"
"""The window whose addresses a page shows."""
BY_HAND = {"R8": "analogues", "R9": "report"}
"""Readings that are no rules: their page is its words and their numbers."""


def pages(folder: Path, note: str) -> dict[str, str]:
    """Name of the page to its text, for every reading but R1, which has a page of its own."""
    found = {
        f"readings/{entry.page}.md": _page(entry, folder, note)
        for entry in READINGS
        if entry.key != "R1"
    }
    for key, page in BY_HAND.items():
        text = "\n".join([note, _head(folder, page), "", *numbers(key)])
        found[f"readings/{page}.md"] = text + "\n"
    return found


def _page(entry: Entry, folder: Path, note: str) -> str:
    head = _head(folder, entry.page) or f"# {entry.key}: {_lower(entry.title)}\n\n{entry.says}"
    lines = [note, head, "", "## The rules"]
    for rule in entry.rules:
        lines += ["", *_rule(rule)]
    return "\n".join([*lines, "", *numbers(entry.key)]) + "\n"


def _lower(title: str) -> str:
    return title[:1].lower() + title[1:]


def _head(folder: Path, page: str) -> str:
    path = folder / "readings" / f"{page}.head.txt"
    return path.read_text(encoding="utf-8").rstrip() if path.exists() else ""


def _rule(rule: Rule) -> Iterable[str]:
    yield from (f"### {rule.key}: {rule.title}", "", rule.says, "")
    yield f"- **Says**: {', '.join(f'`{name}`' for name in rule.names)}"
    yield f"- **When**: {rule.formula}"
    windows = ", ".join(rule.windows) if rule.windows else "the one asked"
    yield f"- **Window**: {windows}"
    at = rule.wants(rule.windows[0] if rule.windows else SHOWN, DEFAULTS)
    asked = dict.fromkeys(at.at)
    if asked:
        yield f"- **Looks at**: {', '.join(f'`{address}`' for address in asked)}"
    signals = dict.fromkeys(path.signal for path in at.paths)
    if signals:
        yield f"- **And at the past of**: {', '.join(f'`{signal}`' for signal in signals)}"


def numbers(key: str) -> Iterable[str]:
    """The part of the one table that belongs to a reading; nothing where it has none."""
    rows = table(section=key)
    if not rows:
        return
    yield from ("## The numbers", "", "Each with where it comes from: *published* by others,")
    yield "*measured* on real data, or our own *judgement*. A profile may change any of them."
    yield from ("", "| parameter | value | unit | from | what it does |", "|---|---|---|---|---|")
    for row in rows:
        what = f"{_cell(row.unit)} | {row.provenance} | {_cell(row.meaning)}"
        yield f"| `{row.name}` | {row.value:.6g} | {what} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
