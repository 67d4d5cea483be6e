"""Whatever Coinbase or its gateway send, a parser answers with Parsed or with WireError."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.venues.coinbase.test_goldens import CAPTURED, SAMPLES, TICKED
from tests.venues.golden_frames import PAYLOADS, dump, followed, values
from tests.venues.odd_frames import broken
from tideline.domain.errors import WireError
from tideline.domain.fields import BY_NAME
from tideline.domain.venue import GATEWAY
from tideline.venues.coinbase import frames, gateway, products
from tideline.venues.coinbase.answer import verdict
from tideline.venues.parsed import Note, Parsed
from tideline.venues.wire import Reply

RAWS = {
    name: [dump(value) for value in values((PAYLOADS / name).read_text("utf-8"))]
    for name in SAMPLES
}
CDE = [raw for name, raws in RAWS.items() if name.startswith("coinbase") for raw in raws]
DERIBIT = [raw for name, raws in RAWS.items() if name.startswith("deribit") for raw in raws]
PRODUCTS = Note(CAPTURED, followed("coinbase", CDE))
BOOK = Note(
    TICKED,
    followed(GATEWAY, [*DERIBIT, dump(["ETH_USDC-PERPETUAL"])]),
    {"instrument_name": "BTC-PERPETUAL"},
)

PARSERS = (
    gateway.instruments,
    gateway.summaries,
    gateway.funding_history,
    frames.read,
)


@given(broken(CDE))
def test_products(raw: bytes):
    hold(products.products, raw, PRODUCTS)


@pytest.mark.parametrize("read", PARSERS)
@given(raw=broken(DERIBIT))
def test_gateway(read, raw: bytes):
    hold(read, raw, BOOK)


@given(st.sampled_from([200, 301, 400, 403, 429, 500, 503]), broken([*CDE, *DERIBIT]))
def test_every_reply_has_a_verdict(status: int, raw: bytes):
    kinds = {"ok", "slow_down", "ban", "refused", "broken"}
    assert verdict(Reply(status, raw)).kind in kinds
    assert products.verdict(Reply(status, raw)).kind in kinds


def hold(read, raw: bytes, note: Note) -> None:
    try:
        parsed = read(raw, note)
    except WireError:
        return
    assert isinstance(parsed, Parsed)
    for seen in parsed.observations:
        assert seen.field in BY_NAME
        assert type(seen.value) is float
        assert seen.instrument in note.instruments
