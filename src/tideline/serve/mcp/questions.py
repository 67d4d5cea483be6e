"""The tools: what is asked is checked and costed as everywhere else, then the store answers.

Every method is synchronous and is called in a thread. Errors are those of the package; the server
hands their text to the assistant, with the nearest valid choice in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from tideline.domain.errors import BadInput, UnknownName, nearest_of
from tideline.domain.time import format_time, parse_time
from tideline.features.window import TRANSFORMS, WINDOWS
from tideline.readings.naming import ALL
from tideline.readings.reading import SEVERITIES, Reading
from tideline.serve import entitlement
from tideline.serve.alerts.alert import AlertSpec, Channel
from tideline.serve.alerts.desk import past_of
from tideline.serve.asking import features_in, known_assets
from tideline.serve.caller import Caller
from tideline.serve.cost import Ask, check_cost, cost_of
from tideline.serve.mcp.answers import (
    Catalogue,
    Explained,
    Number,
    Numbers,
    Past,
    ReadingLine,
    Scan,
    SignalLine,
    State,
)
from tideline.serve.readings import (
    Scans,
    needed,
    reading_entries,
    rules_named,
    wire_reading,
    wire_report,
)
from tideline.signals import CATALOGUE
from tideline.store import Store
from tideline.store.simulation_mark import SimulationMark

MOST_NUMBERS = 400
MOST_ASSETS = 50
MOST_MOMENTS = 200
MOST_STATES = 50
ADDRESS = "category.signal@window[:transform[n]], e.g. positioning.oi_usdtm@1h:zscore[30]"
DEEPEST = "positioning.oi_usdtm_coin@1h:zscore[722]"
NOWHERE = Channel("webhook", "https://example.com/")


class Questions:
    """The questions of one store."""

    def __init__(self, store: Store) -> None:
        self._store, self._simulated = store, SimulationMark(store.log)
        self._scans = Scans(store)

    def catalogue(self, caller: Caller, search: str = "") -> Catalogue:
        """Signals and readings whose name or meaning holds the word; all without one."""
        word = search.strip().lower()
        found = [
            signal for signal in CATALOGUE
            if word in signal.address or word in signal.meaning.lower()
        ]  # fmt: skip
        readings = _lines(caller, word)
        if not found and not readings:
            names = [signal.address for signal in CATALOGUE]
            short = {name.partition(".")[2]: name for name in names}
            near = nearest_of(word, names) or short.get(nearest_of(word, short) or "")
            raise BadInput("search", search[:40], "is in no name or meaning", near)
        lines = [
            SignalLine(
                signal.address, signal.unit, signal.kind, signal.meaning, signal.sign,
                signal.is_not, _entitled(caller, signal.address),
                entitlement.unlocked_by(signal.address),
            )
            for signal in found
        ]  # fmt: skip
        assets = self._store.assets()
        return Catalogue(ADDRESS, list(WINDOWS), list(TRANSFORMS), assets, lines, readings)

    def live(self, caller: Caller, assets: Sequence[str], features: Sequence[str]) -> Numbers:
        """Values at the head."""
        head = int(self._store.head())
        return self._numbers(caller, [(name, head) for name in assets], features, head)

    def historical(
        self, caller: Caller, asset: str, as_of: Sequence[str], features: Sequence[str]
    ) -> Numbers:
        """Values of one asset as they were known at each moment."""
        moments = [int(self._store.log.check_as_of(text)) for text in as_of]
        head = int(self._store.head())
        return self._numbers(caller, [(asset, at) for at in moments], features, head)

    def scan(
        self, caller: Caller, window: str = "45m", min_severity: str = "watch", limit: int = 20,
        readings: str = "R1",
    ) -> Scan:  # fmt: skip
        """Every asset's state by these readings, the strongest first."""
        entitlement.require(caller.plan, addresses=needed(window))
        rules = rules_named(_some(readings), "adaptive", caller.plan, window)
        if min_severity not in SEVERITIES:
            raise UnknownName("min_severity", min_severity[:20], SEVERITIES)
        least = SEVERITIES.index(min_severity)
        head = int(self._store.head())
        found = self._scans.of(head, window, "adaptive", rules)
        kept = [r for r in found if r.told and SEVERITIES.index(r.severity) >= least]
        states = [_state(reading) for reading in kept[: max(1, min(limit, MOST_STATES))]]
        assets = len(self._store.assets())
        return Scan(format_time(head), window, assets, bool(self._simulated), states)

    def explain(
        self, caller: Caller, asset: str, window: str = "45m", as_of: str | None = None,
        readings: str = "all",
    ) -> Explained:  # fmt: skip
        """Readings of one asset (all: those whose numbers the caller may ask), with evidence,
        thresholds and what is missing."""
        entitlement.require(caller.plan, addresses=needed(window))
        rules = rules_named(_some(readings), "adaptive", caller.plan, window)
        known_assets([asset], self._store.assets())
        at = self._moment(caller, as_of, [asset])
        found = self._store.readings(asset, at, window, rules=rules)
        told = [wire_reading(reading) for reading in found]
        return Explained(asset, format_time(at), window, bool(self._simulated), told)

    def try_rule(self, caller: Caller, rule: str, assets: Sequence[str]) -> Past:
        """How often an alert rule would have fired on the last 30 days; nothing is saved."""
        spec = AlertSpec(rule, list(assets), NOWHERE, every_s=60)
        past = past_of(self._store, caller, spec)
        events = [f"{asset} {at}" for at, asset in past.events]
        return Past(rule, past.text, past.fired, past.last, past.step_s, events)

    def report(self, caller: Caller, asset: str, **position: Any) -> dict[str, Any]:
        """The pre-trade checklist of one position."""
        stood_on = [name for window in ("45m", "4h") for name in needed(window)]
        entitlement.require(caller.plan, addresses=stood_on)
        known_assets([asset], self._store.assets())
        found = self._store.report(asset, as_of=int(self._store.head()), **position)
        told = wire_report(found, simulated=bool(self._simulated))
        plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(told))
        return plain

    def _numbers(
        self, caller: Caller, asked: Sequence[tuple[str, int]], features: Sequence[str], head: int
    ) -> Numbers:
        names = features_in(features)
        entitlement.require(caller.plan, addresses=names)
        self._check(caller, asked, names, head)
        numbers = []
        for asset, at in asked:
            for told in self._store.values(asset, names, at):
                numbers.append(
                    Number(
                        asset, told["as_of"], told["feature"], told["value"], told["unit"],
                        told["age_s"], told["coverage"], told["basis"], told["reason"],
                    )
                )  # fmt: skip
        return Numbers(format_time(head), bool(self._simulated), numbers)

    def _check(
        self, caller: Caller, asked: Sequence[tuple[str, int]], names: Sequence[str], head: int
    ) -> None:
        if not asked:
            raise BadInput("assets", "[]", "names none")
        if len(asked) * len(names) > MOST_NUMBERS:
            count = len(asked) * len(names)
            raise BadInput("features", count, f"numbers are more than {MOST_NUMBERS} at a time")
        known_assets([asset for asset, _ in asked], self._store.assets())
        oldest = min(at for _, at in asked)
        entitlement.require(caller.plan, oldest=oldest, head=head)
        asks = [Ask(asset, 1, at, at) for asset, at in asked]
        cost = cost_of(self._store.log, asks, names, columns=True, told=True)
        check_cost(caller.plan, cost)

    def _moment(self, caller: Caller, as_of: str | None, assets: list[str]) -> int:
        head = int(self._store.head())
        if as_of is None:
            return head
        at = int(self._store.log.check_as_of(parse_time(as_of, field="as_of")))
        entitlement.require(caller.plan, oldest=at, head=head)
        asks = [Ask(name, 1, at, at) for name in assets]
        cost = cost_of(self._store.log, asks, [DEEPEST], columns=False, told=False)
        check_cost(caller.plan, cost)
        return at


def _entitled(caller: Caller, signal: str) -> bool:
    return any(entitlement.allowed(caller.plan, f"{signal}@{window}") for window in WINDOWS)


def _some(readings: str) -> str | None:
    return None if readings == ALL else readings


def _lines(caller: Caller, word: str) -> list[ReadingLine]:
    return [
        ReadingLine(one.name, one.title, one.says, one.states, one.windows, one.entitled)
        for one in reading_entries(caller.plan)
        if any(word in text.lower() for text in (one.name, one.title, one.says, *one.states))
    ]


def _state(reading: Reading) -> State:
    return State(
        reading.asset, reading.entry, reading.window, reading.name, reading.severity,
        reading.strength, reading.price_change, reading.oi_change, reading.because,
        reading.label_p, reading.follow_p,
    )  # fmt: skip
