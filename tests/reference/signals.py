"""The signals of the catalogue's first edition, written down a second time."""

from __future__ import annotations

import math

from tests.reference.context import Context, Spec, ratio
from tests.reference.groups import (
    facts_of,
    in_order,
    is_any,
    is_binance_usdtm,
    is_bybit_usdtm,
    is_hyperliquid_main,
    is_inverse,
    is_perpetual,
    is_usdtm,
)
from tests.reference.model import DAY, MINUTE, Null

OI, USD = "open_interest", "open_interest_usd"
MARK, INDEX = "mark_price", "index_price"
BUY, SELL = "taker_buy_coin", "taker_sell_coin"
LONG_USD, SHORT_USD = "liquidation_long_usd", "liquidation_short_usd"
LONG_COIN, SHORT_COIN = "liquidation_long_coin", "liquidation_short_coin"


def sum_of(name):
    return lambda c, t, w: c.total(name, t)


def only(name):
    return lambda c, t, w: c.at(c.groups[0], name, t)


def flow_of(name):
    return lambda c, t, w: c.flowed(name, t, w)


def log_ratio(now: float, then: float) -> float:
    """ln(now / then); no logarithm of a zero or of a change of sign."""
    quotient = ratio(now, then)
    if quotient <= 0:
        raise Null("zero_base")
    return math.log(quotient)


def oi_change(c: Context, t: int, w: int) -> float:
    return log_ratio(c.total(OI, t), c.total(OI, t - w))


def oi_share_top(c: Context, t: int, w: int) -> float:
    per_venue: dict[str, float] = {}
    for group in c.groups:
        per_venue[group[0]] = per_venue.get(group[0], 0.0) + c.at(group, USD, t)
    total = 0.0
    for size in per_venue.values():
        total += size
    return ratio(max(per_venue.values()), total)


def supply_price_leg(c: Context):
    """(group, field) of the price: the first group of ALL whose index is alive at T, else mark."""
    found = {g for g in c.known.groups() if is_any(g, facts_of(g, c.instruments))}
    for name in (INDEX, MARK):
        for group in in_order(found):
            if c.known.path(group, name, c.as_of) is not None:
                return group, name
    raise Null("stale", "no_data")


def oi_mcap(c: Context, t: int, w: int) -> float:
    coins = c.at(c.supply_groups()[0], "circulating_supply", t)
    price = c.at(*supply_price_leg(c), t)
    return ratio(c.total(USD, t), coins * price)


def oi_volume(c: Context, t: int, w: int) -> float:
    return ratio(c.total(OI, t), c.flowed("volume_coin", t, DAY))


def taker_ratio(c: Context, t: int, w: int) -> float:
    return ratio(c.flowed(BUY, t, w), c.flowed(SELL, t, w))


def imbalance(one: str, other: str):
    def x(c: Context, t: int, w: int) -> float:
        a, b = c.flowed(one, t, w), c.flowed(other, t, w)
        return ratio(a - b, a + b)

    return x


def both(one: str, other: str):
    return lambda c, t, w: c.flowed(one, t, w) + c.flowed(other, t, w)


def cvd(c: Context, t: int, w: int) -> float:
    return c.flowed(BUY, t, w) - c.flowed(SELL, t, w)


def liq_oi_share(c: Context, t: int, w: int) -> float:
    coins = c.flowed(LONG_COIN, t, w) + c.flowed(SHORT_COIN, t, w)
    return ratio(coins, c.total(OI, t - w))


def spot_perp_volume(c: Context, t: int, w: int) -> float:
    """The mark is the one at T for every sample."""
    spot, perp = c.flowed("spot_volume_usd", t, w), c.flowed("volume_coin", t, w)
    return ratio(spot, perp * c.at(c.groups[0], MARK, c.as_of))


def weighted(c: Context, t: int, value) -> float:
    """Sum of w v over sum of w."""
    total = 0.0
    for group in c.groups:
        total += c.weight(group, t) * value(group)
    return ratio(total, c.weights(t))


def funding_8h(c: Context, group, t: int) -> float:
    rate, hours = c.rate(group, t), c.interval(group, t)
    if rate is None or hours is None:
        raise Null("stale" if t == c.as_of else "short_history")
    return ratio(rate * 8, hours)


def funding_avg(c: Context, t: int, w: int) -> float:
    return weighted(c, t, lambda group: funding_8h(c, group, t))


def funding_dispersion(c: Context, t: int, w: int) -> float:
    """Null with one venue."""
    if len(c.groups) < 2:
        raise Null("short_history", "no_data", "stale", "flat_baseline")
    mean = funding_avg(c, t, w)
    return math.sqrt(weighted(c, t, lambda group: (funding_8h(c, group, t) - mean) ** 2))


def basis_usdtm(c: Context, t: int, w: int) -> float:
    def basis(group):
        mark, index = c.at(group, MARK, t), c.at(group, INDEX, t)
        return ratio(mark - index, index)

    return weighted(c, t, basis)


def minutes_until_funding(c: Context, t: int, w: int) -> float:
    group = c.groups[0]
    then = c.known.path(group, "next_funding_time", t, c.next_funding_age(group))
    if then is None or then <= t:
        raise Null("stale", "no_data", "short_history")
    return (then - t) / MINUTE


def mark(c: Context, t: int, w: int) -> float:
    return weighted(c, t, lambda group: c.at(group, MARK, t))


def weighted_return(c: Context, now: int, then: int, t: int) -> float:
    """Sum of (w_i / sum of w) ln(P_i(now) / P_i(then))."""
    weights = c.weights(t)
    total, causes = 0.0, set()
    for group in c.groups:
        try:
            change = log_ratio(c.at(group, MARK, now), c.at(group, MARK, then))
            total += ratio(c.weight(group, t), weights) * change
        except Null as null:
            causes |= null.causes
    if causes:
        raise Null(*causes)
    return total


def price_ret(c: Context, t: int, w: int) -> float:
    return weighted_return(c, t, t - w, t)


def price_rv(c: Context, t: int, w: int) -> float:
    """Every edge is looked at before it is said why there is no number."""
    edges = [t - k * w // 60 for k in range(61)]
    total, causes = 0.0, set()
    for k in range(60):
        try:
            total += weighted_return(c, edges[k], edges[k + 1], t) ** 2
        except Null as null:
            causes |= null.causes
    if causes:
        raise Null(*causes)
    return math.sqrt(total)


def oi_price_divergence(c: Context, t: int, w: int) -> float:
    return abs(price_ret(c, t, w)) - oi_change(c, t, w)


def _liquidations() -> tuple[Spec, ...]:
    fields = (LONG_USD, SHORT_USD)
    total, imbal = both(*fields), imbalance(*fields)
    return (
        Spec("liquidations.liq_long_vol", "flow", is_usdtm, (), fields[:1], flow_of(LONG_USD)),
        Spec("liquidations.liq_short_vol", "flow", is_usdtm, (), fields[1:], flow_of(SHORT_USD)),
        Spec("liquidations.liq_total_notional", "flow", is_usdtm, (), fields, total),
        Spec("liquidations.liq_imbalance", "flow", is_usdtm, (), fields, imbal),
        Spec(
            "liquidations.liq_long_full",
            "flow",
            is_bybit_usdtm,
            (),
            fields[:1],
            flow_of(LONG_USD),
        ),
        Spec(
            "liquidations.liq_short_full",
            "flow",
            is_bybit_usdtm,
            (),
            fields[1:],
            flow_of(SHORT_USD),
        ),
        Spec(
            "liquidations.liq_oi_share",
            "change",
            is_usdtm,
            (OI,),
            (LONG_COIN, SHORT_COIN),
            liq_oi_share,
        ),
    )


def _in_coin() -> tuple[Spec, ...]:
    kinds = (
        ("liquidations.liq_long_coin", is_usdtm, LONG_COIN),
        ("liquidations.liq_short_coin", is_usdtm, SHORT_COIN),
        ("liquidations.liq_long_full_coin", is_bybit_usdtm, LONG_COIN),
        ("liquidations.liq_short_full_coin", is_bybit_usdtm, SHORT_COIN),
        ("flow.volume_full", is_bybit_usdtm, "volume_coin"),
    )
    return tuple(Spec(name, "flow", who, (), (f,), flow_of(f)) for name, who, f in kinds)


def _sums() -> tuple[Spec, ...]:
    kinds = (
        ("positioning.oi_usdtm", is_usdtm, USD),
        ("positioning.oi_usdtm_coin", is_usdtm, OI),
        ("positioning.oi_full_coin", is_bybit_usdtm, OI),
        ("positioning.oi_hl", is_hyperliquid_main, USD),
        ("positioning.oi_hl_coin", is_hyperliquid_main, OI),
        ("positioning.oi_coinm", is_inverse, USD),
        ("positioning.oi_all", is_any, USD),
        ("positioning.oi_all_coin", is_any, OI),
    )
    return tuple(
        Spec(name, "stock", member, (field,), (), sum_of(field), summed=field)
        for name, member, field in kinds
    )


def _positioning() -> tuple[Spec, ...]:
    ratios = (
        ("positioning.lsr_top", "lsr_top_positions"),
        ("positioning.lsr_top_accounts", "lsr_top_accounts"),
        ("positioning.lsr_global", "lsr_global_accounts"),
    )
    bin_ = is_binance_usdtm
    return (
        *(Spec(name, "stock", bin_, (f,), (), only(f), pick="first") for name, f in ratios),
        Spec("positioning.oi_change", "change", is_usdtm, (OI,), (), oi_change, summed=OI),
        Spec(
            "positioning.oi_change_hl",
            "change",
            is_hyperliquid_main,
            (OI,),
            (),
            oi_change,
            summed=OI,
        ),
        Spec("positioning.oi_share_top", "stock", is_any, (USD,), (), oi_share_top),
        Spec("positioning.oi_mcap", "stock", is_any, (USD,), (), oi_mcap, needs_supply=True),
        Spec("positioning.oi_volume", "stock", is_usdtm, (OI,), ("volume_coin",), oi_volume),
        Spec("positioning.taker_ratio", "flow", bin_, (), (BUY, SELL), taker_ratio, pick="first"),
        Spec(
            "positioning.taker_imbalance",
            "flow",
            is_usdtm,
            (),
            (BUY, SELL),
            imbalance(BUY, SELL),
        ),
        Spec(
            "positioning.oi_price_divergence",
            "change",
            is_usdtm,
            (OI, MARK),
            (),
            oi_price_divergence,
        ),
    )


def _funding_flow_price() -> tuple[Spec, ...]:
    bin_, perp = is_binance_usdtm, is_perpetual
    return (
        Spec(
            "funding.funding_avg",
            "stock",
            perp,
            (OI,),
            (),
            funding_avg,
            pick="largest",
            rated=True,
        ),
        Spec(
            "funding.funding_usdtm",
            "stock",
            bin_,
            (),
            (),
            # one group: its weight cancels, so positions are not needed for it
            lambda c, t, w: funding_8h(c, c.groups[0], t),
            pick="first",
            rated=True,
        ),
        Spec(
            "funding.funding_dispersion",
            "stock",
            perp,
            (OI,),
            (),
            funding_dispersion,
            pick="largest",
            rated=True,
            share=0.05,
        ),
        Spec("funding.basis_usdtm", "stock", is_usdtm, (OI, MARK, INDEX), (), basis_usdtm),
        Spec(
            "funding.minutes_until_funding",
            "stock",
            bin_,
            ("next_funding_time",),
            (),
            minutes_until_funding,
            pick="first",
        ),
        Spec("flow.cvd", "flow", is_usdtm, (), (BUY, SELL), cvd),
        Spec("flow.volume_usdtm", "flow", is_usdtm, (), ("volume_coin",), flow_of("volume_coin")),
        Spec(
            "flow.spot_perp_volume",
            "flow",
            bin_,
            (MARK,),
            ("spot_volume_usd", "volume_coin"),
            spot_perp_volume,
            pick="first",
        ),
        Spec("price.mark", "stock", is_usdtm, (OI, MARK), (), mark),
        Spec("price.ret", "change", is_usdtm, (OI, MARK), (), price_ret),
        Spec("price.rv", "change", is_usdtm, (OI, MARK), (), price_rv),
    )


SPECS: dict[str, Spec] = {
    spec.name: spec
    for spec in (*_sums(), *_positioning(), *_liquidations(), *_in_coin(), *_funding_flow_price())
}
