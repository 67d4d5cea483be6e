"""Fills what the rules of readings want, from the legs of one asset.

For each moment and window: the groups that may speak (cadence and age at most w/3), the numbers on
the legs of those groups alone, each worked out when a rule first looks at it, and the facts.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from tideline.domain.instrument import Instrument
from tideline.domain.time import HOUR, SECOND
from tideline.features.address import parse_address
from tideline.features.detail import GroupDetail
from tideline.features.groups import Group, members
from tideline.features.legs import LegSet
from tideline.features.prepared import Prepared
from tideline.features.reasons import REASONS
from tideline.features.signal import Groups
from tideline.features.window import WINDOWS
from tideline.readings.cadence import choose_groups
from tideline.readings.given import NO_FACTS, Given, Numbers, Path, Wants
from tideline.readings.parameters import DEFAULTS, Parameters
from tideline.readings.reading import FeatureValue, GroupEvidence
from tideline.readings.rule import Rule
from tideline.signals import BY_ADDRESS
from tideline.store.knowledge import Knowledge

OI = "positioning.oi_usdtm_coin"


def wants_of(
    rules: Iterable[Rule], windows: Iterable[str], parameters: Parameters = DEFAULTS
) -> Wants:
    """Everything these rules may look at on these windows."""
    total = Wants((f"{OI}@1h",))
    asked = tuple(windows)
    for rule in rules:
        for window in rule.windows or asked:
            total = total + rule.wants(window, parameters)
            total = total + Wants((f"{OI}@{window}:rate",))
    return total


class Filler:
    """One asset's givens, moment after moment, from legs that stay or grow in place."""

    def __init__(
        self,
        asset: str,
        legs: LegSet,
        instruments: Mapping[Group, Instrument],
        knowledge: Knowledge,
        addresses: Sequence[str],
        parameters: Parameters = DEFAULTS,
    ) -> None:
        self.asset, self.legs, self.instruments = asset, legs, instruments
        self.knowledge, self.addresses, self.parameters = knowledge, addresses, parameters
        present = {(v, i) for v, i, _ in legs.index}
        self._speakers = frozenset(members(Groups.USDTM, present, instruments))
        self._whole = Prepared(legs, BY_ADDRESS, instruments)
        self._chosen: dict[frozenset[Group], _Numbers] = {}
        self._given: dict[str, Given] = {}
        self._facts = NO_FACTS
        self._as_of = -1
        self._breaks = any(field == "break.open_interest" for _, _, field in legs.index)
        self._alike: tuple[int, tuple[GroupEvidence, ...]] = (-1, ())

    def given(self, as_of: int, window: str) -> Given:
        """What a rule on this window is handed at as_of."""
        if as_of != self._as_of:
            self._given, self._as_of = {}, as_of
            self._facts = self.knowledge.at(as_of)
            for numbers in self._chosen.values():
                numbers.stand(as_of)
        if window not in self._given:
            chosen = choose_groups(self._groups(as_of, window), window, self.parameters)
            numbers = self._numbers(frozenset(chosen.used), as_of)
            self._given[window] = Given(
                self.asset,
                window,
                as_of,
                chosen,
                numbers,
                self._facts,
                kept=numbers.kept,
                in_full=partial(self._in_full, as_of, window),
            )
        return self._given[window]

    def _in_full(self, as_of: int, window: str) -> tuple[GroupEvidence, ...]:
        groups = self._details(as_of, f"{OI}@{window}:rate")
        return choose_groups(groups, window, self.parameters).groups

    def _groups(self, as_of: int, window: str) -> tuple[GroupEvidence, ...]:
        """The groups as the rule of cadence needs them: without a break, of any window alike."""
        if self._breaks:
            return self._details(as_of, f"{OI}@{window}:rate")
        if self._alike[0] != as_of:
            self._alike = (as_of, self._details(as_of, f"{OI}@1h:rate"))
        return self._alike[1]

    def _details(self, as_of: int, address: str) -> tuple[GroupEvidence, ...]:
        listed = []
        for group in self._whole.groups(address, as_of):
            value = group.value
            if math.isnan(value) and not math.isnan(group.age_s):
                value = self._last_value(group, as_of)
            if math.isnan(value):
                continue
            listed.append(
                GroupEvidence(
                    venue=group.venue,
                    instrument=group.instrument,
                    age_s=group.age_s,
                    cadence_s=group.cadence_s,
                    value=value,
                    used=group.used,
                    why_not="" if group.used else "stale",
                    previous=None if math.isnan(group.previous) else group.previous,
                )
            )
        return tuple(listed)

    def _last_value(self, group: GroupDetail, as_of: int) -> float:
        """Open interest of a group that fell silent: what it still said half an hour after."""
        at = min(as_of, as_of - round(group.age_s * SECOND) + HOUR // 2)
        alone = self.legs_of(frozenset({(group.venue, group.instrument)}))
        return Prepared(alone, BY_ADDRESS, self.instruments).value(f"{OI}@1h", at)[0]

    def _numbers(self, used: frozenset[Group], as_of: int) -> _Numbers:
        if used not in self._chosen:
            silent = self._speakers - used
            kept = frozenset((v, i) for v, i, _ in self.legs.index) - silent
            prepared = Prepared(self.legs_of(kept), BY_ADDRESS, self.instruments, self.addresses)
            self._chosen[used] = _Numbers(prepared, self.parameters, as_of)
        return self._chosen[used]

    def legs_of(self, kept: frozenset[Group]) -> LegSet:
        """The legs of some groups, under their own numbers."""
        index = {key: l for key, l in self.legs.index.items() if (key[0], key[1]) in kept}
        return LegSet(index, self.legs.arrays)


class _Numbers:
    """The numbers of one choice of groups at the moment it stands at."""

    def __init__(self, prepared: Prepared, parameters: Parameters, as_of: int) -> None:
        self._prepared, self._parameters = prepared, parameters
        self.kept: dict[object, tuple[tuple[Numbers, ...], object]] = {}
        self._venues: dict[str, Prepared] = {}
        self.stand(as_of)

    def stand(self, as_of: int) -> None:
        """Move to another moment."""
        self._as_of = as_of
        self._paths: dict[Path, Numbers] = {}

    def number(self, address: str) -> float:
        return self._prepared.value(address, self._as_of)[0]

    def reason(self, address: str) -> str:
        return REASONS[self._prepared.value(address, self._as_of)[1]]

    def value(self, address: str) -> FeatureValue:
        found = self._prepared.evidence(address, self._as_of)
        signal = BY_ADDRESS[parse_address(address).signal]
        plain = FeatureValue(address, None, signal.unit if ":" not in address else "")
        return replace(
            plain,
            value=None if math.isnan(found.value) else found.value,
            reason=found.reason,
            age_s=None if math.isnan(found.age_s) else found.age_s,
            n=found.n,
            coverage=None if math.isnan(found.coverage) else found.coverage,
            basis=found.basis,
        )

    def path(self, path: Path) -> Numbers:
        if path not in self._paths:
            back = path.back(self._as_of, self._parameters)
            prepared = self._of(path.venue) if path.venue else self._prepared
            self._paths[path] = prepared.samples(
                path.signal, WINDOWS[path.window], self._as_of, back
            )
        return self._paths[path]

    def _of(self, venue: str) -> Prepared:
        """The numbers of one venue's groups alone, those of them that may speak."""
        if venue not in self._venues:
            whole = self._prepared
            index = {key: l for key, l in whole.legs.index.items() if key[0] == venue}
            legs = LegSet(index, whole.legs.arrays)
            self._venues[venue] = Prepared(legs, whole.signals, whole.instruments)
        return self._venues[venue]
