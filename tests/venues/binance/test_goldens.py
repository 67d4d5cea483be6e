"""Every Binance sample, parsed, against the committed result."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.venues.binance.samples import FOLDER, SAMPLES, Sample
from tests.venues.golden_frames import SHARED, hold, read_all

GOLDEN = Path(__file__).parent / "golden"


def test_every_sample_has_a_reader():
    assert sorted(path.name for path in FOLDER.iterdir()) == [sample.file for sample in SAMPLES]


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.file)
def test_sample(sample: Sample):
    stem = sample.file.rsplit(".", 1)[0]
    hold(GOLDEN / f"{stem}.json", read_all(sample.read, [sample.body], sample.note))


def test_samples_are_the_shared_ones():
    if not SHARED.is_dir():
        pytest.skip("the shared samples are not beside this checkout")
    twins = {path.name.removeprefix("binance."): path for path in SHARED.glob("binance.*")}
    more = (SHARED / "more").glob("Binance.*")
    twins |= {path.name.removeprefix("Binance."): path for path in more}
    assert twins.keys() == {sample.file for sample in SAMPLES}
    for name, path in twins.items():
        assert (FOLDER / name).read_bytes() == path.read_bytes()
