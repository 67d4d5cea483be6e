"""Who is asking, once the gate has let them in."""

from __future__ import annotations

from dataclasses import dataclass

from tideline.settings import Plan


@dataclass(frozen=True, slots=True)
class Caller:
    """The bearer of a key, or whoever sits at this machine when keys are off.

    Attributes:
        owner: whose it is; alerts and streams of one owner are never seen by another.
        plan: what may be asked.
        key_id: number of the key in the ring; 0 when keys are off.
        owner_id: number of the owner in the ring; 0 when keys are off.
        plan_id: place of the plan in the table of plans; what is counted of an owner is counted
            for each plan on its own.
        prefix: the part of the key that may be shown and logged.
    """

    owner: str
    plan: Plan
    key_id: int = 0
    owner_id: int = 0
    plan_id: int = 0
    prefix: str = ""


def local_caller(plan: Plan) -> Caller:
    """Whoever asks while keys are off (loopback)."""
    return Caller("local", plan)
