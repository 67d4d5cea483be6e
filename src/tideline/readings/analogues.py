"""R8: moments of the past like this one, and what followed them.

1. ``eligible``    on the hour, whole outcome known by T
2. dimensions     null at T, hardly ever known, or never moving: dropped and named
3. distance       Euclidean, each dimension by mean and sd over the candidates
4. choice         the nearest, each max(w, 24 h) from the others and from T
5. what followed  quantiles of the chosen beside those of all candidates

It says how often something followed, with counts. It does not say what will.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tideline.domain.errors import BadInput
from tideline.domain.time import HOUR, format_time
from tideline.features.window import WINDOWS
from tideline.readings.analogue import (
    DEFAULT_WINDOW,
    HORIZONS,
    QUANTILES,
    Analogue,
    AnalogueInputs,
    Analogues,
    Dimension,
    Dropped,
    Floats,
    Following,
    Ints,
    Spread,
)
from tideline.readings.nearest import nearest_apart
from tideline.readings.numbers.analogues import AnalogueNumbers

RULE = (
    "R8: nearest moments in the scaled vector as known then, each max(w, 24 h) from the others and "
    "from T"
)


def find_analogues(given: AnalogueInputs, numbers: AnalogueNumbers | None = None) -> Analogues:
    """The moments most like T and what followed them.

    Raises:
        BadInput: tables whose sizes do not agree, moments out of order.
    """
    numbers = numbers or AnalogueNumbers()
    _check(given)
    gap = max(WINDOWS[given.window], int(numbers.analogue_gap_h * HOUR))
    usable = _eligible(given, gap)
    kept, dropped = _dimensions(given, usable, numbers)
    usable &= np.isfinite(given.vectors[:, kept]).all(axis=1)
    places = np.flatnonzero(usable)
    scaled, used, flat = _scaled(given, kept, places)
    dropped = (*dropped, *flat)
    chosen: Ints = np.empty(0, np.int64)
    distance: Floats = np.empty(0)
    if used and places.size:
        distance = np.sqrt((scaled**2).sum(axis=1))
        chosen = nearest_apart(distance, given.at[places], int(numbers.analogue_count), gap)
    enough = chosen.size >= numbers.analogue_least
    following = _following(given, places, places[chosen], numbers) if enough else ()
    found = Analogues(
        asset=given.asset,
        window=given.window,
        as_of=given.as_of,
        because="",
        rule=RULE,
        dimensions=used,
        dropped=dropped,
        candidates=int(places.size),
        first=int(given.at[places[0]]) if places.size else None,
        last=int(given.at[places[-1]]) if places.size else None,
        chosen=_listed(given, places, chosen, distance) if enough else (),
        following=following,
        left_out=given.left_out,
    )
    because = _because(found, int(chosen.size), int(numbers.analogue_least))
    return replace(found, because=because)


def _check(given: AnalogueInputs) -> None:
    size, width = given.at.size, len(given.dimensions)
    if given.vectors.shape != (size, width) or given.now.shape != (width,):
        shapes = f"{given.vectors.shape} and {given.now.shape}"
        raise BadInput("vectors", shapes, "do not fit the moments", f"{(size, width)}, {(width,)}")
    for outcome in given.outcomes:
        if outcome.values.shape != (size,):
            raise BadInput("outcomes", outcome.values.shape, "do not fit the moments", f"{(size,)}")
    if size and (np.diff(given.at) <= 0).any():
        raise BadInput("at", "moments", "are not ascending, each once")
    if given.window not in WINDOWS:
        raise BadInput("window", given.window, "is no window", DEFAULT_WINDOW)


def _eligible(given: AnalogueInputs, gap: int) -> NDArray[np.bool_]:
    """On the hour, a gap before T, the longest outcome known by T, and price known."""
    longest = max(WINDOWS[horizon] for horizon in HORIZONS) + given.known_after_us
    usable: NDArray[np.bool_] = (given.at % HOUR == 0) & (
        given.at + max(longest, gap) <= given.as_of
    )
    for outcome in given.outcomes:
        if outcome.quantity == "price":
            usable &= np.isfinite(outcome.values)
    return usable


def _dimensions(
    given: AnalogueInputs, usable: NDArray[np.bool_], numbers: AnalogueNumbers
) -> tuple[list[int], tuple[Dropped, ...]]:
    """Columns that can be used, and those that cannot with the reason."""
    kept: list[int] = []
    dropped: list[Dropped] = []
    total = int(usable.sum())
    for column, address in enumerate(given.dimensions):
        if not np.isfinite(given.now[column]):
            dropped.append(Dropped(address, "null at this moment"))
            continue
        known = int(np.isfinite(given.vectors[usable, column]).sum())
        if known < numbers.analogue_coverage * total:
            dropped.append(Dropped(address, f"known at {known:,} of {total:,} past moments only"))
            continue
        kept.append(column)
    return kept, tuple(dropped)


def _scaled(
    given: AnalogueInputs, kept: list[int], places: Ints
) -> tuple[Floats, tuple[Dimension, ...], tuple[Dropped, ...]]:
    """(vector − now) / sd of the candidates, column by column; columns that never move left out."""
    columns: list[Floats] = []
    used: list[Dimension] = []
    flat: list[Dropped] = []
    for column in kept:
        values = given.vectors[places, column]
        address, now = given.dimensions[column], float(given.now[column])
        sd = float(values.std(ddof=1)) if values.size > 1 else 0.0
        if not sd > 0.0:
            flat.append(Dropped(address, "the same at every past moment"))
            continue
        used.append(Dimension(address, now, float(values.mean()), sd))
        columns.append((values - now) / sd)
    made = np.column_stack(columns) if columns else np.empty((places.size, 0))
    return made, tuple(used), tuple(flat)


def _following(
    given: AnalogueInputs, every: Ints, chosen: Ints, numbers: AnalogueNumbers
) -> tuple[Following, ...]:
    least = int(numbers.analogue_least)
    return tuple(
        Following(
            outcome.quantity,
            outcome.horizon,
            _spread(outcome.values[chosen], least),
            _spread(outcome.values[every], least),
        )
        for outcome in given.outcomes
    )


def _spread(values: Floats, least: int) -> Spread | None:
    finite = values[np.isfinite(values)]
    if finite.size < least:
        return None
    quantiles = tuple(_quantiles(finite))
    return Spread(int(finite.size), quantiles, int(np.count_nonzero(finite > 0.0)))


def _quantiles(values: Floats) -> list[float]:
    """Quantiles by linear interpolation between two neighbours in order; not all are sorted."""
    places = [share * (values.size - 1) for share in QUANTILES]
    low = [int(place) for place in places]
    high = [min(k + 1, values.size - 1) for k in low]
    ordered = np.partition(values, sorted({*low, *high}))
    return [
        float(ordered[i] + (ordered[j] - ordered[i]) * (place - i))
        for place, i, j in zip(places, low, high, strict=True)
    ]


def _listed(
    given: AnalogueInputs, places: Ints, chosen: Ints, distance: Floats
) -> tuple[Analogue, ...]:
    price = {o.horizon: o.values for o in given.outcomes if o.quantity == "price"}
    return tuple(
        Analogue(
            int(given.at[places[k]]),
            float(distance[k]),
            tuple(float(price[h][places[k]]) if h in price else float("nan") for h in HORIZONS),
        )
        for k in chosen.tolist()
    )


def _because(found: Analogues, independent: int, least: int) -> str:
    if not found.dimensions:
        lost = ", ".join(f"{drop.address} ({drop.why})" for drop in found.dropped)
        return f"Cannot tell: no dimension is left; {lost}."
    if not found.told:
        return (
            f"Cannot tell: {independent} independent moments are known, {least} are needed; "
            f"{found.candidates:,} hourly moments have a whole outcome."
        )
    assert found.first is not None
    text = f"{independent} independent moments like this one, of {found.candidates:,} since "
    text += format_time(found.first)[:10]
    day = found.followed(HORIZONS[-1])
    if day is not None and day.like is not None and day.usual is not None:
        middle = f"{day.like.quantiles[1]:+.2%} to {day.like.quantiles[3]:+.2%}"
        usual = f"{day.usual.quantiles[1]:+.2%} to {day.usual.quantiles[3]:+.2%}"
        text += (
            f": over the next {HORIZONS[-1]} price rose in {day.like.rose} of {day.like.count}, the"
            f" middle half moved {middle} (any moment: {usual})"
        )
    return text + "."
