"""One simulated store for the tests of this folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.planted import fill


@pytest.fixture(scope="session")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The planted store. Read only: tests that write make their own."""
    path = tmp_path_factory.mktemp("simulated") / "store"
    fill(path)
    return path
