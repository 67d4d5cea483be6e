"""Plans as a table: what each has, and which one a refusal names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tideline.domain.errors import BadAddress, UnknownName
from tideline.domain.time import DAY
from tideline.features.window import TRANSFORMS, WINDOWS
from tideline.serve.entitlement import allowed, require, unlocked_by
from tideline.serve.refusals import NotEntitled
from tideline.settings import PLANS, Plan, plan_named
from tideline.signals import BY_ADDRESS, CATALOGUE

LEVELS = {signal.address for signal in CATALOGUE if signal.level_only}
ADDRESSES = st.builds(
    lambda signal, window, transform: (
        f"{signal}@{window}" if signal in LEVELS else f"{signal}@{window}:{transform}"
    ),
    st.sampled_from(sorted(BY_ADDRESS)),
    st.sampled_from(sorted(WINDOWS)),
    st.sampled_from(TRANSFORMS),
)


def naive(plan: Plan, address: str) -> bool:
    """The table read by hand."""
    signal, _, rest = address.partition("@")
    window, _, transform = rest.partition(":")
    category = signal.split(".")[0]
    return (
        bool({"*", signal, category + ".*"} & set(plan.signals))
        and bool({"*", window} & set(plan.windows))
        and bool({"*", transform or "level"} & set(plan.transforms))
    )


@given(ADDRESSES)
def test_a_plan_allows_what_its_row_says(address: str) -> None:
    for plan in PLANS:
        assert allowed(plan, address) == naive(plan, address)


@given(ADDRESSES)
def test_a_refusal_names_the_first_plan_that_allows_it(address: str) -> None:
    for plan in PLANS:
        if naive(plan, address):
            require(plan, addresses=[address])
            continue
        with pytest.raises(NotEntitled) as refused:
            require(plan, addresses=[address])
        first = next(other.name for other in PLANS if naive(other, address))
        assert refused.value.unlocked_by == first
        assert f"plan {first} unlocks it" in str(refused.value)


@given(ADDRESSES)
def test_a_larger_plan_never_has_less(address: str) -> None:
    allows = [allowed(plan, address) for plan in PLANS]
    assert allows == sorted(allows)
    assert allows[-1]


def test_the_smallest_plan_is_three_signals_of_an_hour() -> None:
    discover = plan_named("discover")
    for signal in ("positioning.oi_usdtm", "funding.funding_avg", "price.ret"):
        assert allowed(discover, f"{signal}@1h")
        assert not allowed(discover, f"{signal}@1h:delta")
        assert not allowed(discover, f"{signal}@4h")
    assert sum(allowed(discover, f"{signal}@1h") for signal in BY_ADDRESS) == 3


def test_seconds_belong_to_the_largest_plan() -> None:
    assert not allowed(plan_named("edge"), "price.ret@1s")
    assert allowed(plan_named("edge"), "price.ret@5s")
    assert allowed(plan_named("quant"), "price.ret@1s")


def test_depth_at_under_and_over_the_number_of_days() -> None:
    plan, head = plan_named("discover"), 20_000 * DAY
    assert plan.history_days == 7
    require(plan, oldest=head - 7 * DAY, head=head)
    with pytest.raises(NotEntitled, match="plan signal unlocks it"):
        require(plan, oldest=head - 7 * DAY - 1, head=head)
    require(plan_named("quant"), oldest=0, head=head)


def test_what_is_no_address_is_said_so_and_not_refused_as_a_plan() -> None:
    with pytest.raises(BadAddress):
        require(PLANS[0], addresses=["price.rets@1h"])
    with pytest.raises(UnknownName, match="nearest valid: quant"):
        plan_named("quand")


def test_a_signal_says_which_plan_unlocks_it() -> None:
    assert unlocked_by("positioning.oi_usdtm") == "discover"
    assert unlocked_by("positioning.oi_all") == "signal"
    assert unlocked_by("flow.cvd") == "quant"
