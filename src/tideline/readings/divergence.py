"""R2: price at a new extreme, open interest leaving.

The crowd does not follow: a new high that is bought while positions are closed, or a new low that
is sold while they are, is made by those who leave.
"""

from __future__ import annotations

from tideline.features.window import WINDOWS
from tideline.readings.given import Given, Path, Wants
from tideline.readings.parameters import Parameters
from tideline.readings.price_oi import addresses
from tideline.readings.price_oi_rule import moves_of, moves_wants
from tideline.readings.rule import Judgement, Rule, step

MARK = "price.mark"
DAY_HIGH, DAY_LOW = f"{MARK}@24h:max", f"{MARK}@24h:min"


def _wants(window: str, parameters: Parameters) -> Wants:
    return moves_wants(window, parameters) + Wants(
        (
            addresses(window)[4],
            f"price.ret@{window}:zscore",
            f"positioning.oi_change@{window}:zscore",
            f"{MARK}@{window}:max",
            f"{MARK}@{window}:min",
            DAY_HIGH,
            DAY_LOW,
        ),
        (_start(window),),
    )


def _start(window: str) -> Path:
    """The mark price one window ago."""
    return Path(MARK, window, count=1, start_us=WINDOWS[window])


def _judge(given: Given, parameters: Parameters) -> Judgement:
    move, rate, _, oi_band = moves_of(given, "adaptive", parameters)
    if rate >= -oi_band.enter:
        return Judgement(because=f"Open interest {rate:+.2%} over {given.window} has not left")
    if given.window == "24h":
        return Judgement(because="Within 24h every extreme of 24h is new: ask a shorter window")
    side = _extreme(given)
    if side == 0:
        return Judgement(because="Price stands at no new 24h extreme")
    ret_z, oi_z = f"price.ret@{given.window}:zscore", f"positioning.oi_change@{given.window}:zscore"
    moved, left = given.need(ret_z, oi_z)
    strength = min(abs(moved), -left)
    name, where = ("bearish_divergence", "high") if side > 0 else ("bullish_divergence", "low")
    return Judgement(
        name,
        step(strength, parameters.divergence_watch, parameters.divergence_elevated,
             parameters.divergence_extreme),
        "down" if side > 0 else "up",
        max(strength, 0.0),
        f"Price made a new 24h {where} within {given.window} ({move:+.2%}) while open interest "
        f"fell {rate:+.2%}: those who leave made it",
        marks=(
            (addresses(given.window)[1], -oi_band.enter),
            (DAY_HIGH if side > 0 else DAY_LOW, None),
            (ret_z, parameters.divergence_watch),
            (oi_z, -parameters.divergence_watch),
        ),
    )  # fmt: skip


def _extreme(given: Given) -> int:
    """+1 a new 24 h high within the window, −1 a new low, 0 neither.

    What stood already at the window's start is not new. Both at once: the one price is nearer to.
    """
    high, low, day_high, day_low, now = given.need(
        f"{MARK}@{given.window}:max", f"{MARK}@{given.window}:min", DAY_HIGH, DAY_LOW,
        addresses(given.window)[4],
    )  # fmt: skip
    start = given.path(_start(given.window))
    began = float(start[0]) if start.size else float("nan")
    up = high >= day_high and high > began
    down = low <= day_low and low < began
    if up and down:
        return 1 if high - now <= now - low else -1
    return int(up) - int(down)


DIVERGENCE = Rule(
    key="R2.divergence",
    title="Divergence",
    names=("bearish_divergence", "bullish_divergence"),
    says="A new 24-hour extreme of price that positions do not follow. A high reached while open"
    " interest leaves is made by shorts that close, a low by longs that close: both are finite.",
    formula="a new 24h high (bearish) or low (bullish) of price.mark within w, and ΔQ < −band;"
    " min(|z of price.ret@w|, −z of oi_change@w) >= 1 watch, >= 2 elevated, >= 3 extreme",
    wants=_wants,
    judge=_judge,
)
