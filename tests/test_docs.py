"""The documentation says what is there: commands, links, printed pages, examples."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from tideline.cli.app import tideline

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def commands(text: str) -> Iterator[list[str]]:
    """Every `tideline …` that stands in code: a fence, an indented block or backticks."""
    joined = re.sub(r"\\\n\s*", " ", text)
    spans = re.findall(r"`(tideline [^`\n]+)`", joined)
    fences = "\n".join(re.findall(r"```\w*\n(.*?)```", joined, re.DOTALL))
    lines = re.findall(r"^(?:\$ )?(tideline [a-z-]+.*)$", fences, re.MULTILINE)
    lines += re.findall(r"^ {4,}(?:\$ )?(tideline [a-z-]+.*)$", joined, re.MULTILINE)
    for found in (*spans, *lines):
        yield found.split("#")[0].split()[1:]


def wrong(words: list[str]) -> str | None:
    """What of a command does not exist: a name on the way down the tree, or an option."""
    node: click.Command = tideline
    context = click.Context(node, info_name="tideline")
    words = [word for word in words if word not in ("…", "...")]
    while isinstance(node, click.Group) and words and re.fullmatch(r"[a-z][a-z-]*", words[0]):
        found = node.get_command(context, words[0])
        if found is None:
            return words[0]
        node, words = found, words[1:]
    options = {name for param in node.params for name in param.opts} | {"--help", "-h"}
    for word in words:
        if word.startswith("--") and word.partition("=")[0].rstrip(",.;)") not in options:
            return f"{node.name} {word}"
    return None


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_command_named_exists(page: Path) -> None:
    for words in commands(page.read_text(encoding="utf-8")):
        assert wrong(words) is None, " ".join(words)


def test_a_command_that_does_not_exist_is_seen() -> None:
    assert wrong(["fetch", "--store", "S"]) == "fetch"
    assert wrong(["scan", "--stoer", "S"]) == "scan --stoer"
    assert wrong(["features", "--store", "S", "--asset", "BTC"]) is None
    named = list(commands((ROOT / "README.md").read_text(encoding="utf-8")))
    assert ["features"] in [words[:1] for words in named]


def test_every_command_there_is_stands_in_the_guide() -> None:
    guide = (ROOT / "docs" / "guides" / "cli.md").read_text(encoding="utf-8")
    for name in tideline.list_commands(click.Context(tideline)):
        assert f"`tideline {name}`" in guide


def test_every_command_teaches() -> None:
    context = click.Context(tideline)
    for name in tideline.list_commands(context):
        command = tideline.get_command(context, name)
        assert command is not None
        assert command.help, name
        for option in command.params:
            if isinstance(option, click.Option):
                assert option.help, f"{name} {option.opts}"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_inside_resolve(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    links = [*re.findall(r"\]\(([^)\s]+)\)", text), *re.findall(r'src="([^"]+)"', text)]
    for link in links:
        if re.match(r"[a-z]+:", link):
            continue
        target, _, anchor = link.partition("#")
        path = (page.parent / target).resolve() if target else page
        assert path.exists(), link
        if anchor:
            assert anchor in anchors(path), link


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    plain = [re.sub(r"[^\w\- ]", "", heading.lower()).strip() for heading in headings]
    return {re.sub(r"[\s]+", "-", text) for text in plain}


def test_make_targets_named_exist() -> None:
    made = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for page in PAGES:
        named = re.findall(r"(?:`|^\$ |^ {4})make ([a-z-]+)", page.read_text(), re.MULTILINE)
        assert set(named) <= made, name_of(page)


def test_printed_pages_are_what_the_catalogues_print() -> None:
    ran = subprocess.run(
        [sys.executable, "scripts/print_pages.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_python_in_fences_is_python(page: Path) -> None:
    for block in re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
        ast.parse(block)


def test_the_settings_page_has_every_setting() -> None:
    from tideline.settings import lines

    page = (ROOT / "docs" / "operations" / "index.md").read_text(encoding="utf-8")
    for line in lines():
        assert f"| `{line.env}` | `{line.default}` | {line.help} |" in page
