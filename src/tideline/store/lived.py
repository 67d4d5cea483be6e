"""What the store itself knew at a moment: the rows that a commit had brought by then.

    known_time                from when a row could first be used; of imported history it is
                              modelled, and lies before the commit that brought the row
    known_time of its commit  from when this store held it

Which of them counts depends on the moment that is asked for:

    before the store began to record the asset   known_time: nobody asked this store then, and
                                                 history counts from when the world knew it
    from then on                                 the commit's: a back-fill that ends at noon was
                                                 not there at eleven, and an answer given at eleven
                                                 stays what it was

Commits are numbered in the order of their known_time and never change, so what was lived stays as
it was, whatever is imported later. Of rows that came in one commit the one known last stands, as
ever. At the head the two are the same.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pyarrow as pa

from tideline.features.arrays import FAR
from tideline.log import Commit, Log
from tideline.log.legs import Leg
from tideline.log.schema import int_times, times


def lived_from(legs: Iterable[Leg]) -> int:
    """From when on the store recorded one of these legs, µs; FAR if it never did."""
    since = (leg.recorded_since for leg in legs)
    return min((moment for moment in since if moment is not None), default=FAR)


def as_lived(log: Log, table: pa.Table) -> pa.Table:
    """Rows of the log, in its order, each known from its commit on."""
    return _known_at(table, log.commit_times.brought(table))


def brought_by(log: Log, table: pa.Table, last: int) -> pa.Table:
    """Those of the rows whose commits were made at ``last`` or before, as lived."""
    lived = as_lived(log, table)
    return lived.filter(pa.array(int_times(lived.column("known_time")) <= last))


def commit_as_lived(commit: Commit) -> pa.Table:
    """The rows of one commit, known from it on, in the order of the known_time they have."""
    table = commit.table
    own = int_times(table.column("known_time"))
    if (own == commit.known_time).all():
        return table
    if (own[1:] < own[:-1]).any():
        table = table.take(pa.array(np.argsort(own, kind="stable")))
    return _known_at(table, np.full(table.num_rows, commit.known_time, np.int64))


def _known_at(table: pa.Table, known: np.ndarray) -> pa.Table:
    table = table.set_column(table.column_names.index("known_time"), "known_time", times(known))
    # within a commit: by the known_time a row had, which is how the log hands them out
    order = pa.array(np.arange(table.num_rows, dtype=np.int32))
    return table.set_column(table.column_names.index("row"), "row", order)
