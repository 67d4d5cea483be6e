"""What the rules said of one asset at each moment, in one pass over its log."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from tideline.log import Log
from tideline.readings.parameters import Parameters
from tideline.readings.price_oi import addresses
from tideline.readings.profiles import Profile
from tideline.readings.reading import CANNOT_TELL, QUIET, SEVERITIES
from tideline.readings.rule import Rule, judged
from tideline.research.scoring.observed import NOTHING, Moves, Said, Track
from tideline.store.scanning import AssetScan

STILL = (QUIET, "balanced", CANNOT_TELL)


class Saying:
    """The judgements of one track, moment after moment."""

    def __init__(self, size: int) -> None:
        self.state = np.full(size, NOTHING, np.int64)
        self.severity = np.zeros(size, np.int8)
        self.told = np.zeros(size, bool)
        self.strength = np.zeros(size)
        self.low, self.high = np.full(size, np.nan), np.full(size, np.nan)
        self.names: dict[str, int] = {}

    def done(self) -> Said:
        return Said(
            tuple(self.names), self.state, self.severity, self.strength, self.told, self.low,
            self.high,
        )  # fmt: skip


def said_by(
    log: Log,
    asset: str,
    as_of: NDArray[np.int64],
    window: str,
    rules: Sequence[Rule],
    parameters: Parameters,
) -> tuple[dict[Track, Said], dict[str, Moves]]:
    """What each rule said on each of its windows, and ΔP and ΔQ on those windows.

    Every rule is judged as the evaluator judges it, on the groups that may speak at that moment.
    """
    scan = AssetScan(
        log, asset, (window,), rules, Profile(parameters=parameters), _moves(rules, window)
    )
    tracks = [(rule, each) for rule in rules for each in rule.windows_for(window)]
    saying = {(rule.key, each): Saying(as_of.size) for rule, each in tracks}
    moves = {each: np.full((as_of.size, 2), np.nan) for _, each in tracks}
    at = 0
    for filler, moments in scan.fillers(as_of):
        for T in moments.tolist():
            given_for = partial(filler.given, T)
            for rule, each in tracks:
                given = given_for(each)
                one = judged(rule, given, parameters)
                mine = saying[rule.key, each]
                mine.told[at] = one.name != CANNOT_TELL
                if one.name in STILL:
                    continue
                name = f"{one.name}/{one.direction}"
                mine.state[at] = mine.names.setdefault(name, len(mine.names))
                mine.severity[at] = SEVERITIES.index(one.severity)
                mine.strength[at] = one.strength or 0.0
                if one.forced_share is not None:
                    mine.low[at] = one.forced_share.low
                    high = one.forced_share.high
                    mine.high[at] = 1.0 if high is None else high
            for each, found in moves.items():
                given = given_for(each)
                if given.chosen.enough:
                    found[at] = [given.source.number(name) for name in addresses(each)[:2]]
            at += 1
    plain = {each: Moves(np.expm1(found[:, 0]), found[:, 1]) for each, found in moves.items()}
    return {track: mine.done() for track, mine in saying.items()}, plain


def _moves(rules: Sequence[Rule], window: str) -> tuple[str, ...]:
    """ΔP and ΔQ of every window any of them is judged on."""
    windows = dict.fromkeys(each for rule in rules for each in rule.windows_for(window))
    return tuple(name for each in windows for name in addresses(each)[:2])
