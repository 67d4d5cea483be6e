import pytest

from tideline.domain.time import DAY, HOUR, MINUTE, ManualClock, parse_time
from tideline.market.changes import Delisted, Relisted, Renamed, Resized, Restated
from tideline.market.synthetic import Synthetic

START = parse_time("2026-11-20T00:00:00Z")
AT = START + 6 * HOUR


@pytest.fixture
def market():
    return Synthetic(8, 3, START)


def _listed(market, venue, symbol, at):
    return [one for one in market.listed(venue, at) if one.instrument.symbol == symbol]


def test_a_renamed_contract_goes_on_under_its_new_name(market):
    changed = Renamed(market, "binance", "XRPUSDT", "XRP2USDT", AT)
    assert _listed(changed, "binance", "XRP2USDT", AT - 1) == []
    assert _listed(changed, "binance", "XRPUSDT", AT - 1)[0].delisted_us is None
    (old,) = _listed(changed, "binance", "XRPUSDT", AT)
    (new,) = _listed(changed, "binance", "XRP2USDT", AT)
    assert old.delisted_us == AT == new.listed_us
    assert new.instrument.asset == "XRP2"
    later = AT + HOUR
    for ask in ("quote", "ratios", "settled"):
        renamed = getattr(changed, ask)("binance", "XRP2USDT", later)
        assert renamed == getattr(market, ask)("binance", "XRPUSDT", later)
    span = (later, later + 5 * MINUTE)
    assert changed.bar("binance", "XRP2USDT", *span) == market.bar("binance", "XRPUSDT", *span)
    assert changed.liquidations("binance", "XRP2USDT", AT, AT + DAY) == market.liquidations(
        "binance", "XRPUSDT", AT, AT + DAY
    )
    assert len(changed.listed("binance", later)) == len(market.listed("binance", later)) + 1
    assert changed.listed("okx", later) == market.listed("okx", later)


def test_a_delisted_contract_is_listed_dead(market):
    changed = Delisted(market, "bybit", "SOLUSDT", AT)
    assert changed.quote("bybit", "SOLUSDT", AT - 1) == market.quote("bybit", "SOLUSDT", AT - 1)
    (dead,) = _listed(changed, "bybit", "SOLUSDT", AT + DAY)
    assert dead.delisted_us == AT
    quote = changed.quote("bybit", "SOLUSDT", AT + DAY)
    assert (quote.oi_coin, quote.volume_24h_coin) == (0.0, 0.0)
    assert quote.mark_price == market.quote("bybit", "SOLUSDT", AT).mark_price
    bar = changed.bar("bybit", "SOLUSDT", AT + HOUR, AT + 2 * HOUR)
    assert bar.volume_coin == 0.0
    assert bar.high == bar.low
    assert not changed.liquidations("bybit", "SOLUSDT", AT, AT + 5 * DAY)
    assert changed.liquidations("bybit", "SOLUSDT", AT - 5 * DAY, AT)
    assert changed.quote("bybit", "BTCUSDT", AT + DAY) == market.quote("bybit", "BTCUSDT", AT + DAY)


def test_a_relisted_name_is_a_new_instrument(market):
    changed = Relisted(market, "okx", "SOL-USDT-SWAP", AT, AT + DAY)
    (before,) = _listed(changed, "okx", "SOL-USDT-SWAP", AT - 1)
    (dead,) = _listed(changed, "okx", "SOL-USDT-SWAP", AT + HOUR)
    (after,) = _listed(changed, "okx", "SOL-USDT-SWAP", AT + DAY)
    assert (before.delisted_us, dead.delisted_us, after.delisted_us) == (None, AT, None)
    assert before.listed_us < after.listed_us == AT + DAY
    at = AT + DAY + HOUR
    assert changed.quote("okx", "SOL-USDT-SWAP", at) == market.quote("okx", "SOL-USDT-SWAP", at)
    assert changed.settled("okx", "SOL-USDT-SWAP", AT + 2 * HOUR) == 0.0


def test_another_contract_size_leaves_the_coins_as_they_are(market):
    changed = Resized(market, "okx", "DOGE-USDT-SWAP", 0.1, AT)
    assert _listed(changed, "okx", "DOGE-USDT-SWAP", AT - 1)[0].instrument.contract_size == 10.0
    assert _listed(changed, "okx", "DOGE-USDT-SWAP", AT)[0].instrument.contract_size == 0.1
    for at in (AT - 1, AT, AT + HOUR):
        assert changed.quote("okx", "DOGE-USDT-SWAP", at) == market.quote(
            "okx", "DOGE-USDT-SWAP", at
        )
    with pytest.raises(ValueError, match="does not divide"):
        Resized(market, "okx", "DOGE-USDT-SWAP", 7.0, AT)


def test_restated_history_reads_differently_once_it_is_seen(market):
    clock = ManualClock(AT)
    span = (START, START + HOUR)
    changed = Restated(market, "binance", "BTCUSDT", span, 12.5, AT + HOUR, clock)
    inside, outside = START + 30 * MINUTE, START + 61 * MINUTE
    as_first_said = market.quote("binance", "BTCUSDT", inside).oi_coin
    assert changed.quote("binance", "BTCUSDT", inside).oi_coin == as_first_said
    clock.at = AT + HOUR
    restated = changed.quote("binance", "BTCUSDT", inside).oi_coin
    assert abs(restated - as_first_said - 12.5) < 1e-9
    for venue, symbol, at in (
        ("binance", "BTCUSDT", outside),
        ("binance", "BTCUSDT", START),
        ("bybit", "BTCUSDT", inside),
    ):
        assert changed.quote(venue, symbol, at) == market.quote(venue, symbol, at)
