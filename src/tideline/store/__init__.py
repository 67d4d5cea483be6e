"""The user's handle: a log, the catalogues and the engine.

store = tl.open("tideline-store")
store.historical(asset="BTC", features=["positioning.oi_usdtm@1h:zscore"], as_of=moment)
"""

from __future__ import annotations

from tideline.store.store import Store, open_store

__all__ = ["Store", "open_store"]
