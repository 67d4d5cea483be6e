"""Each scenario of the simulated market in a picture: docs/simulated-market/scenarios.md.

    python scripts/scenario_pages.py [--seed 1] [--days 3]

Price, open interest and what the truth says; nothing of it is a reading.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from tideline.domain.time import MINUTE
from tideline.market.made import SCENARIOS, START
from tideline.market.tape import Tape
from tideline.market.truth import MIXED, Truth, true_states
from tideline.market.world import make_world
from tideline.plot import COLOURS
from tideline.research.strip import Strip

DOCS = Path(__file__).resolve().parent.parent / "docs" / "simulated-market"
NOTE = "<!-- printed by scripts/scenario_pages.py -->\n"
ASSET, WINDOW_M, EVERY_M = "BTC", 45, 15
STATES = ("new_longs", "short_covering", "new_shorts", "long_liquidation")
SAYS = {
    "calm": "Deep books and less appetite for positions, event after event.",
    "fresh_trend": "Value drifts up for hours and buyers open into it.",
    "short_covering": "Sellers build shorts for five hours; two hours later they buy them back.",
    "short_squeeze": "Leveraged shorts crowd for twelve hours, then news and thin books run into"
    " them.",
    "long_cascade": "The mirror, larger: crowded longs, then the fall.",
    "aggressive_shorting": "Shorts are opened into a fall.",
    "stored_leverage_break": "Positions stack on both sides of a price that stands still; then it"
    " breaks down.",
    "crowded_long": "Thirty hours of a mood that likes longs.",
    "venue_local_inflow": "One venue alone is bought, and sold ten hours later.",
    "contract_migration": "Holders move from a venue's inverse contract to its linear one: what is"
    " closed here is opened there.",
    "new_listing": "One book begins to trade in the middle.",
    "venue_outage": "A venue shows nothing for hours, while its traders go on.",
    "mixed": "All kinds of events at drawn times, sizes and directions. The scorecard's worlds.",
}
HEAD = """# The scenarios, one by one

Three days of {asset} in each scenario of [the simulated market](index.md) (`tideline demo
--scenario NAME`), seed {seed}. Above: the index price and the open interest of the perpetuals. The
lanes are the truth: in which {window} m windows (every {every} m) one class made up at least 40 %
of what directional traders took, and 1.5 × the next; white is `mixed`. The last lane marks minutes
in which positions were closed by force. A scenario's name is what was done to the market; the truth
is what its traders then did, and the two need not agree.

    python scripts/scenario_pages.py

prints this page.
"""


def picture(scenario: str, tape: Tape, truth: Truth, books: Sequence[int]) -> str:
    """One market."""
    strip = Strip(tape.start, tape.end)
    each = EVERY_M * MINUTE // tape.step_us
    strip.panel("price, USD", tape.index[each - 1 :: each].tolist())
    for name, chosen in _shown(scenario, tape, books):
        held = sum(tape.oi[book] * tape.books[book].lot for book in chosen)
        strip.panel(f"OI {name}, coin", np.asarray(held)[each - 1 :: each].tolist())
    states = true_states(truth.aggressive(list(books)), WINDOW_M)
    for state in STATES:
        strip.lane(f"truth: {state}", _stretches(tape.start, states, state))
    strip.lane("forced", _forced(tape))
    return strip.svg()


def _shown(scenario: str, tape: Tape, books: Sequence[int]) -> list[tuple[str, Sequence[int]]]:
    """All books; where some go apart by design, those as well."""
    shown: list[tuple[str, Sequence[int]]] = [("of all books", books)]
    names = {
        "contract_migration": (books[-1], books[0]),
        "venue_local_inflow": (books[1],),
        "new_listing": [book for book in books if tape.books[book].listed_step],
    }
    for book in names.get(scenario, ()):
        one = tape.books[book]
        shown.append((one.symbol if scenario == "contract_migration" else one.venue, [book]))
    return shown


def _stretches(
    start: int, states: Sequence[str], state: str
) -> Iterator[tuple[int, int, str, str]]:
    for end in range(EVERY_M, len(states) + 1, EVERY_M):
        if states[end - 1] == state:
            yield start + (end - EVERY_M) * MINUTE, start + end * MINUTE, COLOURS[state], state


def _forced(tape: Tape) -> Iterator[tuple[int, int, str, str]]:
    minutes, counts = np.unique((tape.events["at"] - 1) // MINUTE, return_counts=True)
    for minute, count in zip(minutes.tolist(), counts.tolist(), strict=True):
        yield minute * MINUTE, (minute + 1) * MINUTE, "#6d597a", f"{count} forced fills"


def told(tape: Tape, truth: Truth, books: Sequence[int]) -> str:
    """What came of it, in a line."""
    states = true_states(truth.aggressive(list(books)), WINDOW_M)[EVERY_M - 1 :: EVERY_M]
    shares = [f"{states.count(name) / len(states):.0%} `{name}`" for name in (*STATES, MIXED)]
    held = [float(sum(tape.oi[b, k] * tape.books[b].lot for b in books)) for k in (0, -1)]
    moved = float(tape.index[-1] / tape.index[0] - 1.0)
    return (
        f"Price {moved:+.1%}, open interest {held[1] / held[0] - 1.0:+.1%}; "
        f"{tape.events.size:,} forced fills; of the windows {', '.join(shares)}."
    )


def main() -> None:
    """Make every scenario; write the page and its pictures."""
    parser = argparse.ArgumentParser(description="the scenarios of the simulated market")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--days", type=float, default=3.0)
    given = parser.parse_args()
    (DOCS / "scenarios").mkdir(exist_ok=True)
    head = HEAD.format(asset=ASSET, seed=given.seed, window=WINDOW_M, every=EVERY_M)
    lines = [NOTE, head]
    for scenario in SCENARIOS:
        ((tape, truth),) = make_world(scenario, given.seed, [ASSET], given.days, start=START)
        assert truth is not None
        books = [number for number, book in enumerate(tape.books) if not book.spot]
        svg = picture(scenario, tape, truth, books)
        (DOCS / "scenarios" / f"{scenario}.svg").write_text(svg, encoding="utf-8")
        say = told(tape, truth, books)
        alt = f"price, open interest and truth: {scenario}"
        lines += [f"## {scenario}", "", f"{SAYS[scenario]} {say}", ""]
        lines += [f"![{alt}](scenarios/{scenario}.svg)", ""]
        print(f"{scenario}: {say}", flush=True)
    (DOCS / "scenarios.md").write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
