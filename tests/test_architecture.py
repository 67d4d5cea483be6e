"""The house rules that a program can see."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "tideline"
FILES = sorted(SOURCE.rglob("*.py"))
CLOCK = SOURCE / "domain" / "time.py"
NAMELESS = {"utils", "util", "common", "helpers", "helper", "misc", "manager"}
HEAVY = (
    *("numpy", "polars", "pyarrow", "numba", "deltalake", "rich", "pandas", "duckdb", "plotly"),
    *("aiohttp", "litestar", "granian", "structlog", "prometheus_client", "apprise", "mcp"),
)
MOST_LINES, LONGEST_FUNCTION = 400, 60


def name_of(path: Path) -> str:
    return str(path.relative_to(SOURCE))


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def test_there_is_something_to_look_at() -> None:
    assert len(FILES) > 50


def test_imports_point_down() -> None:
    """Import Linter's own contracts, exhaustive, as `make check` runs them."""
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert re.search(r"Contracts: [1-9]\d* kept, 0 broken", ran.stdout)


def test_the_linter_sees_an_arrow_upward(tmp_path: Path) -> None:
    """The contract can fail: one upward import in a copy breaks it."""
    copy = tmp_path / "tideline"
    for path in FILES:
        target = copy / path.relative_to(SOURCE)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    domain = copy / "domain" / "venue.py"
    domain.write_text(domain.read_text() + "\nfrom tideline.log import Log\n", encoding="utf-8")
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache", "--config"]
    ran = subprocess.run(
        [*command, str(ROOT / "pyproject.toml")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(tmp_path), "PATH": "/usr/bin:/bin"},
    )
    assert ran.returncode != 0
    assert "tideline.domain is not allowed to import tideline.log" in ran.stdout


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_a_file_is_short_and_says_what_it_holds(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= MOST_LINES
    assert ast.get_docstring(tree_of(path)), "no docstring"
    assert not NAMELESS & set(path.with_suffix("").relative_to(SOURCE).parts)


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_no_function_is_over_sixty_lines(path: Path) -> None:
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or 0) - node.lineno + 1
            assert lines <= LONGEST_FUNCTION, f"{node.name}: {lines} lines"


def banned(path: Path) -> Iterator[str]:
    """Calls, imports and handlers that must not stand in ``path``."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.ExceptHandler) and node.type is None:
            yield f"line {node.lineno}: bare except"
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            if called in ("eval", "exec", "compile", "__import__", "breakpoint"):
                yield f"line {node.lineno}: {called}()"
            if path != CLOCK and re.fullmatch(
                r"_?time\.time(_ns)?|(datetime\.)?datetime\.(now|utcnow|today)|(datetime\.)?date\.today",
                called,
            ):
                yield f"line {node.lineno}: {called}() outside domain/time.py"
        for name in imported(node):
            if name.partition(".")[0] in (
                "pickle",
                "cPickle",
                "dill",
                "random",
                "marshal",
                "shelve",
            ):
                yield f"line {node.lineno}: imports {name}"
            if path != CLOCK and name in ("time.time", "time.time_ns"):
                yield f"line {node.lineno}: imports {name} outside domain/time.py"


def imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [item.name for item in node.names]
    if isinstance(node, ast.ImportFrom):
        assert node.level == 0, f"line {node.lineno}: relative import"
        return [f"{node.module}.{item.name}" for item in node.names]
    return []


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_nothing_banned(path: Path) -> None:
    assert list(banned(path)) == []


def test_the_ban_sees_what_it_bans(tmp_path: Path) -> None:
    bad = tmp_path / "bad.py"
    bad.write_text(
        "import pickle, random, time\nfrom datetime import datetime\n"
        "try:\n    eval('1')\nexcept:\n    datetime.now()\ntime.time()\n"
    )
    assert len(list(banned(bad))) == 6


SOCKETS = {"aiohttp", "socket", "ssl", "http", "urllib.request", "urllib3", "websockets", "httpx"}
OPENERS = {
    "client/asynchronous.py",
    "client/stream.py",
    "client/synchronous.py",
    "collect/transport.py",
    "market/venues/serving.py",
    "serve/alerts/webhook.py",
}
"""Who may open a socket: the client, the collector towards venues, venue servers on loopback, and
webhooks of alerts."""


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_only_the_transport_opens_sockets(path: Path) -> None:
    for node in ast.walk(tree_of(path)):
        for name in imported(node):
            parts = name.split(".")
            known = {".".join(parts[:n]) for n in range(1, len(parts) + 1)}
            if known & SOCKETS:
                assert name_of(path) in OPENERS, f"line {node.lineno}: imports {name}"


@pytest.mark.parametrize("statement", ["import tideline", "import tideline.cli"])
def test_importing_is_light(statement: str) -> None:
    code = f"import sys; {statement}; print(' '.join(m for m in {HEAVY!r} if m in sys.modules))"
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert ran.stdout.strip() == ""


def test_the_tree_names_no_place_of_one_machine() -> None:
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    place = re.compile(r"(?<![\w.])/(work|root|farm|home/\w+)/")
    for name in listed.stdout.split():
        path = ROOT / name
        if path.suffix in (".py", ".md", ".toml", ".yml", "") and path.is_file():
            found = place.search(path.read_text(encoding="utf-8", errors="replace"))
            assert not found, f"{name}: {found[0] if found else ''}"
