"""Archive files as bytes: zips and csvs, checked, capped, never unpacked to disk."""

from __future__ import annotations

import hashlib
import zipfile
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from tideline.domain.errors import BadFile

MAX_BYTES = 512 * 2**20
"""Decompressed size of one member: a month of 1 s klines is 300 MB, a bomb is more."""

MAX_MEMBERS = 64
ARCHIVES = (".zip", ".csv")


@dataclass(frozen=True, slots=True)
class Content:
    """One csv: where it came from, its bytes, and the sha256 of those bytes.

    The hash is of the csv, not of the zip around it, so a re-zipped file is the same file.
    """

    path: Path
    name: str
    body: bytes
    sha256: str


def archive_paths(paths: Iterable[str | Path]) -> list[Path]:
    """The zips and csvs at ``paths`` (folders are searched), in file-name order.

    Raises:
        BadFile: nothing there, or something that is neither zip nor csv.
    """
    found: dict[Path, None] = {}
    for given in map(Path, paths):
        if given.is_dir():
            inside = [p for p in given.rglob("*") if p.suffix.lower() in ARCHIVES and p.is_file()]
            if not inside:
                raise BadFile(given, "holds no zip and no csv")
            found.update(dict.fromkeys(inside))
        elif not given.is_file():
            raise BadFile(given, "does not exist")
        elif given.suffix.lower() not in ARCHIVES:
            raise BadFile(given, "is neither a zip nor a csv", f"{given.stem}.zip")
        else:
            found[given] = None
    if not found:
        raise BadFile(
            "", "no file given", "a folder of archives, or BTCUSDT-metrics-2026-02-05.zip"
        )
    return sorted(found, key=lambda path: (path.name, str(path)))


def read_archive(path: Path) -> list[Content]:
    """The csvs in one file, its checksum confirmed where a CHECKSUM file stands beside it.

    Raises:
        BadFile: unreadable, broken, too large, a member outside its folder, or a wrong checksum.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise BadFile(path, f"cannot be read: {error.strerror or error}") from None
    _confirm(path, raw)
    if path.suffix.lower() == ".csv":
        return [Content(path, path.name, raw, hashlib.sha256(raw).hexdigest())]
    return _members(path)


def _confirm(path: Path, raw: bytes) -> None:
    beside = path.with_name(path.name + ".CHECKSUM")
    if not beside.is_file():
        return
    words = beside.read_text("utf-8", errors="replace").split()
    if not words or len(words[0]) != 64:
        raise BadFile(beside, "is not a sha256 checksum")
    found = hashlib.sha256(raw).hexdigest()
    if words[0].lower() != found:
        raise BadFile(path, f"does not match its CHECKSUM (file {found}, expected {words[0]})")


def _members(path: Path) -> list[Content]:
    found = []
    try:
        with zipfile.ZipFile(path) as archive:
            members = [info for info in archive.infolist() if not info.is_dir()]
            if not 0 < len(members) <= MAX_MEMBERS:
                raise BadFile(path, f"holds {len(members)} files, not 1 to {MAX_MEMBERS}")
            for info in members:
                body = _read(path, archive, info)
                name = PurePosixPath(info.filename).name
                found.append(Content(path, name, body, hashlib.sha256(body).hexdigest()))
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError) as error:
        raise BadFile(path, f"is a broken zip: {error}") from None
    return found


def _read(path: Path, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    inner = PurePosixPath(info.filename.replace("\\", "/"))
    if inner.is_absolute() or ".." in inner.parts:
        raise BadFile(path, f"holds a member outside its folder: {info.filename!r}")
    if inner.suffix.lower() != ".csv":
        raise BadFile(path, f"holds {info.filename!r}, which is no csv")
    with archive.open(info) as stream:
        body = stream.read(MAX_BYTES + 1)
    if len(body) > MAX_BYTES:
        raise BadFile(path, f"unpacks to more than {MAX_BYTES} bytes")
    return body
