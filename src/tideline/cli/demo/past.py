"""The store before the demo begins: whose it is, from when on the market is lived, its history."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from tideline.cli.demo.played import Demo
from tideline.domain.errors import BadInput
from tideline.domain.scaled_time import Anchor, ScaledClock
from tideline.domain.time import DAY, HOUR, MINUTE, SECOND, format_time
from tideline.log.store_clock import clock_of, stop_clock
from tideline.market.observation.quality import OUTAGE_WORLD, draw_quality

if TYPE_CHECKING:
    from tideline.market.tape import Tape

FILE = "demo.json"
LIVED = 2 * DAY
"""How much of the market is lived through; all before it is history."""
BACKFILLED = 3 * HOUR
UNASKED = ("mark_price", "index_price")
"""History of OKX that the collector does not ask for: archives bring it up to the start."""
LEAST_LEFT = MINUTE
WINDOW = 45 * MINUTE
BEFORE = 30 * MINUTE


def check_store(demo: Demo) -> None:
    """A place of this very market, or an empty one.

    Raises:
        BadInput: something else stands there.
    """
    store = demo.store
    if not store.exists():
        return
    try:
        held = json.loads((store / FILE).read_bytes())
    except (OSError, ValueError):
        held = None
    if held is None:
        if store.is_dir() and not any(store.iterdir()):
            return
        raise BadInput("store", str(store), "is no store of a demo", "another --store")
    if held.get("market") != demo.facts:
        words = held.get("market") or {}
        told = f"{words.get('scenario')}, seed {words.get('seed')}, {words.get('assets')}"
        problem = f"holds another made market ({told}, {words.get('days')} days)"
        raise BadInput("store", str(store), problem, "another --store")


def start_of(demo: Demo, tapes: Sequence[Tape]) -> int:
    """From which moment on the market is lived, µs.

    Raises:
        BadInput: the market of this store is over.
    """
    end = min(tape.end for tape in tapes)
    if (demo.store / FILE).exists():
        from tideline.log import Log

        with Log.open(demo.store, clock_of(demo.store)) as log:
            start = int(log.head()) + SECOND
        if start > end - LEAST_LEFT:
            when = format_time(end)
            raise BadInput("store", str(demo.store), f"was lived to its end at {when}", "another")
        return start
    length = end - min(tape.start for tape in tapes)
    first = end - min(LIVED, length // 3 // MINUTE * MINUTE)
    return joined(tapes, first, end - (end - first) // 4)


def joined(tapes: Sequence[Tape], first: int, last: int) -> int:
    """A moment of [first, last], half an hour before something is to be seen, on the minute.

    That is the first long outage of a venue where the scenario is about those, else the window in
    which price and open interest of the first coin moved most, each against its own usual move.
    """
    tape = tapes[0]
    seen = first
    if tape.world == OUTAGE_WORLD:
        starts = [one.start for one in draw_quality(tape).outages if one.kind == "all"]
        seen = min((at for at in starts if first <= at <= last), default=first)
    else:
        seen = _liveliest(tape, first, last)
    return max(first, (seen - BEFORE) // MINUTE * MINUTE)


def _liveliest(tape: Tape, first: int, last: int) -> int:
    """Where the window of the largest move begins, by minutes."""
    import numpy as np

    every = max(1, MINUTE // tape.step_us)
    window = max(1, WINDOW // MINUTE)
    perpetual = [number for number, book in enumerate(tape.books) if not book.spot]
    held = tape.oi[perpetual, ::every].astype(np.float64)
    coins = np.array([tape.books[number].lot for number in perpetual]) @ held
    moves = np.zeros(0)
    for path in (tape.index[::every].astype(np.float64), np.maximum(coins, 1e-12)):
        step = np.abs(np.log(path[window:] / path[:-window]))
        usual = np.median(step) or 1.0
        moves = step / usual + (moves if moves.size else 0.0)
    at = tape.start + np.arange(moves.size) * every * tape.step_us
    moves[(at < first) | (at > last)] = -1.0
    return int(at[int(np.argmax(moves))])


def import_history(
    demo: Demo, tapes: Sequence[Tape], start: int, say: Callable[[str], None]
) -> None:
    """A new store, and everything in it that archives would have given."""
    from tideline.log import Log, Source
    from tideline.market.observation.rows import CENTRAL, history_rows
    from tideline.store.simulation_mark import SIMULATED as KIND

    if (demo.store / FILE).exists():
        say(f"going on with {demo.store}")
        return
    import numpy as np
    import pyarrow as pa

    standing = ScaledClock(Anchor(start, 0.0, 0.0))
    rows, until = 0, history_end(tapes, start)
    try:
        with Log.create(demo.store, standing) as log, log.writer(background=False) as writer:
            stop_clock(demo.store, start)
            for tape in tapes:
                name = f"made market {demo.market.scenario}, seed {demo.market.seed}: history"
                source = Source(source_id=writer.next_source(), kind=KIND, name=name)
                parts = [
                    history_rows(tape, end=until, venues=CENTRAL),
                    history_rows(tape, start=until, end=start, venues=("okx",), fields=UNASKED),
                ]
                table = pa.concat_tables(parts).unify_dictionaries()
                ids = pa.array(np.full(table.num_rows, source.source_id, np.int64))
                writer.append(table.append_column("source_id", ids), [source])
                rows += table.num_rows
            writer.flush()
        (demo.store / FILE).write_text(json.dumps({"simulated": True, "market": demo.facts}))
    except BaseException:
        shutil.rmtree(demo.store, ignore_errors=True)  # half a history is none
        raise
    say(f"{rows:,} rows of history until {format_time(until)}, assumed, into {demo.store}")


def history_end(tapes: Sequence[Tape], start: int) -> int:
    """Where the collector's back-fill begins: some hours before the start, on the hour."""
    first = min(tape.start for tape in tapes)
    return max((start - BACKFILLED) // HOUR * HOUR, first + (start - first) // 2)
