"""``tl.open(path)``: live, historical, series, scan, from Python."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from tideline.domain.errors import BadInput, UnknownName
from tideline.domain.time import Clock, TimeUs, parse_time
from tideline.features.engine import check_address
from tideline.features.window import WINDOWS
from tideline.log import Log
from tideline.log.legs import Leg
from tideline.readings.bands import Mode
from tideline.readings.cadence import SUB_WINDOWS
from tideline.readings.parameters import DEFAULTS, Parameters
from tideline.readings.reading import Reading
from tideline.signals import BY_ADDRESS, CATALOGUE, Signal
from tideline.store.answering import answer_asset
from tideline.store.frames import columns_of, microseconds, requests
from tideline.store.scanning import AssetScan, ranked
from tideline.store.simulation_mark import SimulationMark
from tideline.store.value import values_of

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

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the files."""
        self.log.close()

    @property
    def simulated(self) -> bool:
        """Does it hold anything that happened on no market? Then every answer says so."""
        return bool(self._simulated)

    def head(self) -> TimeUs:
        """The newest moment whose answers are final."""
        return self.log.head()

    def assets(self) -> list[str]:
        """Every asset with a row."""
        return self.log.assets()

    def legs(self, asset: str | None = None) -> list[Leg]:
        """What is held, leg by leg."""
        return self.log.legs(asset)

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
        parameters: Parameters = DEFAULTS,
    ) -> list[Reading]:
        """Every asset's price × OI state at one moment (the head unless given), ranked."""
        moment = self.head() if as_of is None else self.log.check_as_of(as_of)
        return ranked(
            self.scan_grid(
                [int(moment)], window=window, assets=assets, bands=bands, parameters=parameters
            )
        )

    def scan_grid(
        self,
        moments: Sequence[int],
        *,
        window: str = "45m",
        assets: Sequence[str] | None = None,
        bands: Mode = "adaptive",
        parameters: Parameters = DEFAULTS,
    ) -> list[Reading]:
        """The states at many moments, by moment and then by asset."""
        if window not in SUB_WINDOWS:
            raise UnknownName("window", window, SUB_WINDOWS)
        held = self.log.assets()
        chosen = held if assets is None else list(assets)
        for name in chosen:
            if name not in held:
                raise UnknownName("asset", name, held)
        ascending = np.sort(np.array([parse_time(m, field="as_of") for m in moments], np.int64))
        if not ascending.size:
            return []
        for edge in (ascending[-1], ascending[0]):
            self.log.check_as_of(int(edge))
        found = [
            reading
            for name in chosen
            for reading in AssetScan(self.log, name, window, parameters).readings(ascending, bands)
        ]
        return sorted(found, key=lambda reading: (reading.as_of, reading.asset))

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
