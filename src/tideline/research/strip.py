"""Pictures along time, as SVG: panels of a line each, and lanes of coloured stretches."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tideline.domain.time import DAY, HOUR, format_time

WIDTH, LEFT, RIGHT = 960, 190, 20
PANEL, GAP, LANE, TOP = 110, 26, 13, 20
FOOT = 30


class Strip:
    """One picture, from ``start`` to ``end`` (µs), filled from above."""

    def __init__(self, start: int, end: int) -> None:
        self.start, self.end = start, end
        self._parts: list[str] = []
        self._y = TOP

    def x(self, at: int) -> float:
        """Where a moment is."""
        return LEFT + (at - self.start) / (self.end - self.start) * (WIDTH - LEFT - RIGHT)

    def panel(self, name: str, values: Sequence[float | None]) -> None:
        """A line through values evenly spread over the whole time; it is broken where there are
        none."""
        known = [value for value in values if value is not None]
        low, high = min(known), max(known)
        top, span = self._y, high - low or 1.0
        points: list[str] = []
        pieces = [points]
        for k, value in enumerate(values):
            if value is None:
                points = []
                pieces.append(points)
                continue
            x = LEFT + k / (len(values) - 1) * (WIDTH - LEFT - RIGHT)
            points.append(f"{x:.1f},{top + PANEL - (value - low) / span * PANEL:.1f}")
        self._parts += [
            f'<text x="4" y="{top + 12}" font-size="12">{name}</text>',
            f'<text x="{LEFT - 6}" y="{top + 8}" text-anchor="end" fill="#333">{high:,.0f}</text>',
            f'<text x="{LEFT - 6}" y="{top + PANEL}" text-anchor="end" fill="#333">{low:,.0f}'
            "</text>",
            *(
                f'<polyline points="{" ".join(piece)}" fill="none" stroke="#264653" '
                'stroke-width="1.2"/>'
                for piece in pieces
                if len(piece) > 1
            ),
        ]
        self._y += PANEL + GAP

    def lane(self, name: str, stretches: Iterable[tuple[int, int, str, str]]) -> None:
        """Stretches (from, to, colour, title) in one row."""
        y = self._y
        self._parts.append(f'<text x="4" y="{y + 9}" fill="#333">{name}</text>')
        for first, last, colour, title in stretches:
            x = self.x(first)
            self._parts.append(
                f'<rect x="{x:.1f}" y="{y + 1}" width="{max(self.x(last) - x, 1.5):.1f}" '
                f'height="{LANE - 3}" fill="{colour}"><title>{title}</title></rect>'
            )
        self._y += LANE

    def svg(self) -> str:
        """All of it, with the days below."""
        bottom = self._y
        height = bottom + FOOT
        return "\n".join(
            [
                f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
                'font-family="sans-serif" font-size="10">',
                f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
                *self._parts,
                *self._days(bottom, height),
                "</svg>\n",
            ]
        )

    def _days(self, bottom: int, height: int) -> Iterable[str]:
        for at in range(-(-self.start // (12 * HOUR)) * 12 * HOUR, self.end + 1, 12 * HOUR):
            x = self.x(at)
            yield (
                f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{bottom}" stroke="#adb5bd" '
                'stroke-width="0.5" stroke-dasharray="2 3"/>'
            )
            if at % DAY == 0 and x < WIDTH - 2 * RIGHT:
                yield (
                    f'<text x="{x:.1f}" y="{height - 8}" text-anchor="middle" fill="#333">'
                    f"{format_time(at)[:10]}</text>"
                )
