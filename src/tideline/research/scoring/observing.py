"""From a world's rows to what a detector may see: through a log and the one engine."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tideline.domain.errors import BadInput
from tideline.domain.time import DAY, ManualClock
from tideline.features.address import parse_address
from tideline.features.resolver import signal_fields
from tideline.features.window import WINDOWS
from tideline.log import Log, Source
from tideline.readings.parameters import Parameters
from tideline.readings.price_oi import band_addresses
from tideline.readings.rule import Rule
from tideline.research.scoring.controls import directionless_rows
from tideline.research.scoring.fingerprint import seed_of
from tideline.research.scoring.flows import flows_of
from tideline.research.scoring.observed import Moves, Observed, Said, Scored, Track
from tideline.research.scoring.parameters import ScoreParameters
from tideline.research.scoring.told import said_by
from tideline.research.scoring.truth_runs import truth_kinds
from tideline.research.scoring.worlds import AssetDays
from tideline.signals import BY_ADDRESS
from tideline.store.gridding import Grid, GridScan
from tideline.store.simulation_mark import SIMULATED

SCAN = ("price.mark@5m:rate[10]", "positioning.oi_usdtm_coin@5m:rate[10]")
"""Ten bars of 5 minutes: 50 minutes, the same groups and weights at both ends."""
ROWS_AT_ONCE = 500_000


def scored_of(
    given: AssetDays,
    readings: Parameters,
    scorer: ScoreParameters,
    control: bool,
    rules: Sequence[Rule] = (),
) -> Scored:
    """One asset of a world, observed and beside its truth.

    Args:
        control: observe it a second time with open interest that knows nothing of the flows.
        rules: those to be asked beside R1's moves and bands.

    Raises:
        BadInput: a stretch that is not whole days.
    """
    if given.end <= given.start or (given.end - given.start) % DAY:
        raise BadInput("end", given.end, "does not make whole days", str(given.start + DAY))
    seen, said, moves = observe(given, given.rows, readings, scorer, rules)
    without = None
    if control:
        seed = seed_of(given.asset, str(given.seed), "directionless")
        without, _, _ = observe(given, directionless_rows(given.rows, seed), readings, scorer)
    grid = (given.start, given.end, scorer.step_us)
    truth = truth_kinds(given.truth, scorer.window_us, *grid)
    flows = {
        window: flows_of(given.truth, given.venues, WINDOWS[window], *grid) for window in moves
    }
    named = (given.world, given.seed, given.asset)
    return Scored(*named, seen, truth, without, said, moves, flows)


def observe(
    given: AssetDays,
    rows: pa.Table,
    readings: Parameters,
    scorer: ScoreParameters,
    rules: Sequence[Rule] = (),
) -> tuple[Observed, dict[Track, Said], dict[str, Moves]]:
    """Everything detectors ask, at every moment of the grid, as known then; and what rules say."""
    more = (*SCAN, f"positioning.taker_imbalance@{scorer.window}")
    names = (*band_addresses(scorer.window), *more)
    as_of = np.arange(given.start + scorer.step_us, given.end + 1, scorer.step_us, dtype=np.int64)
    with tempfile.TemporaryDirectory(prefix="tideline-score-") as place:
        log = Log.create(Path(place) / "store", ManualClock(given.end + DAY))
        with log:
            _fill(log, rows, None if rules else names)
            grid = GridScan(log, given.asset, scorer.window, readings, more).grid(as_of)
            said, moves = said_by(log, given.asset, as_of, scorer.window, rules, readings)
    return _observed(given.start, scorer.step_us, grid), said, moves


def _fill(log: Log, rows: pa.Table, names: Sequence[str] | None) -> None:
    """Append the rows that these features read, in their own order; None: every row."""
    kept = rows
    if names is not None:
        signals = {parse_address(name, BY_ADDRESS).signal for name in names}
        fields = sorted({f for signal in signals for f in signal_fields(BY_ADDRESS[signal])})
        kept = rows.filter(pc.is_in(rows["field"].cast(pa.string()), pa.array(fields)))
    with log.writer() as writer:
        source = Source(source_id=writer.next_source(), kind=SIMULATED, name="scorecard")
        ids = pa.array(np.full(kept.num_rows, source.source_id, np.int64))
        if "source_id" in kept.column_names:
            kept = kept.drop_columns(["source_id"])
        kept = kept.append_column("source_id", ids)
        for low in range(0, kept.num_rows, ROWS_AT_ONCE):
            part = kept.slice(low, ROWS_AT_ONCE).unify_dictionaries()
            writer.append(part, [source] if low == 0 else ())


def _observed(start: int, step: int, grid: Grid) -> Observed:
    price, oi = grid.price_bands, grid.oi_bands
    return Observed(
        start=start,
        step=step,
        move=grid.move,
        rate=grid.rate,
        price_in=np.array([band.enter for band in price]),
        oi_in=np.array([band.enter for band in oi]),
        price_out=np.array([band.leave for band in price]),
        oi_out=np.array([band.leave for band in oi]),
        adaptive=np.array([band.mode == "adaptive" for band in price]),
        scan_move=grid.more[:, 0],
        scan_rate=grid.more[:, 1],
        taker=grid.more[:, 2],
    )
