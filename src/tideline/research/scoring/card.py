"""The scorecard as plain values: what JSON gives, what Markdown and the terminal print."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from tideline.domain.time import DAY
from tideline.readings.parameters import Parameters
from tideline.research.scoring.bootstrap import (
    Interval,
    cluster_weights,
    day_weights,
    f1_difference,
    f1_interval,
)
from tideline.research.scoring.claim_card import claim_facts
from tideline.research.scoring.contest import RANDOM, Contest, Entry, Round
from tideline.research.scoring.controls import shuffled_truth
from tideline.research.scoring.fingerprint import Fingerprint, seed_of
from tideline.research.scoring.observed import KINDS, NOTHING, Floats, Observed, Scored
from tideline.research.scoring.parameters import ScoreParameters
from tideline.research.scoring.skill import Skill, class_counts, opened_counts, painted, skill_of
from tideline.research.scoring.sweeping import rate_of
from tideline.research.scoring.tally import Judged, f1_of, scores

Facts = dict[str, Any]
OURS = "adaptive"


def make_card(
    scored: Sequence[Scored],
    readings: Parameters,
    scorer: ScoreParameters,
    mark: Fingerprint,
    market: str,
    ablation: Sequence[Facts] = (),
) -> Facts:
    """Everything the card says, in plain JSON values (NaN becomes null)."""
    seed = seed_of(mark.sha256, mark.nonce, "scoring")
    contest = Contest(scored, readings, scorer, seed)
    days = int(contest.world.size)
    by_day = day_weights(days, scorer.resamples, seed_of(mark.sha256, mark.nonce, "days"))
    worlds_seed = seed_of(mark.sha256, mark.nonce, "worlds")
    by_world = cluster_weights(contest.world, scorer.resamples, worlds_seed)
    own = contest.at(OURS, 1.0)
    rounds = [
        contest.round("adaptive at its default", rate_of(own)),
        contest.round("as many alerts as there are true episodes", contest.true_rate()),
    ]
    controls = _controls(contest, readings, by_day, mark, rounds[1].entries[OURS].strictness)
    claims = claims_of(scored, scorer, mark)
    failed = [each["name"] for each in controls if each["holds"] is False]
    failed += _failed_claims(claims)
    card = {
        "verdict": _verdict(controls, failed),
        "failed": failed,
        "simulated": True,
        "market": market,
        "fingerprint": _fingerprint(mark),
        "parameters": asdict(scorer),
        "sample": _sample(contest),
        "rounds": [_round(contest, each, by_day, by_world) for each in rounds],
        "classes": _classes(own),
        "confusion": {"rows": [*KINDS, "nothing"], "columns": [*KINDS, "nothing"],
                      "counts": own.confusion.tolist()},
        "skill": _skill(contest, by_day, scorer.level),
        "controls": controls,
        "claims": claims,
        "ablation": list(ablation),
    }  # fmt: skip
    plain: Facts = _plain(card)
    return plain


def claims_of(scored: Sequence[Scored], scorer: ScoreParameters, mark: Fingerprint) -> Facts | None:
    """Every reading's claims; None where the rules were not asked."""
    if not all(one.said for one in scored):
        return None
    purposes = ("days", "worlds", "shuffle", "chance")
    seeds = {what: seed_of(mark.sha256, mark.nonce, f"claims {what}") for what in purposes}
    return claim_facts(scored, scorer, seeds)


def _failed_claims(claims: Facts | None) -> list[str]:
    rows = [] if claims is None else claims["rows"]
    return [
        f"{row['rule']} {row['window']} with truth shuffled"
        for row in rows
        if row["control"] is not None and row["control"]["holds"] is False
    ]


def _verdict(controls: Sequence[Facts], failed: Sequence[str]) -> str:
    few = [each["name"] for each in controls if each["holds"] is None]
    if failed:
        return f"FAILED: skill where there is nothing to find ({', '.join(failed)})"
    if few or len(controls) < 2:
        return f"NOT TESTED: too few alerts for the controls ({', '.join(few) or 'none made'})"
    return "controls hold: no skill where there is nothing to find"


def _fingerprint(mark: Fingerprint) -> Facts:
    return {
        "sha256": mark.sha256,
        "nonce": mark.nonce,
        "repeated": mark.given,
        "seeds": list(mark.seeds),
        "versions": dict(mark.versions),
    }


def _sample(contest: Contest) -> Facts:
    """What was scored: how much of it, and what is in it."""
    seen = [one.seen for one in contest.scored]
    kinds = np.concatenate([one.truth for one in contest.scored])
    count = np.bincount(np.concatenate([s.kind for s in contest.true]).astype(int), minlength=4)
    days = int(contest.world.size)
    length = np.concatenate([spans.last - spans.first for spans in contest.true])
    step_min = contest.scorer.step_min
    return {
        "worlds": int(contest.world.max()) + 1,
        "asset_days": days,
        "moments": int(kinds.size),
        "told": _mean([~np.isnan(each.move) for each in seen]),
        "adaptive": _mean([each.adaptive for each in seen]),
        "mixed": float((kinds == NOTHING).mean()),
        "true_per_day": {name: float(n) / days for name, n in zip(KINDS, count, strict=True)},
        "true_minutes_median": float(np.median(length)) * step_min if length.size else None,
    }


def _mean(parts: Sequence[Any]) -> float:
    return float(np.concatenate(parts).mean())


def _round(contest: Contest, each: Round, by_day: Floats, by_world: Floats) -> Facts:
    ours = each.entries[OURS].judged
    level = contest.scorer.level
    rows = []
    for entry in each.entries.values():
        row = _row(contest, entry, by_day)
        if entry.key != OURS:
            pair = (ours.by_day, entry.judged.by_day)
            row["ours_minus"] = _interval(f1_difference(*pair, by_day, level))
            row["ours_minus_by_world"] = _interval(f1_difference(*pair, by_world, level))
        rows.append(row)
    return {"title": each.title, "rate": each.rate, "detectors": rows}


def _row(contest: Contest, entry: Entry, by_day: Floats) -> Facts:
    judged = entry.judged
    overall = scores(judged.by_day.sum(axis=0))
    each = f1_of(np.stack([judged.by_day[contest.world == w].sum(axis=0)
                           for w in range(int(contest.world.max()) + 1)]))  # fmt: skip
    return {
        "key": entry.key,
        "title": entry.title,
        "strictness": entry.strictness,
        "alerts_per_day": rate_of(judged),
        "precision": overall.precision,
        "recall": overall.recall,
        "f1": _interval(f1_interval(judged.by_day, by_day, contest.scorer.level)),
        "pr_auc": contest.auc(entry.key) if entry.key in contest.detectors else None,
        "lead_min": _quantiles(judged.lead),
        "world_median": float(np.median(each)),
        "world_worst_decile": float(np.quantile(each, 0.1)),
    }


def _quantiles(lead: Floats) -> Facts | None:
    if not lead.size:
        return None
    low, middle, high = np.quantile(lead, [0.1, 0.5, 0.9])
    return {"p10": float(low), "median": float(middle), "p90": float(high)}


def _classes(own: Judged) -> list[Facts]:
    """Precision and recall of each class, of adaptive at its default."""
    rows = []
    for name, counts in zip(KINDS, own.by_kind, strict=True):
        right, alerts, found, true = (int(x) for x in counts)
        row = {"class": name, "right": right, "alerts": alerts, "found": found, "true": true}
        rows.append(row | scores(counts)._asdict())
    return rows


def _skill(contest: Contest, by_day: Floats, level: float) -> list[Facts]:
    """Peirce skill of adaptive and fixed at their defaults, on the days as they were."""
    found = []
    for key in (OURS, "fixed", "signs", "taker", "scanner_full"):
        of_class, opened = _skills(contest, key, 1.0, None, None, by_day, level)
        found.append({"key": key, "title": contest.detectors[key].title,
                      "class": _interval(of_class.interval),
                      "opened": _interval(opened.interval)})  # fmt: skip
    return found


def _skills(
    contest: Contest,
    key: str,
    strictness: float,
    seen: Sequence[Observed] | None,
    truth: Sequence[Any] | None,
    weights: Floats,
    level: float,
) -> tuple[Skill, Skill]:
    """Skill in the class and in opened against closed, of what is seen and true otherwise."""
    seen = [one.seen for one in contest.scored] if seen is None else seen
    truth = [one.truth for one in contest.scored] if truth is None else truth
    classes, opened = [], []
    for each, kinds in zip(seen, truth, strict=True):
        said = painted(contest.detectors[key].spans(each, strictness), each.size)
        days = each.size * each.step // DAY
        classes.append(class_counts(said, kinds, each.day, days))
        opened.append(opened_counts(said, kinds, each.day, days))
    return skill_of(classes, weights, level), skill_of(opened, weights, level)


def _controls(
    contest: Contest, readings: Parameters, by_day: Floats, mark: Fingerprint, strictness: float
) -> list[Facts]:
    """The negative controls of adaptive: skill has to be able to be zero.

    At the ``strictness`` at which it speaks as often as there are true episodes: at its default it
    may speak too seldom for anything to be tested.
    """
    scored, level = contest.scored, contest.scorer.control_level
    truth = shuffled_truth(scored, seed_of(mark.sha256, mark.nonce, "shuffled"))
    found = []
    blind = [one.directionless for one in scored if one.directionless is not None]
    if len(blind) == len(scored):
        of_class, opened = _skills(contest, OURS, strictness, blind, None, by_day, level)
        without = [Scored(one.world, one.seed, one.asset, each, one.truth)
                   for one, each in zip(scored, blind, strict=True)]  # fmt: skip
        other = Contest(without, readings, contest.scorer, contest.seed)
        found.append(_control("directionless OI", "opened", opened, of_class, other, strictness))
    of_class, opened = _skills(contest, OURS, strictness, None, truth, by_day, level)
    other = Contest(scored, readings, contest.scorer, contest.seed, truth)
    found.append(_control("shuffled truth", "class", of_class, opened, other, strictness))
    return found


def _control(
    name: str, tested: str, skill: Skill, beside: Skill, contest: Contest, strictness: float
) -> Facts:
    """A control passes when the interval of the tested skill contains zero."""
    judged = contest.at(OURS, strictness)
    chance = contest.chance(rate_of(judged), strictness)
    return {
        "name": name,
        "tested": tested,
        "strictness": strictness,
        "skill": _interval(skill.interval),
        "days": skill.days,
        "holds": skill.interval.holds(0.0) if skill.days >= contest.scorer.control_days else None,
        "other_skill": _interval(beside.interval),
        "f1": scores(judged.by_day.sum(axis=0)).f1,
        "random_f1": scores(chance.judged.by_day.sum(axis=0)).f1,
    }


def _interval(found: Interval) -> Facts:
    return dict(found._asdict())


def _plain(value: Any) -> Any:
    """NaN and infinities become None, tuples lists, NumPy numbers Python's."""
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value


__all__ = ["OURS", "RANDOM", "Facts", "make_card"]
