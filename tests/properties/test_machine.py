"""A store's life, step by step: every answer ever given is asked again after every kind of news.

Rows are put, restated, doubled, suspected and broken while the clock runs on; each answer is
checked against the slow reference when it is first given and must be the same bits ever after.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from tests.properties.agreement import Case as Told
from tests.properties.agreement import disagreement, shrink, told_as_text
from tests.properties.campaigns import campaign
from tests.properties.engine import ask, bits, table_of, the_engine
from tests.reference.model import HOUR, MINUTE, Row
from tests.reference.reference import reference

START = 20_000 * 24 * HOUR

GROUPS = (("binance", "BTCUSDT"), ("bybit", "BTCUSDT"), ("okx", "BTC-USDT-SWAP"))
FIELDS = ("open_interest", "mark_price", "taker_buy_coin", "taker_sell_coin")

ADDRESSES = (
    "positioning.oi_usdtm_coin@5m",
    "positioning.oi_usdtm_coin@5m:delta",
    "positioning.oi_usdtm_coin@15m:range",
    "positioning.oi_usdtm_coin@1m:zscore[4]",
    "positioning.oi_change@5m:pctrank[3]",
    "price.ret@5m",
    "flow.cvd@5m",
    "flow.cvd@1m:ewma",
    "positioning.taker_imbalance@1m:pctrank[5]",
)


class Life(RuleBasedStateMachine):
    """One log that only ever grows."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[Row] = []
        self.now = START
        self.asked: list[tuple[int, bytes]] = []

    def known(self, row: Row) -> None:
        """Rows arrive one by one, each known later than the one before."""
        self.now += 1
        self.rows.append(replace(row, known_time=self.now))

    @initialize(minutes=st.integers(1, 12))
    def begin(self, minutes):
        for k in range(minutes):
            self.now = max(self.now, START + k * MINUTE)
            for name in FIELDS:
                self.known(self.row(GROUPS[0], name, START + k * MINUTE, float(1 + k % 3)))

    @staticmethod
    def row(group, name, event, value) -> Row:
        return Row(*group, name, event, event, value, cadence_s=60.0)

    @rule(
        group=st.sampled_from(GROUPS),
        name=st.sampled_from(FIELDS),
        back=st.integers(0, 8),
        value=st.integers(1, 9),
    )
    def put(self, group, name, back, value):
        """A row of now or, late, of some minutes ago; what already stands is restated by it."""
        event = self.now // MINUTE * MINUTE - back * MINUTE
        self.known(self.row(group, name, event, float(value)))

    @precondition(lambda self: self.rows)
    @rule(data=st.data(), value=st.integers(1, 9))
    def restate(self, data, value):
        row = data.draw(st.sampled_from(self.rows))
        self.known(replace(row, value=float(value), status="ok"))

    @precondition(lambda self: self.rows)
    @rule(data=st.data())
    def double(self, data):
        self.known(data.draw(st.sampled_from(self.rows)))

    @precondition(lambda self: self.rows)
    @rule(data=st.data())
    def suspect(self, data):
        row = data.draw(st.sampled_from(self.rows))
        self.known(replace(row, value=9.87e34, status="suspect"))

    @rule(group=st.sampled_from(GROUPS), back=st.integers(0, 6), long=st.integers(0, 3))
    def gap(self, group, back, long):
        start = self.now - back * MINUTE
        self.known(self.row(group, "gap.taker", start, float(start + long * MINUTE)))

    @rule(group=st.sampled_from(GROUPS), back=st.integers(0, 6))
    def break_(self, group, back):
        self.known(self.row(group, "break.open_interest", self.now - back * MINUTE, 2.0))

    @rule(group=st.sampled_from(GROUPS))
    def beat(self, group):
        self.known(self.row(group, "alive.taker", self.now, 1.0))

    @rule(minutes=st.sampled_from((1, 1, 2, 5, 31)))
    def clock(self, minutes):
        self.now += minutes * MINUTE

    @rule()
    def ask(self):
        given = the_engine()(self.rows, [self.now], ADDRESSES, False)[0]
        for address, one in zip(ADDRESSES, given, strict=True):
            asked = reference(self.rows, "BTC", self.now, address)
            problem = disagreement(one, asked, address)
            if problem is not None:
                case = Told(list(self.rows), self.now, address, False, problem)
                raise AssertionError(told_as_text(shrink(the_engine(), case)))
        self.asked.append((self.now, self.answer(self.now)))

    def answer(self, t: int) -> bytes:
        return b"".join(bits(ask(table_of(self.rows), [t], ADDRESSES)))

    @precondition(lambda self: self.asked)
    @rule(data=st.data())
    def replay(self, data):
        t, then = data.draw(st.sampled_from(self.asked))
        assert self.answer(t) == then

    def teardown(self):
        for t, then in self.asked:
            assert self.answer(t) == then


class TestLife(Life.TestCase):
    settings = campaign(300, steps=30)


@pytest.mark.slow
class TestLongLife(Life.TestCase):
    settings = campaign(2000, steps=50)
