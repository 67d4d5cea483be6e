"""A further reading joins the scorecard by one entry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from tests.research.scoring.toy import ToyWorlds
from tideline.log import Log
from tideline.readings.parameters import DEFAULTS, Parameters
from tideline.readings.price_oi_rule import price_oi_rule
from tideline.readings.profiles import Profile
from tideline.readings.reading import Reading
from tideline.research.scoring.contest import Contest
from tideline.research.scoring.detectors import detectors
from tideline.research.scoring.named import Named, named_detector
from tideline.research.scoring.observed import KINDS, Scored
from tideline.research.scoring.observing import scored_of
from tideline.research.scoring.parameters import ScoreParameters
from tideline.research.scoring.skill import painted
from tideline.store.scanning import AssetScan

SCORER = ScoreParameters(worlds=2, days=1, burn_in_days=14, random_draws=2, levels=5)


def read_r1(
    log: Log, asset: str, as_of: np.ndarray, window: str, parameters: Parameters
) -> Sequence[Reading]:
    rules = (price_oi_rule("adaptive"),)
    return AssetScan(log, asset, (window,), rules, Profile(parameters=parameters)).readings(as_of)


R1 = Named("again", "R1 once more", {name: name for name in KINDS}, read_r1)
CLOSING = Named("closing", "closing alone", {"short_covering": "short_covering"}, read_r1)


@pytest.fixture(scope="module")
def scored() -> list[Scored]:
    made = [ToyWorlds().make(seed, 1, 14)[0] for seed in (3, 4)]
    readings = replace(DEFAULTS, baseline_hours=336)
    return [scored_of(each, readings, SCORER, False, (R1, CLOSING)) for each in made]


def test_what_a_reading_says_is_what_its_own_function_says(scored: list[Scored]) -> None:
    """At each moment R1, asked as any reading, claims the corner its moves and bands make."""
    ours = next(one for one in detectors("45m") if one.key == "adaptive")
    for one in scored:
        said = one.seen.said["again"]
        above = (np.abs(one.seen.move) > one.seen.price_in) & (
            np.abs(one.seen.rate) > one.seen.oi_in
        )
        assert np.array_equal(said.kind >= 0, above)
        inside = painted(ours.spans(one.seen, 1.0), one.seen.size)
        assert (inside[said.kind >= 0] >= 0).mean() > 0.8
        assert (said.strength[said.kind >= 0] > 1.0).all()


def test_names_outside_its_map_claim_nothing(scored: list[Scored]) -> None:
    for one in scored:
        whole, part = one.seen.said["again"].kind, one.seen.said["closing"].kind
        wanted = KINDS.index("short_covering")
        assert np.array_equal(part, np.where(whole == wanted, wanted, -1))


def test_it_stands_in_every_round_beside_the_others(scored: list[Scored]) -> None:
    contest = Contest(scored, DEFAULTS, SCORER, 1, named=(R1, CLOSING))
    entries = contest.round("as often as true episodes", contest.true_rate()).entries
    assert {"adaptive", "again", "closing", "random"} < set(entries)
    assert contest.auc("again") > contest.auc("closing") > 0.0


def test_a_higher_strictness_says_less(scored: list[Scored]) -> None:
    detector = named_detector(R1)
    seen = scored[0].seen
    covered = [
        (painted(detector.spans(seen, level), seen.size) >= 0).sum() for level in (0.5, 1.5, 3.0)
    ]
    assert covered[0] >= covered[1] >= covered[2]
    assert covered[0] > covered[2]
    strong = detector.spans(seen, 1.5)
    assert (strong.strength >= 1.5).all()
