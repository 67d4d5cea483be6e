"""The ledger of scored versions: one JSON line each, appended, kept in git."""

from __future__ import annotations

import json
from pathlib import Path

from tideline.domain.errors import BadInput
from tideline.domain.time import format_time
from tideline.research.scoring.card import Facts

KEPT = ("key", "strictness", "alerts_per_day", "precision", "recall")


def line_of(card: Facts, at: int) -> str:
    """The line of a card scored at ``at`` (µs): what was fixed, what was drawn, what came out."""
    rounds = [
        {
            "rate": each["rate"],
            "detectors": [
                {
                    **{name: row[name] for name in KEPT},
                    "f1": row["f1"]["value"],
                    "ours_minus": row.get("ours_minus"),
                }
                for row in each["detectors"]
            ],
        }
        for each in card["rounds"]
    ]
    facts = {
        "scored": format_time(at),
        "verdict": card["verdict"],
        "market": card["market"],
        **card["fingerprint"],
        "parameters": card["parameters"],
        "asset_days": card["sample"]["asset_days"],
        "rounds": rounds,
        "claims": _claims(card),
    }
    return json.dumps(facts, separators=(",", ":"), allow_nan=False)


def _claims(card: Facts) -> list[Facts]:
    """Each other reading in short, with its lead over its baseline."""
    rows = [] if card["claims"] is None else card["claims"]["rows"]
    return [
        {
            **{name: row[name] for name in ("rule", "window", "alerts", "precision", "recall")},
            "f1": row["f1"]["value"],
            "ours_minus": None if row["simple"] is None else row["simple"]["ours_minus"],
        }
        for row in rows
    ]


def append(path: Path, card: Facts, at: int) -> None:
    """Add the card's line to the ledger, which is made if there is none.

    Raises:
        BadInput: its folder does not exist.
    """
    if not path.parent.is_dir():
        raise BadInput("log", str(path), "is in a folder that does not exist")
    with path.open("a", encoding="utf-8") as ledger:
        ledger.write(line_of(card, at) + "\n")
