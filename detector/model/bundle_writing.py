"""Write model folders in one step: all of them or none."""

from __future__ import annotations

import json
import platform
import shutil
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

from detector.errors import BundleError
from detector.io.atomic_files import replace_folder_whole
from detector.model import parts
from detector.model.bundle import Bundle
from detector.model.manifest import (
    MANIFEST,
    FileRecord,
    Manifest,
    check_name,
    compute_checksum,
    list_names,
    walk_files,
)
from detector.version import __version__

_RECORDED_LIBRARIES = ("numpy", "onnxruntime", "scikit-learn", "tokenizers", "torch")

Part = Any
"""A JSON value, a dict of arrays, bytes, or the path of a file or folder to copy."""


@dataclass(frozen=True)
class NewBundle:
    """A model folder that is to be written.

    Attributes:
        folder: where it goes; a model that is there already is replaced.
        parts: path inside the folder → content. The ending tells how it is stored: ".json" any
            JSON value, ".safetensors" a dict of arrays. Bytes are written, and a `Path` (a file,
            or a folder with all that is in it) is copied, as is.
        name, seed, corpora, thresholds, figures, licence, provenance: see `Manifest`.
        created: when; now, unless told.
    """

    folder: Path
    parts: Mapping[str, Part]
    name: str
    seed: int
    corpora: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    thresholds: Mapping[str, Any] = field(default_factory=dict)
    figures: Mapping[str, Any] = field(default_factory=dict)
    licence: str = ""
    provenance: str = ""
    created: datetime | None = None

    def fill(self, folder: Path) -> None:
        """Write parts and manifest into a folder that is empty."""
        for name, part in self.parts.items():
            _write_part(folder, name, part)
        moment = (self.created or datetime.now(UTC)).astimezone(UTC)
        files = {p.relative_to(folder).as_posix(): _record(p) for p in walk_files(folder)}
        manifest = Manifest(
            name=self.name,
            created=moment.isoformat(timespec="seconds"),
            versions=_list_versions(),
            seed=self.seed,
            corpora=self.corpora,
            thresholds=self.thresholds,
            figures=self.figures,
            licence=self.licence,
            provenance=self.provenance,
            files=files,
        )
        _write_json(folder / MANIFEST, manifest.to_dict())


def write_bundles(bundles: Sequence[NewBundle]) -> list[Bundle]:
    """Write model folders in one step: until all are on disk, none stands in its place.

    Raises:
        BundleError: a part cannot be stored, or a folder holds something other than a model.
    """
    with ExitStack() as stack:
        for bundle in bundles:
            check_target(bundle.folder, bundle.parts)
            fresh = stack.enter_context(replace_folder_whole(bundle.folder))
            bundle.fill(fresh)
            # What could not be opened afterwards must not be put in place now.
            Bundle.open(fresh).verify()
    return [Bundle.open(bundle.folder) for bundle in bundles]


def check_target(target: Path, names: Collection[str]) -> None:
    """Refuse a place where a folder cannot be put; see `write_bundles`.

    A model replaces a model alone, and a folder of something else, such as replay data, one
    without a document classifier.

    Args:
        target: where it shall go.
        names: its parts.

    Raises:
        BundleError: something else is there, or a link.
    """
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        raise BundleError(f"{target}: not a folder; name another place for the model")
    if not target.exists() or not any(target.iterdir()):
        return
    becomes_model, is_model = parts.CLASSIFIER in names, (target / parts.CLASSIFIER).is_file()
    if becomes_model != is_model or not (target / MANIFEST).is_file():
        expected = "a model" if becomes_model else "a model's replay data"
        raise BundleError(f"{target}: holds something other than {expected}; it is left as it is")


def _write_part(folder: Path, name: str, part: Part) -> None:
    path = folder / name
    if isinstance(part, Path) and part.is_dir():
        for source in walk_files(part):
            _write_part(folder, f"{name}/{source.relative_to(part).as_posix()}", source)
        return
    check_name(folder, name)
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(part, Path):
        shutil.copyfile(part, path)
    elif isinstance(part, bytes):
        path.write_bytes(part)
    else:
        _find_writer(name)(path, part)


def _find_writer(name: str) -> Callable[[Path, Part], None]:
    suffix = PurePosixPath(name).suffix
    if suffix not in _WRITERS:
        raise BundleError(
            f"{name}: give bytes or a path; only {list_names(_WRITERS)} take an object"
        )
    return _WRITERS[suffix]


def _write_json(path: Path, value: Part) -> None:
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, indent=1)
    except (TypeError, ValueError) as error:
        raise BundleError(f"{path.name}: cannot be stored as JSON: {error}") from error
    path.write_text(text + "\n", encoding="utf-8")


def _write_arrays(path: Path, arrays: Part) -> None:
    try:
        packed = pack_arrays(arrays)
    except TypeError as error:
        raise BundleError(f"{path.name}: {error}") from error
    path.write_bytes(packed)  # safetensors' save_file leaves a file that only its owner may read


def pack_arrays(arrays: Mapping[str, Any]) -> bytes:
    """The content of a safetensors file; the same arrays give the same bytes.

    Raises:
        TypeError: one of them is not an array of numbers.
    """
    import numpy as np
    from safetensors.numpy import save

    for name, values in arrays.items():
        if not isinstance(values, np.ndarray) or values.dtype.hasobject:
            raise TypeError(f"{name!r} is not an array of numbers")
    # safetensors stores the memory as it lies: a transposed view would come back scrambled.
    return bytes(save({name: np.ascontiguousarray(values) for name, values in arrays.items()}))


_WRITERS: Mapping[str, Callable[[Path, Part], None]] = {
    ".json": _write_json,
    ".safetensors": _write_arrays,
}


def _record(path: Path) -> FileRecord:
    return FileRecord(sha256=compute_checksum(path), bytes=path.stat().st_size)


def _list_versions() -> dict[str, str]:
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as installed_version

    versions = {"python": platform.python_version(), "mt-artifact-detector": __version__}
    for library in _RECORDED_LIBRARIES:
        try:
            versions[library] = installed_version(library)
        except PackageNotFoundError:
            versions[library] = "not installed"
    return versions
