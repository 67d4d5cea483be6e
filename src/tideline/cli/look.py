"""What can be asked, and what the store holds."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

from tideline.cli.options import json_option, store_option
from tideline.cli.show import moment, put_json, put_table, seconds
from tideline.domain.errors import UnknownName
from tideline.domain.time import SECOND

if TYPE_CHECKING:
    from tideline.features.signal import Signal
    from tideline.log.legs import Leg


@click.command()
@click.argument("signal", required=False)
@json_option
def catalog(signal: str | None, as_json: bool) -> None:
    """The signals: meaning, unit, sign, what they are not.

    With a SIGNAL (positioning.oi_usdtm) its whole entry, else one line each. An address is
    category.signal@window:transform[n].

    \b
        tideline catalog
        tideline catalog price.ret
        tideline catalog --json
    """
    from tideline.signals import BY_ADDRESS, CATALOGUE

    if signal is None:
        _list_signals(CATALOGUE, as_json)
        return
    if signal not in BY_ADDRESS:
        raise UnknownName("signal", signal, BY_ADDRESS)
    facts = signal_facts(BY_ADDRESS[signal])
    if as_json:
        put_json(facts)
        return
    put_table(signal, ("", ""), [(name, str(text)) for name, text in facts.items()])


def signal_facts(signal: Signal) -> dict[str, str]:
    """One entry of the catalogue as printed everywhere."""
    return {
        "signal": signal.address,
        "kind": signal.kind,
        "unit": signal.unit,
        "groups": f"{signal.groups.name}: {signal.groups.value}",
        "formula": signal.text,
        "fields": ", ".join(signal.fields),
        "meaning": signal.meaning,
        "sign": signal.sign,
        "is_not": signal.is_not,
        "source": signal.source,
    }


def _list_signals(signals: Iterable[Signal], as_json: bool) -> None:
    from tideline.features.window import TRANSFORMS, WINDOWS

    facts = [signal_facts(signal) for signal in signals]
    if as_json:
        put_json({"signals": facts, "windows": list(WINDOWS), "transforms": list(TRANSFORMS)})
        return
    rows = [(f["signal"], f["kind"], f["unit"], f["formula"]) for f in facts]
    put_table(
        "Signals",
        ("signal", "kind", "unit", "formula"),
        rows,
        foot=f"windows     {' '.join(WINDOWS)}\ntransforms  {' '.join(TRANSFORMS)}\n"
        "address     signal@window:transform[n]   e.g. positioning.oi_usdtm@24h:pctrank[30]",
    )


@click.command()
@store_option
@click.option("--asset", help="Only this coin.")
@json_option
def legs(store: str, asset: str | None, as_json: bool) -> None:
    """What the store holds: coverage and gaps per leg.

    A leg is one (venue, instrument, field). `gaps` counts the stretches longer than three
    cadences without a row, and the longest of them.

    \b
        tideline legs --store S
        tideline legs --store S --asset BTC --json
    """
    from tideline.log import Log
    from tideline.store.simulation_mark import SimulationMark

    with Log.open(store) as log:
        found = log.legs(asset)
        if asset is not None and not found:
            raise UnknownName("asset", asset, log.assets())
        facts = []
        for name in dict.fromkeys(leg.asset for leg in found):
            facts.extend(_coverage(log, [leg for leg in found if leg.asset == name]))
        simulated = bool(SimulationMark(log))
    if as_json:
        put_json({"simulated": simulated, "legs": facts})
        return
    put_table(
        f"{'SIMULATED legs' if simulated else 'Legs'} of {store}",
        ("asset", "venue", "instrument", "field", "rows", "first", "last", "cadence", "gaps",
         "longest", "recorded from"),
        [_leg_line(fact) for fact in facts],
        right=("rows", "cadence", "gaps", "longest"),
    )  # fmt: skip


def _coverage(log: Any, found: list[Leg]) -> list[dict[str, Any]]:
    """Facts of the legs of one asset, with the gaps seen in their event times."""
    import numpy as np
    import pyarrow.compute as pc

    rows = log.read(found[0].asset, log.head())
    facts = []
    for leg in found:
        mask = pc.and_(
            pc.and_(_is(rows, "venue", leg.venue), _is(rows, "instrument", leg.instrument)),
            _is(rows, "field", leg.field),
        )
        mine = rows.filter(mask)
        event = np.unique(mine.column("event_time").cast("int64").to_numpy())
        cadence = mine.column("cadence_s").to_numpy()
        usual = float(np.median(cadence)) if cadence.size else 0.0
        steps = np.diff(event) / SECOND
        holes = steps[steps > 3 * usual] if usual > 0 else steps[:0]
        facts.append(_leg_facts(leg, usual, holes))
    return facts


def _leg_facts(leg: Leg, cadence_s: float, holes: Any) -> dict[str, Any]:
    return {
        "asset": leg.asset,
        "venue": leg.venue,
        "instrument": leg.instrument,
        "field": leg.field,
        "rows": leg.rows,
        "first_event": moment(leg.first_event),
        "last_event": moment(leg.last_event),
        "cadence_s": cadence_s,
        "gaps": len(holes),
        "longest_gap_s": float(holes.max()) if len(holes) else 0.0,
        "recorded_from": None
        if leg.first_recorded_event is None
        else moment(leg.first_recorded_event),
    }


def _leg_line(fact: dict[str, Any]) -> tuple[str, ...]:
    names = (fact["asset"], fact["venue"], fact["instrument"], fact["field"], f"{fact['rows']:,}")
    span = (fact["first_event"], fact["last_event"], seconds(fact["cadence_s"] or None))
    gaps = str(fact["gaps"] or "–"), seconds(fact["longest_gap_s"] or None)
    return (*names, *span, *gaps, fact["recorded_from"] or "all assumed")


def _is(rows: Any, column: str, word: str) -> Any:
    import pyarrow.compute as pc

    return pc.equal(rows.column(column), word)


@click.command()
@store_option
@json_option
def head(store: str, as_json: bool) -> None:
    """The newest moment whose answers are final.

    An as_of above it is refused: the answer could still change.
    """
    from tideline.log import Log
    from tideline.store.simulation_mark import SimulationMark

    with Log.open(store) as log:
        at = log.head()
        simulated = bool(SimulationMark(log))
    if as_json:
        put_json({"simulated": simulated, "head": moment(at), "head_us": int(at)})
    else:
        click.echo(moment(at))
