"""One book as an import of archives brings it: no quality but the lag that is assumed."""

from __future__ import annotations

from tideline.domain.time import SECOND
from tideline.market.observation.book_rows import BookRows, grid
from tideline.market.observation.lags import lag_us
from tideline.market.observation.offered import RATIOS, Bars
from tideline.market.observation.quality import GRID


class ArchivedRows(BookRows):
    """Everything that can be had later of one book."""

    def add_all(self, bar_us: int) -> None:
        """Everything that can be had later, in bars of ``bar_us`` at least."""
        at = grid(self.start, self.end, GRID)
        at = at[at >= self.first]
        mark = self.mark(at)
        coin = self.figures.open_interest(self.lots(at), mark)
        venue, step_s = self.name.venue, GRID / SECOND
        for field, value in (
            ("open_interest", coin),
            ("open_interest_usd", coin * mark),
            ("mark_price", mark),
            ("index_price", self.index(at)),
        ):
            self.add(field, at, at + lag_us(venue, field), value, step_s)
        if self.name.interval_h:
            self.settled(lambda at: at, interval=True)
        for bars, which in ((self.offer.volume, "volume"), (self.offer.taker, "taker")):
            if bars is not None:
                length = max(bars.length_us, bar_us)
                self.bars(Bars(length, 0.0), which, lambda at: at)
        if self.offer.spot:
            self.spot(bar_us, lambda at: at)
        self.ratios(lambda at: at + lag_us(venue, RATIOS[0]))
