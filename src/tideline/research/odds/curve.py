"""A reliability curve: bins of cases that were given about the same odds, and their picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

SIDE, LEFT, ABOVE, BELOW = 360, 62, 24, 48
"""The square of the picture and what is around it, in its own units."""
LEAST_FAR = 0.7
"""So far both axes reach at the least, that pictures of small odds can be compared."""


@dataclass(frozen=True, slots=True)
class Bin:
    """Held-out cases of about the same odds: the mean of what was expected, how often it was so,
    and the interval of that (low, high) where each case was so or not."""

    n: int
    expected: float
    seen: float
    interval: tuple[float, float] | None = None

    @property
    def ends(self) -> tuple[float, float]:
        """The interval; a point where there is none."""
        return self.interval or (self.seen, self.seen)


def drawn(bins: Sequence[Bin], cases: str, across: str, upwards: str) -> str:
    """Seen over expected as SVG; the diagonal is perfection, dots grow with their cases.

    Args:
        cases: what is counted, in the plural.
        across, upwards: what the axes say.
    """
    far = max([LEAST_FAR, *(max(one.expected, *one.ends) for one in bins)])
    most = max((one.n for one in bins), default=1)
    width, height = LEFT + SIDE + ABOVE, ABOVE + SIDE + BELOW
    middle = ABOVE + SIDE / 2
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
            'font-family="sans-serif" font-size="10">',
            f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
            *_axes(far),
            *(_dot(one, far, most, cases) for one in bins),
            f'<text x="{LEFT + SIDE / 2:g}" y="{height - 12}" text-anchor="middle">{across}</text>',
            f'<text x="18" y="{middle:g}" text-anchor="middle" '
            f'transform="rotate(-90 18 {middle:g})">{upwards}</text>',
            "</svg>\n",
        ]
    )


def _x(expected: float, far: float) -> float:
    return LEFT + expected / far * SIDE


def _y(seen: float, far: float) -> float:
    return ABOVE + SIDE - seen / far * SIDE


def _axes(far: float) -> list[str]:
    right, foot = LEFT + SIDE, ABOVE + SIDE
    parts = [
        f'<rect x="{LEFT}" y="{ABOVE}" width="{SIDE}" height="{SIDE}" fill="none" '
        'stroke="#adb5bd"/>',
        f'<line x1="{LEFT}" y1="{foot}" x2="{right}" y2="{ABOVE}" stroke="#adb5bd" '
        'stroke-dasharray="3 3"/>',
    ]
    for k in range(int(far * 10) + 1):
        x, y = _x(k / 10, far), _y(k / 10, far)
        parts.append(f'<text x="{x:.1f}" y="{foot + 14}" text-anchor="middle">{k * 10} %</text>')
        parts.append(f'<text x="{LEFT - 6}" y="{y + 3:.1f}" text-anchor="end">{k * 10} %</text>')
    return parts


def _dot(one: Bin, far: float, most: int, cases: str) -> str:
    x, y = _x(one.expected, far), _y(one.seen, far)
    low, high = (_y(end, far) for end in one.ends)
    line = (
        f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{low:.1f}" y2="{high:.1f}" stroke="#264653"/>'
        if one.interval
        else ""
    )
    title = f"{one.n:,} {cases}: {one.expected:.1%} expected, {one.seen:.1%} seen"
    return (
        f'{line}<circle cx="{x:.1f}" cy="{y:.1f}" r="{2 + 3 * (one.n / most) ** 0.5:.1f}" '
        f'fill="#e76f51"><title>{title}</title></circle>'
    )
