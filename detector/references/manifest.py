"""The one file that says which segments an index consists of."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

from detector.errors import DetectorError

FORMAT = "mt-artifact-detector-references"

FORMAT_VERSION = 1

MANIFEST = "manifest.json"

NEW_MANIFEST = "manifest.json.new"

_MANIFEST_LIMIT = 64 * 1024 * 1024


class ReferenceIndexError(DetectorError):
    """An index of originals cannot be found, trusted, read or written."""


@dataclass(frozen=True)
class Entry:
    """What the manifest knows of a segment.

    Attributes:
        name: its file.
        bytes: size of the file.
        documents: how many it holds, the deleted ones included.
        arrays: name → type, offset in bytes and length of each array in the file.
        deleted: how many documents of it are deleted.
        deleted_name: the file that lists them; "" if there are none.
    """

    name: str
    bytes: int
    documents: int
    arrays: Mapping[str, tuple[str, int, int]]
    deleted: int = 0
    deleted_name: str = ""


@dataclass(frozen=True)
class Manifest:
    entries: tuple[Entry, ...] = ()
    generation: int = 0

    @property
    def names(self) -> set[str]:
        """All files that the manifest counts on."""
        names = {entry.name for entry in self.entries}
        return names | {entry.deleted_name for entry in self.entries if entry.deleted_name}

    def to_bytes(self) -> bytes:
        body = {
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            "generation": self.generation,
            "segments": [asdict(entry) for entry in self.entries],
        }
        return json.dumps(body | {"checksum": _checksum(body)}).encode()


def _checksum(body: Mapping[str, Any]) -> str:
    plain = json.dumps(body, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(plain.encode()).hexdigest()


def _parse_manifest(content: bytes, path: Path) -> Manifest:
    try:
        body = json.loads(content)
    except ValueError as error:
        raise ReferenceIndexError(
            f"{path}: damaged or half written ({error}): build the index anew"
        ) from error
    if not isinstance(body, dict) or body.get("format") != FORMAT:
        raise ReferenceIndexError(f"{path.parent}: not an index of originals")
    if (version := body.get("format_version")) != FORMAT_VERSION:
        raise ReferenceIndexError(
            f"{path.parent}: an index of format {version}, where this package reads format "
            f"{FORMAT_VERSION}: build it anew, or use the package that wrote it"
        )
    stated = body.pop("checksum", None)
    if stated != _checksum(body):
        raise ReferenceIndexError(
            f"{path}: altered or damaged, its checksum does not hold: build the index anew"
        )
    entries = tuple(
        Entry(**{**entry, "arrays": {k: tuple(v) for k, v in entry["arrays"].items()}})
        for entry in body["segments"]
    )
    return Manifest(entries, body["generation"])


def read_manifest(folder: Path) -> Manifest:
    path = folder / MANIFEST
    try:
        with path.open("rb") as stream:
            content = stream.read(_MANIFEST_LIMIT)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ReferenceIndexError(explain_absence(folder)) from error
    except OSError as error:
        raise ReferenceIndexError(f"{path}: cannot be read: {error.strerror}") from error
    return _parse_manifest(content, path)


def explain_absence(folder: Path) -> str:
    if not folder.exists():
        return f"{folder}: no such folder: build an index there first"
    if not folder.is_dir():
        return f"{folder}: a file where the folder of an index is meant"
    return f"{folder}: not an index of originals (it holds no {MANIFEST})"


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Put a manifest in place of the old one, in one step that survives a power cut."""
    fresh = folder / NEW_MANIFEST
    with fresh.open("wb") as stream:
        stream.write(manifest.to_bytes())
        flush_to_disk(stream)
    fresh.replace(folder / MANIFEST)
    flush_folder(folder)


def flush_to_disk(stream: BinaryIO) -> None:
    stream.flush()
    os.fsync(stream.fileno())


def flush_folder(folder: Path) -> None:
    if os.name != "posix":  # elsewhere a folder cannot be opened
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
