"""Every Hyperliquid sample, parsed, against the committed result."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.venues.golden_frames import PAYLOADS, SHARED, dump, followed, hold, read_all, values
from tideline.domain.time import HOUR
from tideline.venues.hyperliquid import history, rest, stream
from tideline.venues.hyperliquid.stream import Listener
from tideline.venues.parsed import Note, Parsed

FOLDER = PAYLOADS / "hyperliquid"
GOLDEN = Path(__file__).parent / "golden"
RECEIVED = 1_784_000_000_000_000 + HOUR // 3
"""2026-07: after every sample, within an hour."""
ORDERS = {
    "": ("BTC", "ETH", "ATOM"),
    "cash": ("cash:USA500", "cash:TSLA"),
    "abcd": ("abcd:USA500",),
}
"""The captured frame is trimmed: three assets of the main dex, one order that does not fit."""

Read = Callable[[bytes, Note], Parsed]
ANSWERS: dict[str, Read] = {
    "fundingHistory.json": history.funding_history,
    "candleSnapshot_doc.json": history.candles,
    "metaAndAssetCtxs.json": rest.meta_and_contexts,
    "Futures.GetExchangeInfo.txt": rest.meta,
    "Futures.GetExchangeInfoAndTickers.txt": rest.meta_and_contexts,
    "Futures.GetFundingRateHistory.txt": history.funding_history,
    # Names of the assets whose open interest is at its cap: no answer that is asked for.
    "Futures.GetSymbolsAtMaxOpenInterest.txt": rest.meta_and_contexts,
}
FRAMES = (
    "ws_activeAssetCtx.json",
    "ws_allDexsAssetCtxs.json",
    "ws_assetCtxs_doc.json",
    "ws_control_doc.json",
    "ws_trades.json",
    "ws_userFill_liquidation.json",
)


def body(path: Path) -> bytes:
    """A sample as one answer: its list is one body."""
    text = path.read_text("utf-8")
    found = values(text)
    whole = text.rstrip().endswith("]")
    return dump(found if whole else found[0])


def test_every_sample_has_a_reader():
    assert {path.name for path in FOLDER.iterdir()} == {*ANSWERS, *FRAMES}


@pytest.mark.parametrize("name", ANSWERS)
def test_answer(name: str):
    raw = body(FOLDER / name)
    note = Note(RECEIVED, followed("hyperliquid", [raw]))
    hold(GOLDEN / f"{Path(name).stem}.json", read_all(ANSWERS[name], [raw], note))


@pytest.mark.parametrize("name", FRAMES)
def test_frame(name: str):
    raws = [dump(value) for value in values((FOLDER / name).read_text("utf-8"))]
    named = [dump(list(ORDERS[""]))] if "Ctxs" in name else raws
    note = Note(RECEIVED, followed("hyperliquid", named))
    hold(GOLDEN / f"{Path(name).stem}.json", read_all(Listener(ORDERS).read, raws, note))


def test_trade():
    [value] = values((FOLDER / "ws_trades.json").read_text("utf-8"))
    raw = dump(value)
    [trade] = stream.trades(raw, Note(RECEIVED, followed("hyperliquid", [raw])))
    at = 1764835613064000
    assert trade == ("HYPE", at, "buy", 5.78, 35.276, "716095722814130")


def test_samples_are_the_shared_ones():
    if not SHARED.is_dir():
        pytest.skip("the shared samples are not beside this checkout")
    for path in FOLDER.iterdir():
        if path.stem.endswith("_doc"):
            continue
        twins = (SHARED / f"hyperliquid.{path.name}", SHARED / "more" / f"HyperLiquid.{path.name}")
        [original] = [twin for twin in twins if twin.exists()]
        assert path.read_bytes() == original.read_bytes()
