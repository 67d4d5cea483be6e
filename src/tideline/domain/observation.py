"""The row: the columns of the log, of the canonical table, and of what the engine is handed."""

from __future__ import annotations

from typing import Final

BASES: Final = ("recorded", "assumed")
STATUSES: Final = ("ok", "suspect")

COLUMNS: Final = {
    "asset": "the coin the instrument belongs to",
    "venue": "venue name",
    "instrument": "the venue's own symbol",
    "field": "what was observed (tideline.domain.fields)",
    "event_time": "timestamp[us, UTC]: when the value held at the venue; for a bar, its END",
    "known_time": "timestamp[us, UTC]: when this store could first have used it",
    "value": "float64, in the field's normalised unit",
    "basis": "recorded (seen arriving) or assumed (availability is modelled)",
    "status": "ok or suspect",
    "cadence_s": "float64, the source's own cadence in seconds; 0 when it has none",
    "source_id": "int64, where raw value, unit, sides and frame are found; 0 when not kept",
    "text": "string, null but for rows whose content is not a number (instrument facts)",
    "seq": "int64, the commit that brought the row",
    "row": "int32, place of the row in its commit: the log's own order is (seq, row)",
}
"""Every column with its meaning, in the order they are stored."""
