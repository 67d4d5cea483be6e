"""Answers of ``POST /info`` about all assets of one dex: ``meta`` and ``metaAndAssetCtxs``.

Samples ``tests/payloads/hyperliquid/metaAndAssetCtxs.json``, ``GetExchangeInfo.txt``; reference:
info endpoint, "perpetuals metadata" and "perpetuals asset contexts"::

    meta               {"universe": [{"name", "szDecimals", "maxLeverage", "isDelisted"?, …}, …]}
    metaAndAssetCtxs   [meta, [context, context, …]]

The two lists are joined BY POSITION. A delisted asset keeps its place. There is no listing time.
"""

from __future__ import annotations

import re
from typing import Any

from tideline.domain.errors import BadWire
from tideline.venues.followed import of_row
from tideline.venues.hyperliquid import symbols
from tideline.venues.hyperliquid.context import observe
from tideline.venues.parsed import Listing, Note, Parsed, Trading
from tideline.venues.rows import each, every
from tideline.venues.status import of_status
from tideline.venues.strict import decode, need, record, rows, text
from tideline.venues.wire import Reply, Verdict

_CODE = re.compile(r"[^\s\x00-\x1f]{1,40}")


def meta(raw: bytes, note: Note) -> Parsed:
    """The listings of one dex."""
    parsed = Parsed()
    _list(universe(decode(raw)), parsed)
    return parsed


def meta_and_contexts(raw: bytes, note: Note) -> Parsed:
    """Listings and values of one dex.

    Raises:
        WireError: not two lists of one length: nothing in it can be joined.
    """
    parts = rows(decode(raw), "metaAndAssetCtxs")
    if len(parts) != 2:
        raise BadWire("metaAndAssetCtxs", f"{len(parts)} parts", "are not meta and contexts")
    assets = universe(parts[0])
    contexts = rows(parts[1], "contexts")
    if len(assets) != len(contexts):
        counts = f"{len(assets)} names, {len(contexts)} contexts"
        raise BadWire("metaAndAssetCtxs", counts, "cannot be joined by position")
    parsed = Parsed()
    _list(assets, parsed)

    def read(pair: tuple[Any, Any]) -> None:
        entry = record(pair[0], "universe")
        if delisted(entry):
            parsed.ignore("delisted")
            return
        instrument = of_row(entry, "name", note, parsed)
        if instrument is not None:
            context = record(pair[1], "contexts")
            parsed.observations += observe(context, instrument, note.received)

    every(parsed, zip(assets, contexts, strict=True), read)
    return parsed


def universe(value: object) -> list[Any]:
    """The assets of a meta answer, in their order.

    Raises:
        BadWire: it is no meta answer.
    """
    return rows(need(record(value, "meta"), "universe"), "universe")


def delisted(asset: dict[str, Any]) -> bool:
    """Is this asset of a universe no longer traded?

    Raises:
        BadWire: ``isDelisted`` is neither true, false nor null.
    """
    word = asset.get("isDelisted")
    if word is None or type(word) is bool:
        return bool(word)
    raise BadWire("isDelisted", word, "is not true or false")


def _list(assets: list[Any], parsed: Parsed) -> None:
    def read(asset: dict[str, Any]) -> None:
        listing = _listing(asset)
        if listing is None:
            parsed.ignore("unknown code")
        else:
            parsed.listings.append(listing)

    each(parsed, assets, read)


def _listing(asset: dict[str, Any]) -> Listing | None:
    name = text(need(asset, "name"), "name")
    if not _CODE.fullmatch(name):
        raise BadWire("name", name, "is no coin name")
    instrument = symbols.parse(name)
    if instrument is None:
        return None
    decimals = need(asset, "szDecimals")
    if type(decimals) is not int or not 0 <= decimals <= 18:
        raise BadWire("szDecimals", decimals, "is no number of decimals")
    state: Trading = "delisted" if delisted(asset) else "trading"
    # Sizes are coins (k: 1000 coins); szDecimals only rounds orders, it is no contract size.
    return Listing(instrument, state, funding_interval_h=1.0)


def verdict(reply: Reply) -> Verdict:
    """429: over 1,200 weight a minute. 422: the question is wrong; 500 ``null``: unknown coin."""
    if reply.status == 500 and reply.body.strip() == b"null":
        return Verdict("refused", 0.0, "HTTP 500 null: nothing under that name")
    if reply.status == 422:
        return Verdict("refused", 0.0, reply.body[:120].decode("utf-8", "replace"))
    return of_status(reply)
