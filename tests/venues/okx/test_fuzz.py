"""No bytes make a reader of OKX raise anything but WireError."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.venues.okx.samples import RECEIVED, SAMPLES, followed, pushed
from tideline.domain.errors import WireError
from tideline.venues.okx import history, listings, snapshots
from tideline.venues.okx.envelope import verdict
from tideline.venues.parsed import Note, Parsed
from tideline.venues.wire import Reply

READERS: dict[str, Callable[[bytes, Note], Parsed]] = {
    "open_interest": snapshots.open_interest,
    "mark_price": snapshots.mark_price,
    "funding_rate": snapshots.funding_rate,
    "index_tickers": snapshots.index_tickers,
    "instruments": listings.instruments,
    "open_interest_history": history.open_interest_history,
    "global_accounts": history.global_accounts,
    "taker_volume": history.taker_volume,
    "candles": history.candles,
    "funding_rate_history": history.funding_rate_history,
    "stream": pushed,
}
BODIES = [json.loads(sample.body) for sample in SAMPLES]
NAMES = ("BTC-USDT-SWAP", "BTC-USD-SWAP", "XRP-USD-230929", "BTC-USDT", "PEPE-USDT-SWAP")
NOTE = Note(
    RECEIVED,
    followed(*NAMES),
    {"instId": "BTC-USDT-SWAP", "period": "5m", "bar": "1m", "unit": "0"},
)
ODD = st.sampled_from(
    ["", "-1", "0", "NaN", "1e999", "1e300", "-1e-300", "9" * 59, "1_0", " 1", "0x1", "١", None,
     True, -1, 0, 2**63, 1.5, 1e308, [], {}, [[]], {"instId": "BTC-USDT-SWAP"}, *NAMES, "sell",
     "net", "1763640000000", "9" * 15]
)  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path]
    if isinstance(value, dict):
        for key in value:
            found += places(value[key], (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            found += places(item, (*path, index))
    return found


def changed(value: Any, path: tuple[Any, ...], put: Any) -> Any:
    """``value`` with ``put`` at ``path``; no ``put``: without what stood there."""
    if not path:
        return put
    copy: Any = dict(value) if isinstance(value, dict) else list(value)
    first, rest = path[0], path[1:]
    if not rest and put is ...:
        del copy[first]
    else:
        copy[first] = changed(value[first], rest, put)
    return copy


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A payload with a few values replaced or taken away, and perhaps cut."""
    body = draw(st.sampled_from(BODIES))
    for _ in range(draw(st.integers(1, 4))):
        path = draw(st.sampled_from(places(body)[1:] or [()]))
        body = changed(body, path, draw(ODD | st.just(...)) if path else draw(ODD))
        if not isinstance(body, dict | list):
            break
    raw = json.dumps(body).encode()
    return raw[: draw(st.integers(0, len(raw)))] if draw(st.integers(0, 9)) == 0 else raw


@pytest.mark.parametrize("name", READERS)
@given(raw=st.binary(max_size=120) | mutated())
def test_only_wire_errors_come_out(name: str, raw: bytes) -> None:
    with contextlib.suppress(WireError):
        parsed = READERS[name](raw, NOTE)
        assert all(isinstance(seen.value, float) for seen in parsed.observations)
        assert {seen.instrument for seen in parsed.observations} <= set(NAMES)


@given(
    st.integers(100, 599),
    st.binary(max_size=120) | mutated(),
    st.dictionaries(st.sampled_from(["retry-after", "date"]), st.text(max_size=12)),
)
def test_every_reply_gets_a_verdict(status: int, body: bytes, headers: dict[str, str]) -> None:
    found = verdict(Reply(status, body, headers))
    assert found.kind in ("ok", "slow_down", "ban", "refused", "broken")
    assert found.wait_s >= 0.0
    if found.kind == "ok":
        assert status == 200
