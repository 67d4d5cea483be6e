"""What the store itself knew at a moment: the rows that a commit had brought by then.

    known_time                from when a row could first be used; of imported history it is
                              modelled, and lies before the commit that brought the row
    known_time of its commit  from when this store held it

A question of the past is answered by the first: history counts from when the world knew it. What
was judged live can only be judged again by the second: a back-fill that ends at noon was not there
at eleven. Commits are numbered in the order of their known_time and never change, so what was lived
stays as it was, whatever is imported later. Of rows that came in one commit the one known last
stands, as ever. At the head the two are the same.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from tideline.log import Log
from tideline.log.schema import int_times, times


def as_lived(log: Log, table: pa.Table) -> pa.Table:
    """Rows of the log, in its order, each known from its commit on."""
    brought = log.commit_times.brought(table)
    table = table.set_column(table.column_names.index("known_time"), "known_time", times(brought))
    # within a commit: by the known_time a row had, which is how the log hands them out
    order = pa.array(np.arange(table.num_rows, dtype=np.int32))
    return table.set_column(table.column_names.index("row"), "row", order)


def brought_by(log: Log, table: pa.Table, last: int) -> pa.Table:
    """Those of the rows whose commits were made at ``last`` or before, as lived."""
    lived = as_lived(log, table)
    return lived.filter(pa.array(int_times(lived.column("known_time")) <= last))
