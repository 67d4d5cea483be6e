"""Binance: USD-M and COIN-M futures, and the spot klines that stand beside them."""
