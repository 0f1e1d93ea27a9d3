"""Write a model folder in one step: all of it or nothing."""

from __future__ import annotations

import json
import os
import platform
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from detector.errors import BundleError
from detector.model.bundle import TRUSTED_TYPES, Bundle
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

if TYPE_CHECKING:
    pass


_RECORDED_LIBRARIES = ("numpy", "onnxruntime", "scikit-learn", "skops", "tokenizers", "torch")

Part = Any
"""A JSON value, a dict of arrays, an estimator, bytes, or the path of a file or folder to copy."""


def write_bundle(
    folder: str | os.PathLike[str],
    parts: Mapping[str, Part],
    *,
    name: str,
    seed: int,
    corpora: Mapping[str, Mapping[str, Any]] | None = None,
    thresholds: Mapping[str, Any] | None = None,
    figures: Mapping[str, Any] | None = None,
    licence: str = "",
    provenance: str = "",
    created: datetime | None = None,
) -> Bundle:
    """Write a model folder in one step: until all of it is on disk, nothing stands at `folder`.

    Args:
        folder: where the model goes; a model that is there already is replaced.
        parts: path inside the folder → content. The ending tells how it is stored: ".json" any
            JSON value, ".safetensors" a dict of arrays, ".skops" a fitted estimator. Bytes are
            written, and a `Path` (a file, or a folder with all that is in it) is copied, as is.
        name: the model's name.
        seed: the random seed of the training.
        corpora: name → SHA-256 and rows of what it was trained on.
        thresholds: false-positive rate → threshold and its bound.
        figures: the evaluation.
        licence: of the weights.
        provenance: where the training texts came from.
        created: when; now, unless told.

    Raises:
        BundleError: a part cannot be stored, or `folder` holds something other than a model.
    """
    target = Path(folder)
    moment = (created or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="seconds")
    with _replacing(target) as fresh:
        for part_name, part in parts.items():
            _write_part(fresh, part_name, part)
        manifest = Manifest(
            name=name,
            created=moment,
            versions=_current_versions(),
            seed=seed,
            corpora=corpora or {},
            thresholds=thresholds or {},
            figures=figures or {},
            licence=licence,
            provenance=provenance,
            files={path.relative_to(fresh).as_posix(): _record(path) for path in walk_files(fresh)},
        )
        _write_json(fresh / MANIFEST, manifest.to_dict())
        # What could not be opened afterwards must not be put in place now.
        Bundle.open(fresh)
    return Bundle.open(target)


@contextmanager
def _replacing(target: Path) -> Iterator[Path]:
    """A new folder beside the target that takes its place when the block ends without an error."""
    _check_target(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    workplace = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        fresh = workplace / "fresh"
        fresh.mkdir()
        yield fresh
        _swap(fresh, target, workplace / "replaced")
    finally:
        shutil.rmtree(workplace)


def _swap(fresh: Path, target: Path, aside: Path) -> None:
    if target.exists():
        target.rename(aside)
    try:
        fresh.rename(target)
    except OSError:
        if aside.exists():
            aside.rename(target)
        raise


def _check_target(target: Path) -> None:
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        raise BundleError(f"{target}: not a folder; name another place for the model")
    if target.exists() and any(target.iterdir()) and not (target / MANIFEST).is_file():
        raise BundleError(f"{target}: holds something other than a model; it is left as it is")


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
    import numpy as np
    from safetensors.numpy import save

    for name, values in arrays.items():
        if not isinstance(values, np.ndarray) or values.dtype.hasobject:
            raise BundleError(f"{path.name}: {name!r} is not an array of numbers")
    # safetensors stores the memory as it lies: a transposed view would come back scrambled.
    contiguous = {name: np.ascontiguousarray(values) for name, values in arrays.items()}
    path.write_bytes(save(contiguous))  # save_file leaves a file that only its owner may read


def _write_estimator(path: Path, estimator: Part) -> None:
    import skops.io

    skops.io.dump(estimator, path)
    if strangers := sorted(set(skops.io.get_untrusted_types(file=path)) - set(TRUSTED_TYPES)):
        raise BundleError(f"{path.name}: holds types not on the allow-list: {', '.join(strangers)}")


_WRITERS: Mapping[str, Callable[[Path, Part], None]] = {
    ".json": _write_json,
    ".safetensors": _write_arrays,
    ".skops": _write_estimator,
}


def _record(path: Path) -> FileRecord:
    return FileRecord(sha256=compute_checksum(path), bytes=path.stat().st_size)


def _current_versions() -> dict[str, str]:
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as installed_version

    versions = {"python": platform.python_version(), "mt-artifact-detector": __version__}
    for library in _RECORDED_LIBRARIES:
        try:
            versions[library] = installed_version(library)
        except PackageNotFoundError:
            versions[library] = "not installed"
    return versions
