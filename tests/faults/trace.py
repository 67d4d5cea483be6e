"""The system calls of a child, as operations on the files under one directory.

``strace`` sees what our file layer, SQLite and the Delta writer do alike, with every byte.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

CALLS = (
    "openat,creat,pwrite64,write,writev,pwritev,fsync,fdatasync,rename,renameat,renameat2,link,"
    "linkat,unlink,unlinkat,mkdir,mkdirat,rmdir,ftruncate,fallocate,copy_file_range,lseek"
)
_LINE = re.compile(r"^(\d+) +(.*)$")
_CALL = re.compile(r"^(\w+)\((.*)\) += (-?\d+|\?)(<[^>]*>)?.*$", re.S)
_FD = re.compile(r"^(\d+)<([^>]*)>")
_TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')


@dataclass(frozen=True, slots=True)
class Op:
    """One operation. ``kind``: create, truncate, write, fsync, rename, link, unlink, mkdir, say."""

    kind: str
    path: str = ""
    target: str = ""
    offset: int = 0
    data: bytes = b""


def missing() -> str | None:
    """Why system calls cannot be traced here; None when they can."""
    if shutil.which("strace") is None:
        return "strace is not installed"
    probe = subprocess.run(
        ["strace", "-o", "/dev/null", "true"], capture_output=True, text=True, check=False
    )
    return None if probe.returncode == 0 else f"strace cannot trace here: {probe.stderr.strip()}"


def record(root: Path, log: Path, seed: int, commits: int, planted: str = "") -> list[Op]:
    """Run the workload on ``root`` under strace; its operations in the order they completed."""
    watch = ["strace", "-f", "--seccomp-bpf", "-y", "-xx", "-s", "100000000", "-o", str(log)]
    child = [sys.executable, "-B", "-m", "tests.faults.workload"]
    life = [str(root), str(seed), str(commits), planted]
    command = [*watch, "-e", f"trace={CALLS}", *child, *life]
    subprocess.run(command, check=True, stdout=subprocess.PIPE, timeout=300)
    return list(_operations(log, str(root)))


def _calls(log: Path) -> Iterator[tuple[str, str, int, str]]:
    """(name, arguments, result, path behind the result) of each call that succeeded."""
    waiting: dict[str, str] = {}
    with log.open(encoding="ascii") as lines:
        for line in lines:
            found = _LINE.match(line)
            if found is None:
                continue
            pid, text = found.groups()
            if text.endswith("<unfinished ...>"):
                waiting[pid] = text.removesuffix("<unfinished ...>").rstrip(" ")
                continue
            if text.startswith("<... "):
                text = waiting.pop(pid, "") + text.partition("resumed>")[2]
            call = _CALL.match(text)
            if call is None or call[3] == "?" or int(call[3]) < 0:
                continue
            yield call[1], call[2], int(call[3]), _plain((call[4] or "<>")[1:-1])


def _operations(log: Path, root: str) -> Iterator[Op]:
    offsets: dict[str, int] = {}
    for name, arguments, result, opened in _calls(log):
        if name in ("openat", "creat"):
            path = opened.removesuffix("(deleted)")
            flags = arguments.rpartition('"')[2]
            if path.startswith(root + "/") and not path.endswith("-shm"):
                offsets[str(result)] = 0
                if "O_CREAT" in flags:
                    yield Op("create", path)
                if "O_TRUNC" in flags:
                    yield Op("truncate", path)
            continue
        yield from _operation(name, arguments, result, root, offsets)


def _operation(
    name: str, arguments: str, result: int, root: str, offsets: dict[str, int]
) -> Iterator[Op]:
    fd = _FD.match(arguments)
    path = _plain(fd[2]) if fd else ""
    texts = [bytes.fromhex(text.replace("\\x", "")) for text in _TEXT.findall(arguments)]
    if name == "write" and fd is not None and fd[1] == "1":
        yield Op("say", data=texts[0])
        return
    inside = path == root or path.startswith(root + "/")
    if fd is not None and (not inside or path.endswith("-shm")) and "AT_FDCWD" not in arguments:
        return
    if name in ("write", "writev"):
        start = offsets.get(fd[1], 0)  # type: ignore[index]
        yield Op("write", path, offset=start, data=b"".join(texts)[:result])
        offsets[fd[1]] = start + result  # type: ignore[index]
    elif name == "lseek":
        offsets[fd[1]] = result  # type: ignore[index]
    elif name in ("pwrite64", "pwritev"):
        offset = int(arguments.rpartition(",")[2])
        yield Op("write", path, offset=offset, data=b"".join(texts)[:result])
    elif name in ("fsync", "fdatasync"):
        yield Op("fsync", path)
    elif name == "ftruncate":
        yield Op("truncate", path, offset=int(arguments.rpartition(",")[2]))
    else:
        yield from _naming(name, [text.decode() for text in texts], root)


def _naming(name: str, paths: list[str], root: str) -> Iterator[Op]:
    if not paths or not paths[0].startswith(root) or paths[0].endswith("-shm"):
        return
    kind = name.removesuffix("at2").removesuffix("at") if name != "rmdir" else "unlink"
    if kind not in ("rename", "link", "unlink", "mkdir"):
        raise AssertionError(f"a call the crash model does not know: {name} {paths}")
    yield Op(kind, paths[0], target=paths[1] if len(paths) > 1 else "")


def _plain(text: str) -> str:
    return bytes.fromhex(text.replace("\\x", "")).decode() if text.startswith("\\x") else text
