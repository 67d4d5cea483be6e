"""The standing of one answer: which groups are alive at T, their weights, their rates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.reference.groups import Facts, facts_of, in_order
from tests.reference.known import FEED_OF, Known, default_max_age
from tests.reference.model import MINUTE, Group, Null

QUOTED, SETTLED = "funding_rate_quoted", "funding_rate_settled"
INTERVAL = "funding_interval_h"


@dataclass(frozen=True)
class Spec:
    """One signal: its kind, its groups, the fields it needs, x of a window ending at t."""

    name: str
    kind: str  # stock, flow, change
    member: Callable[[Group, Facts], bool]
    stocks: tuple[str, ...]
    flows: tuple[str, ...]
    x: Callable[[Context, int, int], float]
    pick: str = ""  # "" all, "first" by name, "largest" open_interest_usd per venue
    rated: bool = False  # needs a funding rate and its interval besides
    share: float = 0.0  # smallest share of open interest to count
    summed: str = ""  # the one field whose sum the signal is (for coverage)
    needs_supply: bool = False


@dataclass
class Context:
    """Everything an answer fixes at T."""

    known: Known
    spec: Spec
    instruments: Mapping[Group, Any] | None
    candidates: list[Group] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    alive_before_breaks: bool = False

    @property
    def as_of(self) -> int:
        return self.known.as_of

    # what each group needs ----------------------------------------------------------------

    def rate_field(self, group: Group) -> str:
        """The rate used for every sample: quoted if alive at T, with its interval, else settled."""
        quoted = self.known.path(group, QUOTED, self.as_of)
        hours = self.known.path(group, INTERVAL, self.as_of)
        return QUOTED if quoted is not None and hours is not None else SETTLED

    def rate(self, group: Group, t: int) -> float | None:
        return self.known.path(group, self.rate_field(group), t)

    def interval(self, group: Group, t: int) -> float | None:
        """The interval belongs to a rate and is as old as that rate may be."""
        age = default_max_age(self.rate_field(group), group[0])
        return self.known.path(group, INTERVAL, t, age)

    def needed(self, group: Group) -> tuple[str, ...]:
        """The fields whose breaks take the group out: those its numbers are made of."""
        rates = (INTERVAL, self.rate_field(group)) if self.spec.rated else ()
        sizes = ("open_interest_usd",) if self.spec.pick == "largest" else ()
        return (*self.spec.stocks, *rates, *sizes, *self.spec.flows)

    def read(self) -> tuple[str, ...]:
        """Every field of a group that the signal may look at: what the evidence speaks of."""
        rates = (INTERVAL, QUOTED, SETTLED) if self.spec.rated else ()
        sizes = ("open_interest_usd",) if self.spec.pick == "largest" else ()
        prices = ("index_price", "mark_price") if self.spec.needs_supply else ()
        return (*self.spec.stocks, *rates, *sizes, *prices, *self.spec.flows)

    def beats(self) -> set[str]:
        return {FEED_OF[flow].heartbeat for flow in self.spec.flows}

    # L(T) ---------------------------------------------------------------------------------

    def is_alive(self, group: Group, t: int) -> bool:
        for name in self.spec.stocks:
            age = self.next_funding_age(group) if name == "next_funding_time" else None
            if self.known.path(group, name, t, age) is None:
                return False
        if self.spec.rated and (self.rate(group, t) is None or self.interval(group, t) is None):
            return False
        return all(self.known.feed_is_fresh(group, FEED_OF[flow], t) for flow in self.spec.flows)

    def next_funding_age(self, group: Group) -> int:
        """next_funding_time may be as old as the rate it was written with."""
        if self.known.path(group, QUOTED, self.as_of) is not None:
            return 30 * MINUTE
        if self.known.path(group, SETTLED, self.as_of) is not None:
            return default_max_age(SETTLED, group[0])
        return 30 * MINUTE

    def choose(self, t: int, break_start: int | None) -> list[Group]:
        """The groups alive at t, chosen, without those that broke in [break_start, T]."""
        found = {
            group
            for group in self.known.groups()
            if self.spec.member(group, facts_of(group, self.instruments))
        }
        self.candidates = in_order(found)
        if self.spec.pick == "first":  # the first by name, alive or not
            rows = [g for g in self.candidates if self.has_rows(g)]
            self.candidates = rows[:1]
        alive = [group for group in self.candidates if self.is_alive(group, t)]
        if self.spec.pick == "largest":
            alive = self._largest_per_venue(alive, t)
        self.alive_before_breaks = bool(alive)
        if break_start is not None:
            alive = [
                group
                for group in alive
                if not self.known.broken(group, self.needed(group), break_start)
            ]
        if self.spec.needs_supply and not self.supply_groups():
            alive = []
        if self.spec.share:
            alive = self._with_share(alive, t)
        return alive

    def _largest_per_venue(self, alive: list[Group], t: int) -> list[Group]:
        chosen: dict[str, tuple[float, Group]] = {}
        for group in alive:
            size = self.known.path(group, "open_interest_usd", t)
            if size is None:
                continue
            if group[0] not in chosen or size > chosen[group[0]][0]:  # ties: the first by name
                chosen[group[0]] = (size, group)
        return in_order({group for _, group in chosen.values()})

    def _with_share(self, groups: list[Group], t: int) -> list[Group]:
        sizes = {group: self.known.path(group, "open_interest", t) or 0.0 for group in groups}
        total = sum(sizes[group] for group in groups)
        return [group for group in groups if sizes[group] >= self.spec.share * total]

    def supply_groups(self) -> list[Group]:
        """The reference group whose supply is alive at T; without it there is no answer."""
        found = sorted(group for group in self.known.groups() if group[0] == "reference")
        name = "circulating_supply"
        return [g for g in found if self.known.path(g, name, self.as_of) is not None]

    def has_rows(self, group: Group) -> bool:
        """Has it ever had a row that could be used, or a heartbeat? A suspect is none."""
        return any((group, name) in self.known.legs for name in (*self.read(), *self.beats()))

    # building blocks of the formulas --------------------------------------------------------

    def at(self, group: Group, name: str, t: int) -> float:
        value = self.known.path(group, name, t)
        if value is None:
            raise Null("stale" if t == self.as_of else "short_history")
        return value

    def total(self, name: str, t: int) -> float:
        """Sum over groups, left to right."""
        total = 0.0
        for group in self.groups:
            total += self.at(group, name, t)
        return total

    def flowed(self, name: str, t: int, w: int) -> float:
        """Sum over groups of the legs' sums; null if any group's feed cannot vouch for it."""
        total, causes = 0.0, set()
        for group in self.groups:
            try:
                total += self.known.flow(group, name, t, w)
            except Null as null:
                causes |= null.causes
        if causes:
            raise Null(*causes)
        return total

    def weight(self, group: Group, t: int) -> float:
        """open_interest in coin, fixed at T."""
        when = self.as_of if self.known.rules.weights_once else t
        return self.at(group, "open_interest", when)

    def weights(self, t: int) -> float:
        total = 0.0
        for group in self.groups:
            total += self.weight(group, t)
        return total


def ratio(above: float, below: float) -> float:
    """A zero denominator gives null; the page names no reason for it, zero_base says it best."""
    if below == 0:
        raise Null("zero_base", "stale")
    return above / below
