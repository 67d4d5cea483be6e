"""tideline: open interest and its companions, point in time.

    import tideline as tl

    store = tl.open("tideline-store")
    store.historical(asset="BTC", features=["positioning.oi_usdtm@1h:zscore"], as_of=moment)
    tl.plot.oi(store, "BTC", start=..., end=...)

Importing this costs nothing: what needs an array library is loaded when it is first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tideline import plot as plot
    from tideline.store import open_store as open  # noqa: A004 - read as tl.open

__all__ = ["__version__", "open", "plot"]


def __getattr__(name: str) -> Any:
    """``open``, ``plot`` and ``__version__``, on first use."""
    from importlib import import_module

    if name == "open":
        return import_module("tideline.store").open_store
    if name == "plot":
        return import_module("tideline.plot")
    if name == "__version__":
        from importlib.metadata import version

        return version("tideline")
    raise AttributeError(f"module 'tideline' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
