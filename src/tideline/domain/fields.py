"""The fields a row can carry: kind, unit, how long a value may be carried forward.

Beside the observations stand rows that speak about them, told by the first word of their field:

``alive.<feed>``      the feed was up at event_time (value 1)
``gap.<feed>``        the feed was silent from event_time to ``value`` (µs UTC); a later row with
                      the same event_time replaces the end (0: it was mended, nothing is missing)
``break.<field>``     a change of counting that cannot be rescaled; value = new / old where known
``confirmed.<field>`` a suspect value was looked at and is wrong (value = the suspect value)
``instrument``        facts of the instrument from event_time on, as JSON in ``text``
``calendar``          an event named in ``text`` happens at ``value`` (µs UTC); event_time is when
                      it was announced. Venue ``reference``, instrument the coin, or MARKET for all
``reading``           a rule's state was entered, left or changed its severity at event_time: as
                      JSON in ``text``, the severity (0 none .. 3 extreme) in ``value``
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tideline.domain.time import DAY, HOUR, MINUTE

FieldKind = Literal["stock", "flow", "fact"]
Feed = Literal["taker", "volume", "liquidation"]

FEEDS: tuple[Feed, ...] = ("taker", "volume", "liquidation")
MARKS: tuple[str, ...] = ("gap", "break", "confirmed")
INSTRUMENT, CALENDAR, READING = "instrument", "calendar", "reading"
TEXTS: tuple[str, ...] = (INSTRUMENT, CALENDAR, READING)
"""Fields whose rows speak in ``text``; no path is made of them."""
MARKET = "MARKET"
"""The asset that calendar events of the whole market are filed under: it is no coin."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field as stored: normalised unit, default max_age in µs, feed for flows."""

    name: str
    kind: FieldKind
    unit: str
    max_age_us: int
    feed: Feed | None
    event_time_is: str


def _stock(name: str, unit: str, event: str = "snapshot instant", age: int = 30 * MINUTE) -> Field:
    return Field(name, "stock", unit, age, None, event)


def _flow(name: str, unit: str, feed: Feed, age: int = 30 * MINUTE) -> Field:
    event = "execution time" if feed == "liquidation" else "END of the bar"
    return Field(name, "flow", unit, age, feed, event)


FIELDS: tuple[Field, ...] = (
    _stock("open_interest", "coin, one-sided"),
    _stock("open_interest_usd", "USD"),
    _stock("mark_price", "quote per coin"),
    _stock("index_price", "quote per coin"),
    _stock("spot_price", "quote per coin"),
    _stock("funding_rate_quoted", "fraction per interval"),
    # 1.5 intervals; the interval is 8 h but on venues that settle hourly (see default_max_age_us)
    _stock("funding_rate_settled", "fraction per interval", "settlement", 12 * HOUR),
    _stock("funding_interval_h", "hours"),
    _stock("next_funding_time", "µs UTC"),
    _stock("lsr_top_positions", "ratio", "END of the period"),
    _stock("lsr_top_accounts", "ratio", "END of the period"),
    _stock("lsr_global_accounts", "ratio", "END of the period"),
    _stock("taker_ratio_bar", "ratio", "END of the bar"),
    _flow("taker_buy_coin", "coin", "taker"),
    _flow("taker_sell_coin", "coin", "taker"),
    _flow("volume_coin", "coin", "volume"),
    _flow("spot_volume_usd", "USD", "volume"),
    _flow("liquidation_long_usd", "USD", "liquidation", DAY),
    _flow("liquidation_short_usd", "USD", "liquidation", DAY),
    _flow("liquidation_long_coin", "coin", "liquidation", DAY),
    _flow("liquidation_short_coin", "coin", "liquidation", DAY),
    _stock("circulating_supply", "coins", "day", 7 * DAY),
    Field("alive.taker", "fact", "1", 30 * MINUTE, "taker", "heartbeat"),
    Field("alive.volume", "fact", "1", 30 * MINUTE, "volume", "heartbeat"),
    Field("alive.liquidation", "fact", "1", DAY, "liquidation", "heartbeat"),
)

BY_NAME: dict[str, Field] = {field.name: field for field in FIELDS}

LIQUIDATIONS: tuple[str, ...] = tuple(
    field.name for field in FIELDS if field.kind == "flow" and field.feed == "liquidation"
)
"""What a liquidation feed gives, in the order of the table."""

HOURLY_FUNDING: frozenset[str] = frozenset({"hyperliquid", "coinbase"})


def known_field(name: str) -> bool:
    """Is this a field a row may carry (observation, heartbeat, mark or text)?"""
    if name in BY_NAME or name in TEXTS:
        return True
    mark, _, rest = name.partition(".")
    if mark == "gap":
        return rest in FEEDS or rest in BY_NAME or rest == READING
    return mark in ("break", "confirmed") and rest in BY_NAME


def default_max_age_us(field: str, venue: str) -> int:
    """How long a value of this field may be carried forward, before the row's cadence counts."""
    if field == "funding_rate_settled" and venue in HOURLY_FUNDING:
        return 3 * HOUR // 2
    return BY_NAME[field].max_age_us
