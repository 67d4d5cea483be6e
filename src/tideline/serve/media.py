"""Which of the offered media types an Accept header asks for."""

from __future__ import annotations

from collections.abc import Sequence

from tideline.serve.refusals import NotAcceptable

JSON = "application/json"
ARROW = "application/vnd.apache.arrow.stream"
CSV = "text/csv"
TABLES = (JSON, ARROW, CSV)
_MOST_CHARS = 1000


def choose_media(accept: str | None, offered: Sequence[str] = TABLES) -> str:
    """The best of ``offered`` (first wins among equals); the first where nothing is asked.

    Raises:
        NotAcceptable: none of them is accepted.
    """
    if accept is None or not accept.strip():
        return offered[0]
    weights = [_weight(accept[:_MOST_CHARS], media) for media in offered]
    best = max(weights)
    if best <= 0.0:
        raise NotAcceptable(accept[:80], offered)
    return offered[weights.index(best)]


def _weight(accept: str, media: str) -> float:
    """The q of the most specific range that covers ``media``; 0 if none does."""
    kind = media.partition("/")[0]
    exact, best = -1, 0.0
    for part in accept.split(","):
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        ranks = {media: 2, f"{kind}/*": 1, "*/*": 0}
        if name in ranks and ranks[name] > exact:
            exact, best = ranks[name], _quality(parameters)
    return best


def _quality(parameters: Sequence[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name == "q":
            try:
                return min(1.0, max(0.0, float(value)))
            except ValueError:
                return 0.0
    return 1.0
