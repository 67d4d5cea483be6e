"""What each mechanism of the market does to a reading: worlds made again without it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tideline.readings.parameters import Parameters
from tideline.research.scoring.card import OURS, Facts
from tideline.research.scoring.contest import Contest
from tideline.research.scoring.observed import Scored
from tideline.research.scoring.parameters import ScoreParameters
from tideline.research.scoring.sweeping import rate_of
from tideline.research.scoring.tally import TRUE, scores


def ablated(
    whole: Sequence[Scored],
    without: Mapping[str, Sequence[Scored]],
    readings: Parameters,
    scorer: ScoreParameters,
) -> list[Facts]:
    """For each mechanism the scores without it and their change against ``whole``.

    ``whole`` and each of ``without`` are the same worlds (same seeds), with it and without it.
    Changes are without − with: positive means that the mechanism costs the reading.
    """
    before = _figures(whole, readings, scorer)
    rows = []
    for name, scored in without.items():
        after = _figures(scored, readings, scorer)
        changes = {
            f"{key}_change": after[key] - before[key] for key in ("precision", "recall", "f1")
        }
        rows.append({"mechanism": name, **after, **changes})
    return rows


def _figures(
    scored: Sequence[Scored], readings: Parameters, scorer: ScoreParameters
) -> dict[str, float]:
    judged = Contest(scored, readings, scorer, 0).at(OURS, 1.0)
    found = scores(judged.by_day.sum(axis=0))
    return {
        **found._asdict(),
        "alerts_per_day": rate_of(judged),
        "true_per_day": float(judged.by_day[:, TRUE].mean()),
    }
