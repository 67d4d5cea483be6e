"""Print the pages that come from the catalogues: signals, the reading, venues.

python scripts/print_pages.py          writes them
python scripts/print_pages.py --check  says whether they are what the catalogues print
"""

import sys
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path

from reading_pages import pages as reading_pages
from venue_pages import venues_page

from tideline.features.signal import Signal
from tideline.readings.parameters import table
from tideline.readings.price_oi import STATES
from tideline.signals import CATALOGUE

DOCS = Path(__file__).resolve().parent.parent / "docs"
NOTE = "<!-- printed by scripts/print_pages.py; change the catalogue, not this page -->\n"


def signals_page() -> str:
    """One section a signal, by category."""
    lines = [
        NOTE,
        "# Signals",
        "",
        "Every signal there is, as the catalogue in the code declares it. Put a window and a",
        "transform behind it and it is a feature: `positioning.oi_usdtm@1h:zscore[30]`.",
        "`tideline catalog` prints the same.",
        "",
        "| signal | kind | unit | formula |",
        "|---|---|---|---|",
    ]
    for signal in CATALOGUE:
        link = f"[{signal.address}](#{anchor(signal)})"
        lines.append(f"| {link} | {signal.kind} | {cell(signal.unit)} | {cell(signal.text)} |")
    for category, members in groupby(CATALOGUE, key=lambda signal: signal.category):
        lines += ["", f"## {category}"]
        for signal in members:
            lines += ["", *section(signal)]
    return "\n".join(lines) + "\n"


def section(signal: Signal) -> list[str]:
    """One signal, in full."""
    level = "Has level only." if signal.level_only else ""
    return [
        f"### {signal.address}",
        "",
        f"{signal.meaning} {level}".strip(),
        "",
        *pairs(
            ("Formula", f"`{signal.text}`"),
            ("Kind, unit", f"{signal.kind}, {signal.unit}"),
            ("Groups", signal.groups.value),
            ("Fields", ", ".join(f"`{field}`" for field in signal.fields)),
            ("Sign", signal.sign),
            ("It is not", signal.is_not),
            ("Source", signal.source),
        ),
    ]


def anchor(signal: Signal) -> str:
    """Where a signal stands on the page: its heading without the dot, here and on GitHub."""
    return signal.address.replace(".", "")


def pairs(*items: tuple[str, str]) -> list[str]:
    """A list of names and texts."""
    return [f"- **{name}**: {text}" for name, text in items]


def cell(text: str) -> str:
    """Text inside a table."""
    return text.replace("|", "\\|")


def reading_page() -> str:
    """R1: states and parameters, behind the words of docs/readings/price_oi.head.txt."""
    head = (DOCS / "readings" / "price_oi.head.txt").read_text(encoding="utf-8")
    return "\n".join([NOTE, head.rstrip(), "", *states(), "", *parameters()]) + "\n"


def states() -> Iterable[str]:
    """The nine states as a table."""
    side = {1: "up", 0: "flat", -1: "down"}
    yield from ("## The states", "", "| price | OI | state | also called | read as |")
    yield "|---|---|---|---|---|"
    for state in STATES:
        words = f"{state.also_called} | {state.read}"
        yield f"| {side[state.price]} | {side[state.oi]} | `{state.name}` | {words} |"


def parameters() -> Iterable[str]:
    """The one table of numbers."""
    yield from ("## The numbers", "", "Each with where it comes from: *published* by others,")
    yield "*measured* on real data, or our own *judgement*."
    yield from ("", "| parameter | value | unit | from | what it does |", "|---|---|---|---|---|")
    for row in table(section="R1"):
        what = f"{row.unit} | {row.provenance} | {row.meaning}"
        yield f"| `{row.name}` | {row.value:.6g} | {what} |"


def venues() -> str:
    """Every venue as it is declared."""
    return venues_page(NOTE)


PAGES = {
    "signals.md": signals_page,
    "readings/price_oi.md": reading_page,
    "venues.md": venues,
}
PAGES |= {name: lambda text=text: text for name, text in reading_pages(DOCS, NOTE).items()}


def main() -> int:
    """Write the pages, or check them."""
    stale = []
    for name, printed in PAGES.items():
        path, text = DOCS / name, printed()
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(name)
        if "--check" not in sys.argv:
            path.write_text(text, encoding="utf-8")
            print(f"wrote docs/{name}")
    if stale and "--check" in sys.argv:
        print(f"not what the catalogues print: {', '.join(stale)}; run scripts/print_pages.py")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
