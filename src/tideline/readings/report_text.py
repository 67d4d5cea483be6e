"""The position report in words: a page of Markdown, and the pieces a terminal shows."""

from __future__ import annotations

from collections.abc import Iterator

from tideline.domain.time import SECOND, format_duration, format_time
from tideline.readings.analogue import Analogues, Following
from tideline.readings.level_chart import bars, chart
from tideline.readings.position_report import Odds, PositionReport
from tideline.readings.price_words import price_words

MARKS = {"pass": "✓ pass", "fail": "✗ fail", "cannot tell": "? cannot tell"}
NO_ADVICE = (
    "A checklist, not advice and not a forecast: what was known at this moment, and how often "
    "moments like it went which way."
)
OVERLAP = "Hourly moments overlap and are no independent cases; the chosen ones are."


def headline(report: PositionReport) -> str:
    """``7 pass, 2 fail, 1 cannot tell``"""
    return ", ".join(f"{report.count(verdict)} {verdict}" for verdict in MARKS)


def profile_words(profile: str, differs: tuple[str, ...]) -> str:
    """Which numbers were in force where they are not the defaults; else nothing."""
    if profile == "default" and not differs:
        return ""
    return f"Profile {profile}: {', '.join(differs) or 'the default numbers'}."


def position_words(report: PositionReport) -> str:
    """The position in one line."""
    p = report.position
    return (
        f"{p.side} {p.size_coin:g} {report.asset} at {price_words(p.entry)}, stop "
        f"{price_words(p.stop)} ({p.stop / p.entry - 1.0:+.2%}), {p.leverage:g}x {p.margin}, "
        f"equity {p.equity_usd:,.2f} USD, horizon {format_duration(p.horizon_us)}"
    )


def figures(report: PositionReport) -> list[tuple[str, str]]:
    """The numbers of the position, name and text."""
    p, c, level = report.position, report.costs, report.invalidator
    oi = "not known"
    if level.oi_coin is not None:
        oi = f"{'≤' if level.oi_falls else '≥'} {level.oi_coin:,.0f} {report.asset}"
    return [
        ("mark", price_words(report.mark)),
        ("notional, margin", f"{p.notional_usd:,.2f} USD, {p.margin_usd:,.2f} USD"),
        ("risk at the stop", f"{c.risk_usd:,.2f} USD, {report.risk_share:.2%} of equity"),
        (f"size for {report.allowed_share:.2%}", f"{report.size_for_risk:.6g} {report.asset}"),
        ("liquidation", _liquidation(report)),
        ("break-even", f"{price_words(report.break_even_price)} ({c.break_even:+.3%})"),
        ("funding over the horizon", f"{_usd(c.funding_usd)} now, {_usd(c.funding_bad_usd)} dear"),
        ("gone at price", price_words(level.price)),
        ("gone at OI", oi),
    ]


def drawing(report: PositionReport) -> list[str]:
    """The last hours of the mark with the levels across, and of open interest under it."""
    p = report.position
    levels = {"entry": p.entry, "stop": p.stop}
    if report.liquidation is not None:
        levels["liquidation"] = report.liquidation
    lines = chart(report.path_mark, levels)
    row = bars(report.path_oi)
    if row.strip():
        lines += [f"{row}  OI in coin, least to greatest"]
    return lines


def odds_words(odds: Odds) -> str:
    """One horizon's counts in a sentence."""
    usual = odds.usual_your_way / odds.usual_count
    return (
        f"{odds.horizon} later price had gone your way in {odds.your_way} of {odds.count} "
        f"({odds.your_way / odds.count:.0%}; any moment {usual:.0%}), beyond the break-even in "
        f"{odds.earned}, beyond the stop in {odds.beyond_stop}"
    )


def markdown(report: PositionReport) -> str:
    """The whole page."""
    return "\n".join(_markdown(report)) + "\n"


def _markdown(report: PositionReport) -> Iterator[str]:
    yield f"# {report.asset} {report.position.side}: {headline(report)}"
    yield from ("", f"As of {format_time(report.as_of)}: {position_words(report)}.", "", NO_ADVICE)
    numbers = profile_words(report.profile, report.differs)
    if numbers:
        yield from ("", numbers)
    yield from ("", "| | |", "|---|---|")
    for name, text in figures(report):
        yield f"| {name} | {_cell(text)} |"
    lines = drawing(report)
    if lines:
        yield from ("", f"Mark price, the last {len(report.path_mark) - 1} hours:", "", "```text")
        yield from lines
        yield "```"
    yield from ("", "## Checklist", "", "| | item | why |", "|---|---|---|")
    for item in report.items:
        yield f"| {MARKS[item.verdict]} | {_cell(item.title)} | {_cell(item.because)} |"
    yield from ("", "## What moments like this one did", "", report.analogues.because)
    yield ""
    yield from (f"- {odds_words(odds)}" for odds in report.odds)
    yield from _spread_rows(report.analogues)
    yield from _dimensions(report.analogues)
    if report.notes:
        yield from ("", "## Beside it", "")
        yield from (f"- {note}" for note in report.notes)
    yield from ("", "## What the market's numbers stood on", "")
    yield from ("| feature | value | held against | age | |", "|---|---:|---:|---:|---|")
    for seen in report.evidence:
        value = "null" if seen.value is None else f"{seen.value:+.4%}"
        held = "" if seen.threshold is None else f"±{seen.threshold:.4%}"
        age = "" if seen.age_s is None else format_duration(seen.age_s * SECOND)
        yield f"| `{seen.address}` | {value} | {held} | {age} | {seen.reason or seen.basis} |"


def _spread_rows(found: Analogues) -> Iterator[str]:
    rows = [row for row in found.following if row.like is not None]
    if not rows:
        return
    yield from ("", "| after | moments | 5 % | 25 % | median | 75 % | 95 % |")
    yield "|---|---:|---:|---:|---:|---:|---:|"
    for row in rows:
        yield from spread_lines(row)
    yield from ("", OVERLAP)


def spread_lines(row: Following) -> list[str]:
    """Two rows of a Markdown table: the moments like this one, and any."""
    made = []
    for what, spread in (("like this", row.like), ("any", row.usual)):
        if spread is not None:
            cells = " | ".join(f"{q:+.2%}" for q in spread.quantiles)
            made.append(f"| {row.quantity} {row.horizon}, {what} | {spread.count:,} | {cells} |")
    return made


def _dimensions(found: Analogues) -> Iterator[str]:
    if found.dimensions:
        names = ", ".join(f"`{d.address}` {d.value:+.4g}" for d in found.dimensions)
        yield from ("", f"Alike in {names}, each by its spread over the candidates.")
    for drop in found.dropped:
        yield from ("", f"Not used: `{drop.address}`, {drop.why}.")
    if found.left_out:
        yield from ("", f"Too slow for {found.window}: {', '.join(found.left_out)}.")


def _liquidation(report: PositionReport) -> str:
    if report.liquidation is not None:
        away = report.liquidation / report.position.entry - 1.0
        return f"{price_words(report.liquidation)} ({away:+.2%} from the entry)"
    return "none" if report.tiers else "not known: no margin tiers"


def _usd(value: float | None) -> str:
    return "unknown" if value is None else f"{value:+,.2f} USD"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
