"""R9: the pre-trade checklist of one position at one moment.

A pure function of what was known at T. Every item says pass, fail or cannot tell, and with which
numbers. It does not say what to do and not what will happen: where it speaks of what followed, it
gives counts of moments that were like this one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tideline.domain.time import DAY, format_duration
from tideline.readings import checklist
from tideline.readings.analogue import HORIZONS, Analogues
from tideline.readings.checklist import Invalidator, Item
from tideline.readings.liquidation_price import liquidation_price
from tideline.readings.margin_tiers import MarginTiers
from tideline.readings.parameters import DEFAULTS, Parameters
from tideline.readings.position import Position, check_entry, check_leverage
from tideline.readings.position_costs import Costs, break_even_price, costs_of, size_for
from tideline.readings.price_oi import BY_NAME
from tideline.readings.price_words import price_words
from tideline.readings.reading import Evidence, FeatureValue, Reading

SLOW, FAST = "4h", "45m"
"""Windows of the alignment and of the impulse."""
CHART_HOURS = 72


@dataclass(frozen=True, slots=True)
class ReportInputs:
    """Everything R9 is handed, as known at T.

    Attributes:
        slow, fast: R1 on :data:`SLOW` and on :data:`FAST`.
        breadth, persistence: R5 and R6, None where they were not read.
        mark, oi: price.mark and OI in coin at T.
        oi_then: OI in coin at T − 4 h; None where it is not known.
        oi_band: the band of ΔQ over 4 h that R1 used, a fraction.
        funding, funding_rank: funding.funding_avg and its percentile.
        funding_history: funding.funding_avg at past hours.
        tiers: margin tiers, None where none are known.
        analogues: R8 on :data:`SLOW`.
        path_mark, path_oi: the last hours, the oldest first, T last.
        others: readings that bear on it (caveats among them), for the foot of the page.
    """

    asset: str
    as_of: int
    position: Position
    slow: Reading
    fast: Reading
    mark: FeatureValue
    oi: FeatureValue
    oi_then: float | None
    oi_band: float
    funding: FeatureValue
    funding_rank: FeatureValue
    funding_history: Sequence[float | None]
    tiers: MarginTiers | None
    analogues: Analogues
    breadth: Reading | None = None
    persistence: Reading | None = None
    path_mark: Sequence[float | None] = ()
    path_oi: Sequence[float | None] = ()
    others: tuple[Reading, ...] = ()


@dataclass(frozen=True, slots=True)
class Odds:
    """What moments like this one did for this side, by a horizon's end. Counts, no prediction.

    ``your_way``: ended the way of the side; ``earned``: beyond the break-even; ``beyond_stop``:
    at or beyond the stop's distance; ``usual_*``: the same way, of every hourly moment.
    """

    horizon: str
    count: int
    your_way: int
    earned: int
    beyond_stop: int
    usual_count: int
    usual_your_way: int


@dataclass(frozen=True, slots=True)
class PositionReport:
    """The whole answer. ``liquidation`` None: there is none, or its item says why it is unknown.

    ``profile`` is the table of numbers in force, ``differs`` where it is not the default's.
    """

    asset: str
    as_of: int
    position: Position
    mark: float | None
    items: tuple[Item, ...]
    invalidator: Invalidator
    costs: Costs
    risk_share: float
    allowed_share: float
    size_for_risk: float
    break_even_price: float
    liquidation: float | None
    tiers: str
    odds: tuple[Odds, ...]
    analogues: Analogues
    notes: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    path_mark: tuple[float | None, ...]
    path_oi: tuple[float | None, ...]
    profile: str = "default"
    differs: tuple[str, ...] = ()

    def count(self, verdict: str) -> int:
        """How many items have that verdict."""
        return sum(item.verdict == verdict for item in self.items)

    def item(self, key: str) -> Item:
        """The item of that key."""
        return next(item for item in self.items if item.key == key)


def position_report(given: ReportInputs, parameters: Parameters = DEFAULTS) -> PositionReport:
    """The checklist.

    Raises:
        BadInput: an entry that is no price of this coin, leverage or size above the tiers.
    """
    position, tiers = given.position, given.tiers
    check_entry(position, given.mark.value)
    liquidated = None
    if tiers is not None:
        check_leverage(position, tiers)
        liquidated = liquidation_price(
            position.side, position.size_coin, position.entry, position.wallet_usd, tiers
        )
    source = tiers.words if tiers is not None else ""
    costs = costs_of(position, given.funding.value, given.funding_history, parameters)
    level = invalidator(given)
    items = (
        checklist.alignment(position, given.slow),
        checklist.impulse(position, given.fast),
        checklist.skew(given.breadth),
        checklist.funding(position, given.funding, given.funding_rank, costs, parameters),
        checklist.duration(given.persistence),
        checklist.invalidation(position, given.mark, level, given.oi.value),
        checklist.risk(position, costs, parameters),
        checklist.liquidation(position, liquidated, source),
        checklist.break_even(position, costs, parameters),
        checklist.cluster(),
    )
    return PositionReport(
        asset=given.asset,
        as_of=given.as_of,
        position=position,
        mark=given.mark.value,
        items=items,
        invalidator=level,
        costs=costs,
        risk_share=costs.risk_usd / position.equity_usd,
        allowed_share=parameters.risk_share,
        size_for_risk=size_for(position, costs, parameters),
        break_even_price=break_even_price(position, costs.break_even),
        liquidation=liquidated,
        tiers=source,
        odds=odds_of(position, costs, given.analogues),
        analogues=given.analogues,
        notes=_notes(given, parameters),
        evidence=(*given.slow.evidence, *given.fast.evidence),
        path_mark=tuple(given.path_mark),
        path_oi=tuple(given.path_oi),
    )


def invalidator(given: ReportInputs) -> Invalidator:
    """The stop as the price, and the open interest at which the flow behind the state is undone.

    OI up: where it stood 4 h ago, or one band under now if that is lower. OI down: the same above.
    Flat or unknown state: one band under now.
    """
    now, then, stop = given.oi.value, given.oi_then, given.position.stop
    cell = BY_NAME.get(given.slow.name)
    falls = cell is None or cell.oi >= 0
    if now is None:
        return Invalidator(stop, None, falls, "")
    edge = now * (1.0 - given.oi_band) if falls else now * (1.0 + given.oi_band)
    if cell is None or cell.oi == 0 or then is None:
        where = "under" if falls else "over"
        return Invalidator(stop, edge, falls, f"one band of {given.oi_band:.2%} {where} now")
    if falls:
        level, what = min(then, edge), "what was opened is closed again"
    else:
        level, what = max(then, edge), "what was closed is opened again"
    return Invalidator(stop, level, falls, f"{what}: OI of {SLOW} ago, or a band away")


def odds_of(position: Position, costs: Costs, found: Analogues) -> tuple[Odds, ...]:
    """Counts for this side over each horizon; empty where R8 gives no numbers."""
    if not found.told:
        return ()
    made = []
    for k, horizon in enumerate(HORIZONS):
        following = found.followed(horizon)
        if following is None or following.like is None or following.usual is None:
            continue
        moved = [position.sign * one.price[k] for one in found.chosen]
        usual = following.usual
        made.append(
            Odds(
                horizon=horizon,
                count=len(moved),
                your_way=sum(x > 0 for x in moved),
                earned=sum(x > costs.break_even for x in moved),
                beyond_stop=sum(x <= -position.stop_share for x in moved),
                usual_count=usual.count,
                usual_your_way=usual.rose if position.sign > 0 else usual.count - usual.rose,
            )
        )
    return tuple(made)


def _notes(given: ReportInputs, parameters: Parameters) -> tuple[str, ...]:
    notes = []
    mark, entry = given.mark.value, given.position.entry
    if mark is None:
        notes.append(f"The mark price is not known ({given.mark.reason or 'no_data'}).")
    elif abs(entry / mark - 1.0) > given.position.stop_share:
        notes.append(
            f"The entry {price_words(entry)} is {entry / mark - 1.0:+.2%} from the mark "
            f"{price_words(mark)}: the market's numbers are of now, not of the moment of the fill."
        )
    days = parameters.structural_days
    if given.position.horizon_us < days * DAY:
        held = format_duration(given.position.horizon_us)
        notes.append(f"The horizon of {held} is under {days:g} days: positions tell of days.")
    for reading in given.others:
        if reading.told and reading.severity != "none":
            notes.append(f"{reading.name}: {reading.because}")
    return tuple(notes)
