"""Every OKX payload there is, read and compared with what was agreed that it says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.venues.okx.samples import (
    FOLLOWED,
    GOLDEN,
    PAYLOADS,
    RECEIVED,
    SAMPLES,
    Sample,
    followed,
    outcome,
    pushed,
    subscribed,
)
from tideline.venues.parsed import Control, Note

SHARED = Path(__file__).resolve().parents[4] / "shared" / "payloads"


def test_every_payload_is_read_and_every_golden_belongs_to_one() -> None:
    files = {path.name for path in PAYLOADS.iterdir()}
    assert {sample.file for sample in SAMPLES} == files
    assert {f"{name}.golden.json" for name in files} == {path.name for path in GOLDEN.iterdir()}


def test_our_copies_are_the_shared_samples() -> None:
    if not SHARED.is_dir():
        pytest.skip("the shared samples are not beside this checkout")
    shared = [*SHARED.glob("okx.*.json"), *(SHARED / "more").glob("OKX.*.txt")]
    assert len(shared) > 20
    for path in shared:
        assert (PAYLOADS / path.name).read_bytes() == path.read_bytes()


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.file)
def test_reads_as_agreed(sample: Sample) -> None:
    agreed = json.loads((GOLDEN / f"{sample.file}.golden.json").read_text())
    found = json.loads(json.dumps(outcome(sample.read, sample.body, sample.note())))
    assert found == agreed


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.file)
def test_nothing_is_said_of_what_is_not_followed(sample: Sample) -> None:
    found = outcome(sample.read, sample.body, Note(RECEIVED, {}, dict(sample.params)))
    assert found.get("observations", []) == []


@pytest.mark.parametrize("file", [path.name for path in PAYLOADS.glob("OKX.Subscriptions.*")])
def test_the_answers_to_subscriptions_are_acknowledgements(file: str) -> None:
    parsed = pushed(subscribed(file), Note(RECEIVED, followed(*FOLLOWED)))
    (control,) = parsed.controls
    assert control.kind == "ack"
    assert control.topics[0].endswith(":ETH-USDT")
    assert isinstance(control, Control)
