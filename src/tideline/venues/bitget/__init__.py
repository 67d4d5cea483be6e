"""Bitget v3: USDT, USDC and coin-margined futures."""
