"""A value of the store in the shape of the interface."""

from __future__ import annotations

from typing import Any

from tideline.domain.time import parse_time
from tideline.serve.shapes import Leg, Value
from tideline.serve.times import moment


def wire_value(value: dict[str, Any]) -> Value:
    """What ``Store.values`` gives, its moment with microseconds."""
    legs = [Leg(**leg) for leg in value["legs"]]
    as_of = moment(parse_time(value["as_of"]))
    return Value(**{**value, "as_of": as_of, "legs": legs})
