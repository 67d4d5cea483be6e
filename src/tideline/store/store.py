"""``tl.open(path)``: live, historical, series, scan, from Python."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import polars as pl

from tideline.domain.errors import BadInput, UnknownName
from tideline.domain.fields import MARKET
from tideline.domain.time import Clock, TimeUs, parse_span, parse_time
from tideline.domain.venue import OWN
from tideline.features.engine import check_address
from tideline.features.window import WINDOWS
from tideline.log import Log
from tideline.log.legs import Leg
from tideline.readings.analogue import DEFAULT_WINDOW, Analogues
from tideline.readings.asking import ranked
from tideline.readings.bands import Mode
from tideline.readings.cadence import SUB_WINDOWS
from tideline.readings.catalogue import RULES
from tideline.readings.liquidation_price import Margin, Side
from tideline.readings.margin_tiers import MarginTiers
from tideline.readings.position import Position
from tideline.readings.position_report import PositionReport
from tideline.readings.price_oi_rule import price_oi_rule
from tideline.readings.profiles import DEFAULT, Profile
from tideline.readings.reading import Reading
from tideline.readings.rule import Rule
from tideline.readings.transitions import Transition
from tideline.signals import BY_ADDRESS, CATALOGUE, Signal
from tideline.store.analogues import AnalogueTables
from tideline.store.answering import answer_asset
from tideline.store.frames import columns_of, microseconds, requests
from tideline.store.reporting import report
from tideline.store.scanning import scan_assets
from tideline.store.simulation_mark import SimulationMark
from tideline.store.transition_rows import transitions_in
from tideline.store.value import values_of
from tideline.store.watching import Watching

MOST_STEPS = 1_000_000


def open_store(path: str | Path, clock: Clock | None = None) -> Store:
    """Open a store for asking. Readers take no lock; any number may be open beside a writer.

    Raises:
        NoStore: there is none at ``path``.
    """
    return Store(Log.open(path, clock))


class Store:
    """Point-in-time features and readings. There is no question without an as_of.

    Times are aware datetimes, RFC 3339 text with an offset, or integers of microseconds UTC.
    """

    def __init__(self, log: Log) -> None:
        self.log = log
        self._simulated = SimulationMark(log)
        self._analogues = AnalogueTables(log)

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the files."""
        self.log.close()

    def head(self) -> TimeUs:
        """The newest moment whose answers are final."""
        return self.log.head()

    @property
    def simulated(self) -> bool:
        """Does it hold anything that happened on no market? Then every answer says so."""
        return bool(self._simulated)

    def assets(self) -> list[str]:
        """Every coin with a row; what is told of the whole market is no coin's."""
        return [name for name in self.log.assets() if name != MARKET]

    def legs(self, asset: str | None = None) -> list[Leg]:
        """What is held of venues and sources, leg by leg, without what was judged from it."""
        return [leg for leg in self.log.legs(asset) if leg.venue != OWN]

    def catalog(self) -> tuple[Signal, ...]:
        """The signals, in order."""
        return CATALOGUE

    def historical(
        self,
        *,
        features: Sequence[str],
        asset: str | None = None,
        as_of: Any = None,
        rows: Any = None,
        evidence: bool = False,
        strict: bool = False,
        threads: int = 1,
    ) -> pl.DataFrame:
        """Features as known at each as_of.

        Args:
            features: addresses, e.g. ``positioning.oi_usdtm@1h:zscore``.
            asset, as_of: one asset at one moment or at several; or
            rows: a frame (Polars, Arrow, pandas) with columns asset and as_of.
            evidence: add age_s, n, coverage, basis, revised and reason beside every number.
            strict: recorded rows alone.
            threads: the answers do not depend on it.

        Returns:
            asset, as_of and one float column per address (null, never NaN), in request order.

        Raises:
            BadAddress, UnknownName, BadTime, FutureAsOf, BeforeHorizon, BadInput.
        """
        names = self._checked(features)
        asked = requests(rows, asset, as_of)
        moments = microseconds(asked["as_of"])
        if moments.size:
            self.log.check_as_of(int(moments.max()))
            self.log.check_as_of(int(moments.min()))
        places = asked.with_row_index("place").partition_by("asset", as_dict=True)
        known = set(self.log.assets()) if places else set()
        for (name,) in places:
            if name not in known:
                raise UnknownName("asset", str(name), known)
        parts = []
        for (name,), part in places.items():
            place = part["place"].to_numpy()
            found = answer_asset(
                self.log,
                str(name),
                moments[place],
                names,
                evidence=evidence,
                strict=strict,
                threads=threads,
            )
            parts.append(part.select("place").with_columns(columns_of(found, evidence)))
        if not parts:
            return asked.with_columns(pl.lit(None, pl.Float64).alias(name) for name in names)
        return asked.hstack(pl.concat(parts).sort("place").drop("place").get_columns())

    def live(
        self, asset: str | Sequence[str], features: Sequence[str], *, evidence: bool = True
    ) -> pl.DataFrame:
        """Features at the head: the same function on the same rows as ``historical`` there."""
        head = int(self.head())
        assets = [asset] if isinstance(asset, str) else list(asset)
        rows = pl.DataFrame({"asset": assets, "as_of": [head] * len(assets)})
        return self.historical(rows=rows, features=features, evidence=evidence)

    def value(
        self, asset: str, feature: str, as_of: Any = None, *, strict: bool = False
    ) -> dict[str, Any]:
        """One number with all that stands beside it, the groups behind it included."""
        return self.values(asset, [feature], as_of, strict=strict)[0]

    def values(
        self, asset: str, features: Sequence[str], as_of: Any = None, *, strict: bool = False
    ) -> list[dict[str, Any]]:
        """Several numbers of one moment (the head unless given), each as ``value`` gives it."""
        names = self._checked(features)
        moment = self.head() if as_of is None else self.log.check_as_of(as_of)
        if asset not in (known := self.log.assets()):
            raise UnknownName("asset", asset, known)
        mark = bool(self._simulated)
        return values_of(self.log, asset, names, int(moment), strict=strict, simulated=mark)

    def series(
        self,
        asset: str,
        feature: str,
        *,
        start: Any,
        end: Any,
        step: Any,
        evidence: bool = False,
        strict: bool = False,
        threads: int = 1,
    ) -> pl.DataFrame:
        """One feature on a regular grid, each point as known at its own moment.

        ``step`` is one of the window names or microseconds. Columns as_of and the address.
        """
        first, last = parse_time(start, field="start"), parse_time(end, field="end")
        width = WINDOWS.get(step) if isinstance(step, str) else int(step)
        if width is None or width <= 0:
            raise BadInput("step", step, f"is not one of {' '.join(WINDOWS)} nor µs above 0", "1h")
        count = (last - first) // width + 1
        if not 1 <= count <= MOST_STEPS:
            raise BadInput("end", end, f"gives {count:,} points, not 1 to {MOST_STEPS:,}")
        return self.historical(
            asset=asset,
            as_of=np.arange(count) * width + first,
            features=[feature],
            evidence=evidence,
            strict=strict,
            threads=threads,
        ).drop("asset")

    def scan(
        self,
        as_of: Any = None,
        *,
        window: str = "45m",
        assets: Sequence[str] | None = None,
        bands: Mode = "adaptive",
        profile: Profile = DEFAULT,
    ) -> list[Reading]:
        """Every asset's price × OI state at one moment (the head unless given), by strength."""
        moment = self.head() if as_of is None else self.log.check_as_of(as_of)
        found = self.scan_grid(
            [int(moment)], window=window, assets=assets, bands=bands, profile=profile
        )
        return sorted(found, key=lambda one: (not one.told, -(one.strength or 0.0), one.asset))

    def scan_grid(
        self,
        moments: Sequence[int],
        *,
        window: str = "45m",
        assets: Sequence[str] | None = None,
        bands: Mode = "adaptive",
        profile: Profile = DEFAULT,
    ) -> list[Reading]:
        """The price × OI states at many moments, by moment and then by asset."""
        found = scan_assets(self.log, moments, window, assets, (price_oi_rule(bands),), profile)
        return sorted(found, key=lambda reading: (reading.as_of, reading.asset))

    def readings(
        self,
        asset: str | Sequence[str] | None = None,
        as_of: Any = None,
        window: str = "45m",
        *,
        rules: Sequence[Rule] = RULES,
        profile: Profile = DEFAULT,
    ) -> list[Reading]:
        """Every reading of one asset, of several, or of all, at one moment (the head unless given).

        Rules with windows of their own are read on those; the rest on ``window``. One asset: in
        the order of the catalogue. Several: by severity, then strength.
        """
        moment = self.head() if as_of is None else self.log.check_as_of(as_of)
        one = isinstance(asset, str)
        assets = None if asset is None else [asset] if isinstance(asset, str) else list(asset)
        found = scan_assets(self.log, [int(moment)], window, assets, rules, profile)
        return found if one else ranked(found)

    def analogues(
        self,
        asset: str,
        as_of: Any = None,
        *,
        window: str = DEFAULT_WINDOW,
        profile: Profile = DEFAULT,
    ) -> Analogues:
        """Moments of the past like this one (the head unless given), and what followed them.

        Raises:
            UnknownName: the asset or the window.
            BadTime, FutureAsOf, BeforeHorizon: the moment.
        """
        moment = self._asked(asset, as_of)
        if window not in SUB_WINDOWS:
            raise UnknownName("window", window, SUB_WINDOWS)
        found = self._analogues.find(asset, moment, window, profile.parameters)
        return replace(found, profile=profile.name, differs=profile.differs)

    def report(
        self,
        asset: str,
        *,
        side: str,
        entry: float,
        stop: float,
        size: float,
        leverage: float,
        equity: float,
        margin: str = "isolated",
        horizon: str | int = "2d",
        as_of: Any = None,
        tiers: MarginTiers | None = None,
        profile: Profile = DEFAULT,
    ) -> PositionReport:
        """The pre-trade checklist of one position, as known at one moment (the head unless given).

        Args:
            side, margin: ``long`` or ``short``; ``isolated`` or ``cross``.
            entry, stop: USD per coin; size: coins; equity: USD.
            horizon: how long it is meant to be held: ``2d``, ``12h``, or microseconds.
            tiers: margin tiers; None takes the ones shipped for Binance.

        Raises:
            BadInput, UnknownName: a position that contradicts itself or that the tiers forbid.
        """
        moment = self._asked(asset, as_of)
        held = parse_span(horizon, "horizon") if isinstance(horizon, str) else int(horizon)
        meant = Position(
            side=cast(Side, side),
            size_coin=size,
            entry=entry,
            stop=stop,
            leverage=leverage,
            equity_usd=equity,
            margin=cast(Margin, margin),
            horizon_us=held,
        )
        return report(self._analogues, asset, moment, meant, tiers, profile)

    def _asked(self, asset: str, as_of: Any) -> int:
        """The moment of a question about one asset that is held."""
        moment = self.head() if as_of is None else self.log.check_as_of(as_of)
        if asset not in (known := self.log.assets()):
            raise UnknownName("asset", asset, known)
        return int(moment)

    def watch(
        self,
        asset: str | Sequence[str] | None = None,
        window: str = "45m",
        *,
        rules: Sequence[Rule] = RULES,
        profile: Profile = DEFAULT,
    ) -> Watching:
        """The readings at the head again and again: ``.readings()`` gives them and the head.

        The past is read once; after that only new commits are.
        """
        if window not in SUB_WINDOWS:
            raise UnknownName("window", window, SUB_WINDOWS)
        assets = [asset] if isinstance(asset, str) else asset
        for name in assets or ():
            if name not in (held := self.log.assets()):
                raise UnknownName("asset", name, held)
        return Watching(self.log, window, rules=rules, profile=profile, assets=assets)

    def transitions(
        self, asset: str, as_of: Any = None, *, start: Any = None
    ) -> list[tuple[Transition, TimeUs]]:
        """States entered, left or changed as the evaluator wrote them, each with its known_time.

        As known at as_of (the head unless given), of instants from ``start`` on, in order. Empty
        where no evaluator ran; instants that were skipped are no transitions.
        """
        moment = self.head() if as_of is None else self.log.check_as_of(as_of)
        if asset not in (known := self.log.assets()):
            raise UnknownName("asset", asset, known)
        since = 0 if start is None else int(parse_time(start, field="start"))
        told = transitions_in(self.log, asset, int(moment), since)
        return [(one.transition, TimeUs(one.known_time)) for one in told]

    @staticmethod
    def _checked(features: Sequence[str]) -> list[str]:
        """Addresses of the catalogue, each once."""
        names = [features] if isinstance(features, str) else list(features)
        if not names:
            raise BadInput("features", "[]", "names no feature", "positioning.oi_usdtm@1h")
        for name in names:
            check_address(name, BY_ADDRESS)
        twice = [name for k, name in enumerate(names) if name in names[:k]]
        if twice:
            raise BadInput("features", twice[0], "is asked for twice")
        return names
