"""What a model folder says about itself, and whether its files are the ones that it lists."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from hashlib import file_digest
from pathlib import Path, PurePosixPath
from typing import Any

from detector.errors import BundleError
from detector.version import __version__

FORMAT = "mt-artifact-detector-bundle"

#: 7: pairs of which few words are compared have thresholds of their own.
FORMAT_VERSION = 7

MANIFEST = "manifest.json"

# What a model is made of. Anything else, pickles, torch archives and code above all, stays out.
_ALLOWED_SUFFIXES = frozenset({".json", ".jsonl", ".md", ".model", ".onnx", ".safetensors", ".txt"})

_ALLOWED_NAMES = frozenset({"LICENSE", "NOTICE"})

_MANIFEST_LIMIT = 16 * 1024 * 1024


@dataclass(frozen=True)
class FileRecord:
    """What the manifest knows of one file: its size in bytes and its SHA-256 in hexadecimal."""

    sha256: str
    bytes: int


@dataclass(frozen=True)
class Manifest:
    """What a model folder says about itself: the model card's figures and the list of its files.

    Attributes:
        name: the model's name, such as "default".
        created: when it was written, ISO 8601 in UTC.
        versions: of Python, this package and the libraries that fitted it.
        seed: the random seed of the training.
        corpora: name of each training corpus → its SHA-256 and number of rows.
        thresholds: false-positive rate → threshold, its bound and the articles that it rests on.
        figures: the evaluation, as the model card shows it.
        licence: of the weights.
        provenance: where the training texts came from.
        files: path inside the folder, with "/" → size and checksum.
    """

    name: str
    created: str
    versions: Mapping[str, str]
    seed: int
    corpora: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    thresholds: Mapping[str, Any] = field(default_factory=dict)
    figures: Mapping[str, Any] = field(default_factory=dict)
    licence: str = ""
    provenance: str = ""
    files: Mapping[str, FileRecord] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The content of `manifest.json`."""
        return {"format": FORMAT, "format_version": FORMAT_VERSION, **asdict(self)}


#: What each field of a manifest is in JSON.
_KINDS = {
    "name": str,
    "created": str,
    "versions": dict,
    "seed": int,
    "corpora": dict,
    "thresholds": dict,
    "figures": dict,
    "licence": str,
    "provenance": str,
    "files": dict,
}


def read_manifest(folder: Path) -> dict[str, Any]:
    """The content of a folder's `manifest.json`.

    Raises:
        BundleError: there is no such folder, or it holds no manifest of this package.
    """
    path = folder / MANIFEST
    if not folder.exists():
        raise BundleError(f"{folder}: no such model folder")
    if not folder.is_dir():
        raise BundleError(f"{folder}: a file; name the folder that holds {MANIFEST}")
    if not path.is_file():
        raise BundleError(f"{folder}: not a model of this package: it holds no {MANIFEST}")
    if path.stat().st_size > _MANIFEST_LIMIT:
        raise BundleError(f"{path}: larger than a manifest can be; fetch the model again")
    try:
        content = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise BundleError(f"{path}: damaged ({error}); fetch the model again") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise BundleError(f"{path}: not the manifest of a model of this package")
    return content


def parse_manifest(content: dict[str, Any], path: Path) -> Manifest:
    """The manifest that was read from `path`.

    Raises:
        BundleError: it is of another format version, or fields are missing or garbled.
    """
    number = content.get("format_version")
    if not isinstance(number, int) or number < 1:
        raise BundleError(f"{path}: damaged (format_version {number!r}); fetch the model again")
    if number < FORMAT_VERSION:
        raise BundleError(
            f"{path}: written in format {number}, and this package ({__version__}) reads format "
            f"{FORMAT_VERSION}: train the model anew on its pairs, from the shipped one"
        )
    if number > FORMAT_VERSION:
        raise BundleError(
            f"{path}: written in format {number}, and this package ({__version__}) reads "
            f"format {FORMAT_VERSION}; update mt-artifact-detector"
        )
    try:
        known = {
            entry.name: _take(content, entry.name, _KINDS[entry.name]) for entry in fields(Manifest)
        }
        known["files"] = {
            name: FileRecord(_take(row, "sha256", str), _take(row, "bytes", int))
            for name, row in known["files"].items()
        }
        return Manifest(**known)
    except (KeyError, TypeError) as error:
        raise BundleError(
            f"{path}: damaged (lacks or garbles {error}); fetch the model again"
        ) from error


def _take(content: Any, name: str, kind: type) -> Any:
    """A field of what JSON gave, which must be of this very type: `True` is no number.

    Raises:
        KeyError: it is missing.
        TypeError: it is of another type.
    """
    if not isinstance(content, dict):
        raise TypeError(f"what holds {name!r}")
    if type(content[name]) is not kind:
        raise TypeError(f"{name!r}, which is {type(content[name]).__name__}, not {kind.__name__}")
    return content[name]


def check_listing(folder: Path, files: Mapping[str, FileRecord]) -> None:
    """Refuse a folder that holds other files than its manifest lists; nothing is read.

    Raises:
        BundleError: a name leads out of the folder or is of a kind that a model does not hold, a
            file is missing, not listed or of another size, or there is a link.
    """
    for name in files:
        check_name(folder, name)
    present = {path.relative_to(folder).as_posix() for path in walk_files(folder)} - {MANIFEST}
    if extra := sorted(present - set(files)):
        raise BundleError(
            f"{folder}: holds files that its manifest does not list: {list_names(extra)}; "
            "remove them"
        )
    for name, record in files.items():
        _check_size(folder / name, record)


def check_name(folder: Path, name: str) -> None:
    """Refuse a manifest's path that leads out of the folder, or to something that runs."""
    parts = name.split("/")
    if any(part in ("", ".", "..") for part in parts) or "\\" in name or ":" in name:
        raise BundleError(f"{folder / MANIFEST}: lists {name!r}, which leads out of the folder")
    if not _is_allowed(name) or name == MANIFEST:
        raise BundleError(
            f"{folder / MANIFEST}: lists {name!r}; a model holds no file of that kind"
        )


def _is_allowed(name: str) -> bool:
    path = PurePosixPath(name)
    return path.suffix in _ALLOWED_SUFFIXES or path.name in _ALLOWED_NAMES


def walk_files(folder: Path) -> Iterator[Path]:
    """Every file below a folder, in order.

    Raises:
        BundleError: there is a link, which may lead out of the folder.
    """
    for path in sorted(folder.rglob("*")):
        if path.is_symlink():
            raise BundleError(f"{path}: a link; a model holds plain files only")
        if not path.is_dir():
            yield path


def _check_size(path: Path, record: FileRecord) -> None:
    if not path.is_file():
        raise BundleError(f"{path}: missing; fetch the model again")
    size = path.stat().st_size
    if size != record.bytes:
        raise BundleError(
            f"{path}: {size:,} bytes where {record.bytes:,} are listed: truncated or altered; "
            "fetch the model again"
        )


def verify_file(path: Path, record: FileRecord) -> None:
    """Read a file through, and refuse it if it is not the one that the manifest lists.

    Raises:
        BundleError: its size or its SHA-256 is another, or it is missing.
    """
    _check_size(path, record)
    if compute_checksum(path) != record.sha256:
        raise BundleError(f"{path}: altered: its checksum is not the listed one; fetch it again")


def compute_checksum(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as stream:
        return file_digest(stream, "sha256").hexdigest()


def list_names(names: Mapping[str, Any] | list[str], most: int = 8) -> str:
    """Names for a message: the first of them, and how many more there are."""
    listed = sorted(names)
    more = f" and {len(listed) - most} more" if len(listed) > most else ""
    return ", ".join(listed[:most]) + more if listed else "nothing"
