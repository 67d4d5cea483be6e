"""Print what a world is drawn from into docs/simulated-market/index.md.

python scripts/world_page.py          writes it
python scripts/world_page.py --check  says whether it is what the priors say
"""

import re
import sys
from pathlib import Path

from tideline.market.world.parameters import PRIORS

PAGE = Path(__file__).resolve().parent.parent / "docs" / "simulated-market" / "index.md"
PLACE = re.compile(r"(<!-- priors: [^\n]*-->\n).*?(<!-- end of priors -->)", re.DOTALL)


def priors() -> str:
    """The table of all priors."""
    rows = ["| name | from | to | drawn | unit | meaning |", "|---|---:|---:|---|---|---|"]
    for one in PRIORS:
        how = "log" if one.log else "even"
        cells = (f"`{one.name}`", f"{one.low:g}", f"{one.high:g}", how, one.unit, one.meaning)
        rows.append("| " + " | ".join(cells) + " |")
    return "\n" + "\n".join(rows) + "\n\n"


def printed(text: str) -> str:
    """The page with today's table in its place."""
    return PLACE.sub(lambda found: found[1] + priors() + found[2], text)


def main() -> None:
    text = PAGE.read_text(encoding="utf-8")
    if "--check" in sys.argv:
        if printed(text) != text:
            sys.exit("docs/simulated-market/index.md is not what the priors say: run this script")
        return
    PAGE.write_text(printed(text), encoding="utf-8")


if __name__ == "__main__":
    main()
