"""The card as a page."""

from __future__ import annotations

from tideline.domain.time import format_time
from tideline.research.scoring.card import Facts
from tideline.research.scoring.sections import sections
from tideline.research.scoring.words import Section

NOTE = "<!-- written by tideline score --write; run it again, do not change this page -->"


def page(card: Facts, at: int, command: str) -> str:
    """The whole page of a card scored at ``at`` (µs) by ``command``.

    A failed control is the first line.
    """
    head = f"**{card['verdict']}**\n" if card["failed"] else ""
    lines = [
        head + NOTE,
        "",
        "# Scorecard",
        "",
        "SIMULATED worlds, whose traders are known: how often a named flow is the flow that "
        "really dominated. Nothing here happened on any market, and nothing here says what prices "
        "do next.",
        "",
        f"Written by `{command}` at {format_time(at)}. Verdict of the negative controls: "
        f"{card['verdict']}.",
    ]
    for each in sections(card):
        lines += ["", *_section(each)]
    return "\n".join(lines) + "\n"


def _section(each: Section) -> list[str]:
    lines = [f"## {each.title}", "", each.text]
    if not each.columns:
        return lines
    rule = ["---", *("---:" for _ in each.columns[1:])]
    cells = [each.columns, rule, *each.rows]
    return [*lines, "", *("| " + " | ".join(_cell(cell) for cell in row) + " |" for row in cells)]


def _cell(text: str) -> str:
    return text.replace("|", "\\|").strip()
