"""What the card says of every reading: claims, contrasts and the forced share, as plain values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import NormalDist
from typing import Any

import numpy as np

from tideline.domain.time import HOUR
from tideline.features.window import WINDOWS
from tideline.readings.rule import Rule
from tideline.research.scoring.bootstrap import Interval, cluster_weights, day_weights
from tideline.research.scoring.claims import Claimed
from tideline.research.scoring.contrasts import CONTRASTS, contrasted
from tideline.research.scoring.named import NAMED, SILENT, Named
from tideline.research.scoring.observed import Floats, Scored
from tideline.research.scoring.parameters import ScoreParameters
from tideline.research.scoring.shares import shares
from tideline.research.scoring.sweeping import rate_of
from tideline.research.scoring.tally import ALERTS, TRUE, scores

Facts = dict[str, Any]
LONG = 4 * HOUR
"""Windows longer than this reach far into the next day: intervals are drawn by whole worlds."""


def rules_asked(entries: Sequence[Named] = NAMED) -> tuple[Rule, ...]:
    """Every rule whose claims are scored, once each."""
    from tideline.readings.covering.kind import LEFT

    return tuple(dict.fromkeys([*(entry.rule for entry in entries), LEFT]))


def claim_facts(
    scored: Sequence[Scored],
    scorer: ScoreParameters,
    seeds: Mapping[str, int],
    entries: Sequence[Named] = NAMED,
) -> Facts:
    """Claims, contrasts, the forced share, and what cannot be judged.

    Args:
        seeds: of ``days``, ``worlds``, ``shuffle`` and ``chance``.
    """
    worlds = list(dict.fromkeys(one.seed for one in scored))
    world = np.concatenate([np.full(one.seen.days, worlds.index(one.seed)) for one in scored])
    by_day = day_weights(int(world.size), scorer.resamples, seeds["days"])
    by_world = cluster_weights(world, scorer.resamples, seeds["worlds"])
    level = 1.0 - (1.0 - scorer.control_level) / len(entries)
    rows = []
    for entry in entries:
        claimed = Claimed(entry, tuple(scored), scorer)
        weights = by_world if WINDOWS[claimed.window] > LONG else by_day
        rows.append(_claim(claimed, weights, level, seeds))
    share_rows, episodes = shares(scored, scorer.window, by_day, scorer.level)
    return {
        "rows": rows,
        "level": level,
        "shuffles": scorer.shuffles,
        "contrasts": [
            _contrast(contrast, scored, scorer, by_day) for contrast in CONTRASTS
        ],
        "shares": {
            "episodes": episodes,
            "rows": [
                {"title": one.title, "holds": one.holds, "width": one.width, "score": one.score,
                 "worse": _interval(one.worse)}
                for one in share_rows
            ],
        },
        "silent": [list(pair) for pair in SILENT],
    }  # fmt: skip


def _claim(claimed: Claimed, weights: Floats, level: float, seeds: Mapping[str, int]) -> Facts:
    entry, own, scorer = claimed.entry, claimed.own, claimed.scorer
    found = scores(own.by_day.sum(axis=0))
    facts = {
        "rule": entry.rule.key,
        "window": claimed.window,
        "classes": dict(entry.classes),
        "truth": entry.family.says,
        "told": claimed.told,
        "alerts": float(own.by_day[:, ALERTS].sum()),
        "true": float(own.by_day[:, TRUE].sum()),
        "alerts_per_day": rate_of(own),
        "true_per_day": float(own.by_day[:, TRUE].mean()),
        "precision": found.precision,
        "recall": found.recall,
        "f1": _interval(claimed.f1(weights)),
        "lead_min": float(np.median(own.lead)) if own.lead.size else None,
        "by_world": WINDOWS[claimed.window] > LONG,
    }
    if not facts["alerts"]:
        return facts | {"simple": None, "chance": None, "skill": None, "control": None}
    simple, chance = claimed.simple(), claimed.chance(seeds["chance"])
    control = _control(claimed.shuffled_skill(seeds["shuffle"], scorer.shuffles), level)
    return facts | {
        "simple": {
            "title": entry.simple.title,
            "alerts_per_day": rate_of(simple),
            "f1": scores(simple.by_day.sum(axis=0)).f1,
            "ours_minus": _interval(claimed.minus(simple, weights)),
        },
        "chance": {
            "f1": scores(chance.by_day.sum(axis=0)).f1,
            "ours_minus": _interval(claimed.minus(chance, weights)),
        },
        "skill": _interval(claimed.skill(weights, scorer.level).interval),
        "control": control,
    }


def _control(skills: Floats, level: float) -> Facts:
    """Mean skill over all shufflings with its interval, which has to hold 0."""
    known = skills[~np.isnan(skills)]
    if known.size < 2 or not known.std():
        return {"skill": None, "holds": None}
    far = NormalDist().inv_cdf((1 + level) / 2) * float(known.std(ddof=1)) / known.size**0.5
    mean = float(known.mean())
    found = Interval(mean, mean - far, mean + far)
    return {"skill": _interval(found), "holds": found.holds(0.0)}


def _contrast(
    contrast: Any, scored: Sequence[Scored], scorer: ScoreParameters, weights: Floats
) -> Facts:
    found = contrasted(contrast, scored, scorer.window, weights, scorer.level)
    return {
        "rule": contrast.key,
        "title": contrast.title,
        "says": contrast.says,
        "names": list(contrast.names),
        "means": list(found.means),
        "episodes": list(found.counts),
        "difference": _interval(found.difference),
    }


def _interval(found: Interval) -> Facts:
    return dict(found._asdict())
