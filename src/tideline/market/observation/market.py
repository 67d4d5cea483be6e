"""The market as its venues say it: a Market around the recorded one, for venue servers.

Open interest is that of the venue's last look at its own book, and history may have been restated
once the clock says that the new values are out. Everything else a server samples by itself.
"""

from __future__ import annotations

from collections.abc import Sequence

from tideline.domain.time import Clock
from tideline.market.changes import Changed
from tideline.market.observation.quality import Quality, Refresh, Restatement
from tideline.market.recorded import Recorded
from tideline.market.state import Quote

Key = tuple[str, str]


class Observed(Changed):
    """``recorded`` with the quality of each of its tapes, in the same order."""

    def __init__(self, recorded: Recorded, qualities: Sequence[Quality], clock: Clock) -> None:
        super().__init__(recorded, "", "")
        self._clock = clock
        self._refresh: dict[Key, Refresh] = {}
        self._restated: dict[Key, list[Restatement]] = {}
        self._started: dict[Key, int] = {}
        for tape, quality in zip(recorded.tapes, qualities, strict=True):
            for number, book in enumerate(tape.books):
                if book.spot:
                    continue
                key = (book.venue, book.symbol)
                self._refresh[key] = quality.refresh[number]
                self._started[key] = tape.start + book.listed_step * tape.step_us
            for one in quality.restated:
                self._restated.setdefault((one.venue, one.symbol), []).append(one)
        self._recorded = recorded

    def quote(self, venue: str, symbol: str, at: int) -> Quote:
        found = self._inner.quote(venue, symbol, at)
        refresh = self._refresh[venue, symbol]
        if found.oi_coin == 0.0:
            return found
        # before its second look a venue has nothing older to say than its first state
        held = max(refresh.held(at), self._started[venue, symbol])
        lots = sum(
            one.lots
            for one in self._restated.get((venue, symbol), ())
            if one.start < at <= one.end and one.seen <= self._clock.now()
        )
        return found._replace(oi_coin=self._recorded.open_interest(venue, symbol, held, lots, at))
