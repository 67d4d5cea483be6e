"""The page that shows made markets beside real ones, and which rows miss."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tideline.market.calibration.compare import Compared, compare, short, table
from tideline.market.calibration.rhythm import profile
from tideline.market.calibration.rows import CORRELATION, LOST, SHARE, WITHIN
from tideline.market.calibration.series import DAY_S, Series
from tideline.market.calibration.statistics import statistics
from tideline.market.calibration.targets import FIT, HELD_OUT, Targets

OTHERS = (
    ("oi_over_volume_24h", "OI / volume 24h"),
    ("doi_over_volume_1h", "abs(ΔOI) / volume 1h"),
    ("doi_over_volume_24h", "abs(ΔOI) / volume 24h"),
    ("sd_dq_over_sd_ret_1h", "sd(ΔQ) / sd(ret) 1h"),
    ("corr_dq_ret_1h", "corr(ΔQ, ret) 1h"),
    ("worst_1h_dq", "ΔQ, worst 1h"),
    ("funding_8h_sd", "sd of funding"),
)
"""What the table of all recordings shows."""


def page(made: Sequence[Series], targets: Targets, how: str) -> str:
    """The whole page as Markdown. ``how`` says, in a sentence, how the markets were made."""
    compared = compare([statistics(one) for one in made], targets)
    parts = [
        "# The simulated market beside real ones",
        _lead(made, targets, how),
        _verdict(compared),
        "## Row by row",
        _reading(),
        table(compared),
        "## Real markets among themselves",
        _others(targets, compared),
        "## Volume by hour of day",
        _profiles(made, targets),
    ]
    return "\n\n".join(parts) + "\n"


def _lead(made: Sequence[Series], targets: Targets, how: str) -> str:
    fit, held = targets.column(FIT), targets.column(HELD_OUT)
    days = sum(one.steps * one.step_s for one in made) / DAY_S
    return (
        "The same functions (`tideline.market.calibration`) were applied to recordings and to "
        "made markets; volumes, recorded by the hour, were first spread evenly over their hour "
        f"on both sides. The population was tuned by hand to the *fit* dates ({fit.title}) and is "
        f"judged here on others ({held.title}). Those were in sight while it was tuned: where the "
        "two disagree by more than 30 %, as for open interest over volume, the aim was to lie "
        "between them. Dates are UTC, the last not "
        f"included. Where those dates do not know a number (the premium), the first recording "
        f"that does stands in.\n\n{how} Together {days:.0f} days of "
        f"{len(made)} worlds; a figure of the made side is the median of the worlds. "
        "Printed by `make calibration`."
    )


def _verdict(compared: Sequence[Compared]) -> str:
    missed = [one for one in compared if not one.met]
    real_missed = [one for one in compared if not one.real_met and np.isfinite(one.fit)]
    both = sum(1 for one in missed if not one.real_met)
    outside = [one for one in compared if not one.inside]
    lines = [
        "## What misses",
        f"{len(compared) - len(missed)} of {len(compared)} rows are near the held-out dates, "
        f"{len(missed)} are not. The real market of the fit dates would itself miss "
        f"{len(real_missed)} of these rows against the held-out ones: two and two months of one "
        f"contract differ by that much. {both} of the {len(missed)} misses are rows of that kind, "
        f"{len(missed) - both} are the simulation's own. {len(outside)} rows lie outside of what "
        "any recording shows, ± 30 %.",
    ]
    own = [one for one in missed if one.real_met or not np.isfinite(one.fit)]
    lines += ["Own misses:" if own else "There is no own miss."]
    if own:
        lines.append("\n".join(_miss(one) for one in own))
    return "\n\n".join(lines)


def _miss(one: Compared) -> str:
    where = "" if one.inside else "; outside of every recording"
    return f"- {one.row.words}: {short(one.made)} where it is {short(one.real)}{where}"


def _reading() -> str:
    return (
        f"*near*: within ± {WITHIN:.0%} of the held-out figure, or, for numbers that live near "
        f"zero, within {CORRELATION} (correlations, slopes), {SHARE} (shares of hours), "
        f"{LOST:.1%} (open interest in cascades), half a basis point (mean funding), two (mean "
        "premium). † the real market of the fit dates misses this row too. *inside*: between the "
        "least and the greatest of all recordings, ± 30 %. Worst and best: the windows of lowest "
        "and highest return that do not overlap, one in six days. ret and ΔQ are fractional "
        "changes of the mark price and of open interest in coin."
    )


def _others(targets: Targets, compared: Sequence[Compared]) -> str:
    made = {one.row.name: one.made for one in compared}
    head = ["recording", *(words for _, words in OTHERS)]
    rows = [
        [column.title, *(short(targets.value(column.name, name)) for name, _ in OTHERS)]
        for column in targets.columns
    ]
    rows.append(["**made**", *(short(made.get(name, np.nan)) for name, _ in OTHERS)])
    rule = "|---|" + "---:|" * len(OTHERS)
    lines = ["| " + " | ".join(cells) + " |" for cells in (head, *rows)]
    return "\n".join([lines[0], rule, *lines[1:]])


def _profiles(made: Sequence[Series], targets: Targets) -> str:
    known = [shares for one in made if (shares := profile(one)) is not None]
    mean = np.mean(known, axis=0) if known else np.full(24, np.nan)
    fit, held = targets.column(FIT).profile, targets.column(HELD_OUT).profile
    lines = ["| UTC hour | real fit | real held-out | made |", "|---:|---:|---:|---:|"]
    for hour in range(24):
        lines.append(f"| {hour} | {fit[hour]:.1%} | {held[hour]:.1%} | {mean[hour]:.1%} |")
    return "\n".join(lines)
