"""Pictures for notebooks: price over open interest, with the states shaded.

Needs the extra ``notebook`` (plotly). The store is handed in; nothing here opens one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from tideline.domain.errors import BadInput, TidelineError
from tideline.domain.time import parse_time, to_datetime
from tideline.features.window import WINDOWS
from tideline.readings.reading import Reading

COLOURS = {
    "new_longs": "#2a9d8f",
    "short_covering": "#e9c46a",
    "new_shorts": "#c1121f",
    "long_liquidation": "#e76f51",
    "stored_leverage": "#6d597a",
    "quiet_deleveraging": "#8d99ae",
    "low_conviction_rally": "#b7e4c7",
    "low_conviction_selloff": "#f4acb7",
}
MOST_POINTS = 2_000


class PlotMissing(TidelineError):
    """plotly is not installed."""

    hint = "install the extra: pip install 'tideline[notebook]'"

    def __init__(self) -> None:
        super().__init__(f"pictures need plotly; {self.hint}")


class Source(Protocol):
    """What a picture asks of a store."""

    def series(self, asset: str, feature: str, *, start: Any, end: Any, step: Any) -> Any:
        """A frame of as_of and the feature's own column."""
        ...

    def scan_grid(
        self, moments: Sequence[int], *, window: str, assets: list[str] | None, bands: str
    ) -> Sequence[Reading]:
        """Readings at every moment, in order."""
        ...


def oi(
    store: Source,
    asset: str,
    *,
    start: object,
    end: object,
    window: str = "45m",
    step: str = "15m",
    bands: str = "adaptive",
    usd: bool = False,
) -> Any:
    """Price over open interest, with the states of R1 shaded, as a plotly figure.

    Args:
        store: what ``tl.open`` gives.
        asset: the coin.
        start, end: moments in UTC; every point is as known at its own moment.
        window: the window of the states.
        step: distance of the points, one of the fourteen windows.
        bands: adaptive or fixed.
        usd: open interest in USD instead of coin.

    Raises:
        PlotMissing: plotly is not installed.
        BadInput: an empty stretch, or more than 2,000 points.
    """
    try:
        from plotly import graph_objects as go
        from plotly.subplots import make_subplots
    except ImportError:
        raise PlotMissing from None
    moments = _moments(start, end, step)
    where = {"start": moments[0], "end": moments[-1], "step": WINDOWS[step]}
    held = "positioning.oi_usdtm" if usd else "positioning.oi_usdtm_coin"
    price, held_column = f"price.mark@{window}", f"{held}@{window}"
    top = store.series(asset, price, **where)
    bottom = store.series(asset, held_column, **where)
    readings = store.scan_grid(moments, window=window, assets=[asset], bands=bands)
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.04)
    unit = "USD" if usd else asset
    for row, (frame, name, label) in enumerate(
        ((top, price, "price, USD"), (bottom, held_column, f"open interest, {unit}")), start=1
    ):
        line = go.Scatter(x=frame["as_of"].to_list(), y=frame[name].to_list(), name=label,
                          mode="lines", connectgaps=False, line={"width": 1.4})  # fmt: skip
        figure.add_trace(line, row=row, col=1)
        figure.update_yaxes(title_text=label, row=row, col=1)
    for stretch in stretches(readings, WINDOWS[step]):
        _shade(figure, go, *stretch)
    title = f"{asset}: price over open interest, states over {window}, {bands} bands"
    figure.update_layout(title=title, height=620, legend={"orientation": "h"}, hovermode="x")
    return figure


def stretches(readings: Sequence[Reading], step_us: int) -> list[tuple[str, int, int]]:
    """(state, from, to) of neighbouring moments in the same named state; balanced is left white."""
    found: list[tuple[str, int, int]] = []
    for reading in readings:
        if reading.name not in COLOURS:
            continue
        if found and found[-1][0] == reading.name and found[-1][2] == reading.as_of:
            found[-1] = (reading.name, found[-1][1], reading.as_of + step_us)
        else:
            found.append((reading.name, reading.as_of, reading.as_of + step_us))
    return found


def _shade(figure: Any, go: Any, state: str, start: int, end: int) -> None:
    shown = {trace.name for trace in figure.data}
    figure.add_vrect(
        x0=to_datetime(start), x1=to_datetime(end), fillcolor=COLOURS[state], opacity=0.25,
        line_width=0, layer="below", row="all", col=1,
    )  # fmt: skip
    if state not in shown:  # one legend entry a state
        mark = {"size": 12, "symbol": "square", "color": COLOURS[state]}
        figure.add_trace(
            go.Scatter(x=[None], y=[None], mode="markers", marker=mark, name=state), row=1, col=1
        )


def _moments(start: object, end: object, step: str) -> list[int]:
    if step not in WINDOWS:
        raise BadInput("step", step, f"is not one of {' '.join(WINDOWS)}", "15m")
    first, last = int(parse_time(start, field="start")), int(parse_time(end, field="end"))
    size = (last - first) // WINDOWS[step] + 1
    if not 1 <= size <= MOST_POINTS:
        raise BadInput("end", str(end), f"gives {size:,} points, not 1 to {MOST_POINTS:,}")
    return [first + k * WINDOWS[step] for k in range(size)]
