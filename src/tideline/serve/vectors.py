"""A series as JSON columns."""

from __future__ import annotations

from collections.abc import Iterator

from tideline.features.address import parse_address
from tideline.serve.batch import Answered
from tideline.serve.shapes import Series, encode
from tideline.serve.tables import moments
from tideline.serve.times import moment
from tideline.signals import BY_ADDRESS
from tideline.store.value import unit_of


def series_pieces(done: Answered, resolved: int) -> Iterator[bytes]:
    """One document: times and values side by side."""
    batch = done.batch
    address = parse_address(batch.features[0], BY_ADDRESS)
    yield encode(
        Series(
            asset=batch.assets[0],
            feature=address.text,
            unit=unit_of(address, BY_ADDRESS[address.signal]),
            resolved=moment(resolved),
            as_of=moments(batch.as_of),
            value=done.answers.values[:, 0].tolist(),
        )
    )
