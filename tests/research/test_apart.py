"""The market and the readings know nothing of each other: neither can be fitted to the other."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "src" / "tideline"
THINKING = ("readings", "signals")


def imported(path: Path) -> set[str]:
    """Every module of tideline's own that a file names in an import, wherever it stands."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {item.name for item in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{item.name}" for item in node.names} | {str(node.module)}
    return {name for name in found if name.startswith("tideline.")}


def file_of(module: str) -> Path | None:
    """The source file of a module; None for a name inside one."""
    path = SOURCE.parent / Path(*module.split("."))
    return next(
        (one for one in (path.with_suffix(".py"), path / "__init__.py") if one.is_file()), None
    )


def reached(folder: str) -> Iterator[tuple[str, str]]:
    """(file, module) for all that the files of a folder import, by however many steps."""
    for path in sorted((SOURCE / folder).rglob("*.py")):
        left, seen = [path], {path}
        while left:
            for module in imported(left.pop()):
                yield str(path.relative_to(SOURCE)), module
                found = file_of(module)
                if found is not None and found not in seen:
                    seen.add(found)
                    left.append(found)


@pytest.mark.parametrize(
    ("folder", "others"),
    [("market", THINKING), ("readings", ("market",)), ("signals", ("market",))],
)
def test_neither_reaches_the_other_by_any_import(folder: str, others: tuple[str, ...]) -> None:
    pairs = list(reached(folder))
    assert pairs
    for file, module in pairs:
        assert module.split(".")[1] not in others, f"{file} reaches {module}"


def test_the_walk_sees_what_it_looks_for() -> None:
    assert any(module.startswith("tideline.readings") for _, module in reached("store"))
    assert any(module.startswith("tideline.market") for _, module in reached("research"))
    assert any(module.startswith("tideline.log") for _, module in reached("store"))
