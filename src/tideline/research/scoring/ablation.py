"""What each mechanism of the market does to a reading: worlds made again without it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tideline.readings.parameters import Parameters
from tideline.research.scoring.bootstrap import day_weights, f1_difference
from tideline.research.scoring.card import OURS, Facts
from tideline.research.scoring.contest import Contest
from tideline.research.scoring.observed import Scored
from tideline.research.scoring.parameters import ScoreParameters
from tideline.research.scoring.sweeping import rate_of
from tideline.research.scoring.tally import TRUE, Judged, scores


def ablated(
    whole: Sequence[Scored],
    without: Mapping[str, Sequence[Scored]],
    readings: Parameters,
    scorer: ScoreParameters,
    seed: int,
) -> list[Facts]:
    """For each mechanism the scores without it and their change against ``whole``.

    ``whole`` and each of ``without`` are the same worlds (same seeds), with it and without it.
    Changes are without − with: positive means that the mechanism costs the reading. ``seed``: of
    the interval of the change of F1, paired by asset-day.
    """
    with_it = _judged(whole, readings, scorer)
    before = _figures(with_it)
    weights = day_weights(len(with_it.by_day), scorer.resamples, seed)
    rows = []
    for name, scored in without.items():
        judged = _judged(scored, readings, scorer)
        after = _figures(judged)
        found = f1_difference(judged.by_day, with_it.by_day, weights, scorer.level)
        changes = {key: after[key] - before[key] for key in ("precision", "recall")}
        rows.append(
            {
                "mechanism": name,
                **after,
                "precision_change": changes["precision"],
                "recall_change": changes["recall"],
                "f1_change": dict(found._asdict()),
            }
        )
    return rows


def _judged(scored: Sequence[Scored], readings: Parameters, scorer: ScoreParameters) -> Judged:
    return Contest(scored, readings, scorer, 0).at(OURS, 1.0)


def _figures(judged: Judged) -> dict[str, float]:
    return {
        **scores(judged.by_day.sum(axis=0))._asdict(),
        "alerts_per_day": rate_of(judged),
        "true_per_day": float(judged.by_day[:, TRUE].mean()),
    }
