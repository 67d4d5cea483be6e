"""R5: on how many venues the flow is seen.

A flow on one venue can be one trader, one listing, one promotion; on three it is the market. Each
venue is held against its OWN usual move. Venues whose sides are not documented are held against
themselves in percent and take no part in the shares.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, partial

import numpy as np

from tideline.features.window import WINDOWS
from tideline.readings.bands import Band, adaptive_band
from tideline.readings.given import Given, Missing, Numbers, Path, Wants
from tideline.readings.parameters import Parameters
from tideline.readings.price_oi import addresses
from tideline.readings.price_oi_rule import moves_of, moves_wants
from tideline.readings.reading import Direction, Evidence, Severity
from tideline.readings.rule import Judgement, Rule

VOTERS: dict[str, str] = {
    "binance": "positioning.oi_usdtm_coin",
    "bybit": "positioning.oi_usdtm_coin",
    "okx": "positioning.oi_usdtm_coin",
    "bitget": "positioning.oi_all_coin",
    "coinbase": "positioning.oi_all_coin",
    "hyperliquid": "positioning.oi_hl_coin",
}
"""The venues and the signal that counts each, in coin; of it the venue's own groups alone."""
PERCENT_ONLY = ("hyperliquid",)
"""Compared in percent; its quantity takes no part in the shares."""


@dataclass(frozen=True, slots=True)
class VenueMove:
    """One venue's open interest over the window: coins, fraction, and its own band."""

    venue: str
    coin: float
    rate: float
    band: Band
    share: float | None

    @property
    def side(self) -> int:
        """+1 above its own band, −1 below it, 0 inside."""
        return self.band.side(self.rate)


@cache
def paths_of(venue: str, window: str) -> tuple[Path, Path, Path]:
    """Open interest now and one window ago; at the like hours; and one window before those."""
    signal, w = VOTERS[venue], WINDOWS[window]
    return (
        Path(signal, window, w, 2, venue=venue),
        Path(signal, window, like_hours=True, venue=venue),
        Path(signal, window, like_hours=True, start_us=w, venue=venue),
    )


def venue_moves(given: Given, parameters: Parameters) -> list[VenueMove]:
    """The venues whose open interest is known at both ends of the window, in catalogue order."""
    found: list[tuple[str, float, float, Band]] = []
    for venue in VOTERS:
        ends, now, then = (given.path(path) for path in paths_of(venue, given.window))
        if ends.size < 2 or not np.isfinite(ends).all() or ends[1] <= 0:
            continue
        band = given.worked_out(
            ("breadth", venue, given.window, id(parameters)),
            partial(_usual, given.window, parameters),
            now,
            then,
        )
        found.append((venue, float(ends[0] - ends[1]), float(ends[0] / ends[1] - 1.0), band))
    total = sum(abs(coin) for venue, coin, _, _ in found if venue not in PERCENT_ONLY)
    return [
        VenueMove(
            venue, coin, rate, band,
            abs(coin) / total if total > 0 and venue not in PERCENT_ONLY else None,
        )
        for venue, coin, rate, band in found
    ]  # fmt: skip


def _usual(window: str, parameters: Parameters, now: Numbers, then: Numbers) -> Band:
    """A venue's own band, from its moves at the like hours."""
    with np.errstate(divide="ignore", invalid="ignore"):
        moves = np.where(then > 0, now / then - 1.0, np.nan)
    return adaptive_band("oi", window, moves.tolist(), parameters)


def breadth_name(agreeing: int, parameters: Parameters) -> str:
    """``broad``, ``partial``, ``local``; nothing where no venue agrees."""
    if agreeing >= parameters.breadth_broad:
        return "broad"
    if agreeing >= parameters.breadth_partial:
        return "partial"
    return "local" if agreeing else ""


def _wants(window: str, parameters: Parameters) -> Wants:
    paths = tuple(path for venue in VOTERS for path in paths_of(venue, window))
    return moves_wants(window, parameters) + Wants(paths=paths)


def _judge(given: Given, parameters: Parameters) -> Judgement:
    _, rate, _, band = moves_of(given, "adaptive", parameters)
    total = addresses(given.window)[1]
    side = band.side(rate)
    if side == 0:
        return Judgement(because=f"Open interest {rate:+.2%} over {given.window} is in its band",
                         marks=((total, band.enter),))  # fmt: skip
    moves = venue_moves(given, parameters)
    if len(moves) < parameters.breadth_partial:
        names = ", ".join(move.venue for move in moves) or "no venue"
        raise Missing(f"open interest over {given.window} is known of {names} alone")
    agreeing = [move for move in moves if move.side == side]
    name = breadth_name(len(agreeing), parameters)
    limit = side * band.enter
    seen = tuple(_evidence(move, given.window, side) for move in moves)
    shares = ", ".join(f"{m.venue} {m.rate:+.2%}{_share(m)}" for m in moves)
    text = f"{len(agreeing)} of {len(moves)} venues {_went(side)} beyond their own band ({shares})"
    if not name:
        return Judgement(because=text, marks=((total, limit),), seen=seen)
    direction: Direction = "up" if side > 0 else "down"
    severity: Severity = "watch" if name == "broad" else "none"
    return Judgement(
        name,
        severity,
        direction,
        len(agreeing) / parameters.breadth_broad,
        f"{text}: {_READS[name]}",
        marks=((total, limit),),
        seen=seen,
    )


_READS = {
    "broad": "the flow is the market's",
    "partial": "part of the market",
    "local": "one venue's own affair, a weak sign for the others",
}


def _went(side: int) -> str:
    return "built up" if side > 0 else "unwound"


def _share(move: VenueMove) -> str:
    return ", in percent only" if move.share is None else f", {move.share:.0%} of all moved"


def _evidence(move: VenueMove, window: str, side: int) -> Evidence:
    return Evidence(f"{VOTERS[move.venue]}@{window}:rate of {move.venue}", move.rate,
                    side * move.band.enter, "1")  # fmt: skip


BREADTH = Rule(
    key="R5.breadth",
    title="Breadth",
    names=("broad", "partial", "local"),
    says="On how many venues open interest moved beyond the venue's own usual move, the way of the"
    " whole. On three it is the market; on one it may be one trader or one promotion.",
    formula="ΔQ outside its band; venues with ΔQ outside their OWN band and that sign: >= 3 broad"
    " (watch), 2 partial, 1 local; shares of Σ|ΔQ| beside it; Hyperliquid in percent only",
    wants=_wants,
    judge=_judge,
)
