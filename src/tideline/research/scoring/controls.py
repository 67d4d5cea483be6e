"""Negative controls: with nothing to be found, nothing may be found.

directionless   every venue's open interest is replaced by its own path from another day: the same
                hours, the same distribution, the same persistence, and no tie to the flows. Price
                still tells up from down, so what has to vanish is the skill in telling opened
                from closed.
shuffled truth  the true states of all asset-days are dealt out anew among all asset-days, each
                turned by a random time of day, for hours are busy or quiet alike in all worlds.
                All skill has to vanish. (Days of other worlds alone would not do: a world of many
                episodes, in which readings speak often, would get the fewer ones of the rest, and
                knowing nothing would look like knowing less than nothing.)
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tideline.domain.errors import BadInput
from tideline.domain.time import DAY
from tideline.research.scoring.observed import Floats, Ints, Scored

COIN, USD = "open_interest", "open_interest_usd"


def directionless_rows(rows: pa.Table, seed: int) -> pa.Table:
    """The rows with open interest moved by whole days, the end joined to the beginning.

    All venues of the asset are moved alike. Times, cadences and all other fields stay; dollar open
    interest follows the coins at the price it was counted at.

    Raises:
        BadInput: fewer than two days of open interest.
    """
    event = rows["event_time"].cast(pa.int64()).to_numpy()
    value = rows["value"].to_numpy().copy()
    group = _groups(rows)
    coins, dollars_too = (_is(rows["field"], name) for name in (COIN, USD))
    if not coins.any():
        raise BadInput("rows", rows.num_rows, "hold no open interest")
    begin = int(event[coins].min())
    days = (int(event[coins].max()) - begin) // DAY
    if days < 2:
        raise BadInput("rows", days, "days of open interest are too few to move by whole days", "2")
    shift = int(np.random.default_rng(seed).integers(1, days)) * DAY
    for one in np.unique(group[coins]):
        mine = np.flatnonzero(coins & (group == one) & (value > 0))
        if not mine.size:
            continue
        path = _Path(event[mine], value[mine], begin, days * DAY, shift)
        dollars = np.flatnonzero(dollars_too & (group == one))
        value[dollars] *= path.moved(event[dollars]) / path.at(event[dollars])
        value[mine] = path.moved(event[mine])
    place = rows.column_names.index("value")
    return rows.set_column(place, "value", pa.array(value))


class _Path:
    """One leg, even in logarithm from row to row, and the same moved by ``shift`` in a period.

    Even, not in steps: rows stand at odd seconds, and steps read at other odd seconds would take
    one change twice and the next never, at each venue by itself.
    """

    def __init__(self, event: Ints, value: Floats, begin: int, period: int, shift: int) -> None:
        order = np.argsort(event, kind="stable")
        self.event, self.log = event[order], np.log(value[order])
        self.begin, self.period, self.shift = begin, period, shift
        self.turn = float(self.at(np.array([begin + period]))[0] / self.at(np.array([begin]))[0])

    def at(self, when: Ints) -> Floats:
        """The value then; before the first row the first, after the last the last."""
        found: Floats = np.exp(np.interp(when, self.event, self.log))
        return found

    def moved(self, when: Ints) -> Floats:
        """The path of ``shift`` later; past the end, the beginning joined on without a jump."""
        laps, rest = np.divmod(when - self.begin + self.shift, self.period)
        return self.at(self.begin + rest) * self.turn ** laps.astype(float)


def _is(column: pa.ChunkedArray, word: str) -> Ints:
    """Where the column says ``word``."""
    found: Ints = pc.equal(column.cast(pa.string()), word).to_numpy(zero_copy_only=False)
    return found


def _codes(column: pa.ChunkedArray) -> Ints:
    """A number for each distinct word."""
    words = column.cast(pa.string()).combine_chunks().dictionary_encode()
    codes: Ints = words.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    return codes


def _groups(rows: pa.Table) -> Ints:
    """A number for each (venue, instrument) of the rows."""
    venue, instrument = _codes(rows["venue"]), _codes(rows["instrument"])
    groups: Ints = venue * (int(instrument.max()) + 1) + instrument
    return groups


def shuffled_truth(scored: Sequence[Scored], seed: int) -> list[Ints]:
    """For each asset a truth of asset-days dealt out from all, each once, turned within its day.

    Raises:
        BadInput: one world alone.
    """
    if len({one.seed for one in scored}) < 2:
        raise BadInput("worlds", 1, "leaves nothing to shuffle truth with", "2")
    return shuffled(scored, [one.truth for one in scored], seed)


def shuffled(scored: Sequence[Scored], truths: Sequence[Ints], seed: int) -> list[Ints]:
    """The same of any kinds that are true at each moment of these assets."""
    draw = np.random.default_rng(seed)
    days = [
        part
        for one, truth in zip(scored, truths, strict=True)
        for part in np.split(truth, one.seen.days)
    ]
    dealt = iter(draw.permutation(len(days)).tolist())
    made = []
    for one in scored:
        picked = [days[next(dealt)] for _ in range(one.seen.days)]
        made.append(np.concatenate([np.roll(day, int(draw.integers(day.size))) for day in picked]))
    return made
