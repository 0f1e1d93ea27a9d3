"""The one file that says which segments an index consists of."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from detector.errors import DetectorError
from detector.io.atomic_files import replace_whole

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
    """Which segments an index consists of.

    Attributes:
        entries: what is known of each segment.
        generation: how many manifests of this index there were before.
    """

    entries: tuple[Entry, ...] = ()
    generation: int = 0

    @property
    def names(self) -> set[str]:
        """All files that the manifest counts on."""
        names = {entry.name for entry in self.entries}
        return names | {entry.deleted_name for entry in self.entries if entry.deleted_name}

    def to_bytes(self) -> bytes:
        """The manifest as JSON, with its own checksum."""
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
    """The manifest of an index.

    Raises:
        ReferenceIndexError: it is missing, damaged, or of another version.
    """
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
    """Why there is no index in a folder, and what to do."""
    if not folder.exists():
        return f"{folder}: no such folder: build an index there first"
    if not folder.is_dir():
        return f"{folder}: a file where the folder of an index is meant"
    return f"{folder}: not an index of originals (it holds no {MANIFEST})"


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Put a manifest in place of the old one, in one step that survives a power cut.

    The caller keeps other writers out.
    """
    with replace_whole(folder / MANIFEST, fresh_name=NEW_MANIFEST) as stream:
        stream.write(manifest.to_bytes())
