"""A model folder: a manifest, checksums and parts that cannot run code when they are loaded.

`manifest.json` names every file with its size and SHA-256. A folder that is incomplete, altered,
foreign or newer than this package is refused before any part of it is read. The checksums find
damage; they do not prove who made the folder. What protects against a folder made by an enemy is
that nothing in it is executed: JSON, safetensors, ONNX, and scikit-learn estimators stored by
skops, whose every type must be on an allow-list.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from hashlib import file_digest
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from detector import __version__
from detector.errors import BundleError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Arrays = dict[str, npt.NDArray[np.generic]]

FORMAT = "mt-artifact-detector-bundle"
#: 2: discriminants, and a scale for each of two answers.
FORMAT_VERSION = 2
MANIFEST = "manifest.json"
MODEL_VARIABLE = "DETECTOR_MODEL"

# Types beyond those that skops trusts by itself (plain scikit-learn, numpy and scipy), read and
# found to do nothing but hold numbers.
TRUSTED_TYPES = (
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
)

# What a model is made of. Anything else, pickles, torch archives and code above all, stays out.
_ALLOWED_SUFFIXES = frozenset(
    {".csv", ".json", ".jsonl", ".log", ".md", ".model", ".onnx", ".safetensors", ".skops", ".txt"}
)
_ALLOWED_NAMES = frozenset({"LICENSE", "NOTICE"})
_MANIFEST_LIMIT = 16 * 1024 * 1024
_RECORDED_LIBRARIES = ("numpy", "onnxruntime", "scikit-learn", "skops", "tokenizers", "torch")

Part = Any
"""A JSON value, a dict of arrays, an estimator, bytes, or the path of a file or folder to copy."""


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
        thresholds: false-positive rate → threshold, bound and the articles it rests on.
        figures: the evaluation, as the model card shows it.
        licence: of the weights.
        provenance: where the texts came from that the model learnt from.
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


class Bundle:
    """A model folder whose manifest and checksums hold; every reader refuses unlisted names."""

    def __init__(self, folder: Path, manifest: Manifest, checksum: str) -> None:
        self.folder = folder
        self.manifest = manifest
        self.checksum = checksum

    @classmethod
    def open(cls, path: str | os.PathLike[str] | None = None) -> Bundle:
        """Verify a model folder, the default one where no path is given.

        Raises:
            BundleError: the folder is missing, foreign, newer, incomplete, altered or holds
                something that the manifest does not list; the message names the file.
        """
        folder = locate_model(path)
        manifest_path = folder / MANIFEST
        manifest = _parse_manifest(_read_manifest(folder), manifest_path)
        _verify_files(folder, manifest.files)
        return cls(folder, manifest, _checksum(manifest_path))

    @property
    def identifier(self) -> str:
        """Name and start of the checksum, "default@ab12cd34": what a signature shows."""
        return f"{self.manifest.name}@{self.checksum[:8]}"

    def path(self, name: str) -> Path:
        """Where a listed file lies, or a folder that holds listed files ("encoder")."""
        files = self.manifest.files
        if name in files or any(listed.startswith(f"{name}/") for listed in files):
            return self.folder / name
        raise BundleError(
            f"{self.folder}: this model has no part {name!r}; it holds {_names(files)}"
        )

    def read_json(self, name: str) -> Any:
        """The value of a JSON part."""
        try:
            return json.loads(self.path(name).read_bytes())
        except (ValueError, RecursionError) as error:
            raise BundleError(f"{self.folder / name}: not JSON: {error}") from error

    def read_arrays(self, name: str) -> Arrays:
        """The arrays of a safetensors part, by name."""
        from safetensors import SafetensorError
        from safetensors.numpy import load_file

        try:
            return load_file(self.path(name))
        except SafetensorError as error:
            raise BundleError(f"{self.folder / name}: not safetensors: {error}") from error

    def read_estimator(self, name: str) -> Any:
        """The fitted scikit-learn part, once every type in it is found on the allow-list.

        Imports scikit-learn and skops, which takes seconds: not for the way to a first verdict.
        """
        from zipfile import BadZipFile

        import skops.io

        path = self.path(name)
        try:
            found = skops.io.get_untrusted_types(file=path)
            if strangers := sorted(set(found) - set(TRUSTED_TYPES)):
                raise BundleError(
                    f"{path}: holds types that this package does not trust: {', '.join(strangers)}"
                )
            return skops.io.load(path, trusted=list(TRUSTED_TYPES))
        except (BadZipFile, KeyError, TypeError, ValueError) as error:
            raise BundleError(
                f"{path}: not a scikit-learn part that can be read: {error}"
            ) from error


def locate_model(path: str | os.PathLike[str] | None = None) -> Path:
    """The model folder to use: the argument, else $DETECTOR_MODEL, else the one shipped.

    The shipped one lies inside an installed package, or beside it in a checkout.
    """
    if path is not None:
        return Path(path)
    if named := os.environ.get(MODEL_VARIABLE):
        return Path(named)
    package = Path(__file__).parent
    shipped = (package / "models" / "default", package.parent / "models" / "default")
    for folder in shipped:
        if (folder / MANIFEST).is_file():
            return folder
    raise BundleError(
        f"no model is installed with this package (looked in {' and '.join(map(str, shipped))}); "
        f"name a model folder, or set {MODEL_VARIABLE}"
    )


# --------------------------------------------------------------------------------------
# Verifying
# --------------------------------------------------------------------------------------


def _read_manifest(folder: Path) -> dict[str, Any]:
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


def _parse_manifest(content: dict[str, Any], path: Path) -> Manifest:
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
        known = {entry.name: content[entry.name] for entry in fields(Manifest)}
        known["files"] = {name: FileRecord(**row) for name, row in known["files"].items()}
        return Manifest(**known)
    except (AttributeError, KeyError, TypeError) as error:
        raise BundleError(
            f"{path}: damaged (lacks or garbles {error}); fetch the model again"
        ) from error


def _verify_files(folder: Path, files: Mapping[str, FileRecord]) -> None:
    for name in files:
        _check_name(folder, name)
    present = {path.relative_to(folder).as_posix() for path in _walk(folder)} - {MANIFEST}
    if extra := sorted(present - set(files)):
        raise BundleError(
            f"{folder}: holds files that its manifest does not list: {_names(extra)}; remove them"
        )
    for name, record in files.items():
        _verify_file(folder / name, record)


def _check_name(folder: Path, name: str) -> None:
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


def _walk(folder: Path) -> Iterator[Path]:
    """Every file below a folder; a link is refused, since it may lead out."""
    for path in sorted(folder.rglob("*")):
        if path.is_symlink():
            raise BundleError(f"{path}: a link; a model holds plain files only")
        if not path.is_dir():
            yield path


def _verify_file(path: Path, record: FileRecord) -> None:
    if not path.is_file():
        raise BundleError(f"{path}: missing; fetch the model again")
    size = path.stat().st_size
    if size != record.bytes:
        raise BundleError(
            f"{path}: {size:,} bytes where {record.bytes:,} are listed: truncated or altered; "
            "fetch the model again"
        )
    if _checksum(path) != record.sha256:
        raise BundleError(f"{path}: altered: its checksum is not the listed one; fetch it again")


def _checksum(path: Path) -> str:
    with path.open("rb") as stream:
        return file_digest(stream, "sha256").hexdigest()


def _names(names: Mapping[str, Any] | list[str], most: int = 8) -> str:
    listed = sorted(names)
    more = f" and {len(listed) - most} more" if len(listed) > most else ""
    return ", ".join(listed[:most]) + more if listed else "nothing"


# --------------------------------------------------------------------------------------
# Writing
# --------------------------------------------------------------------------------------


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
            files={path.relative_to(fresh).as_posix(): _record(path) for path in _walk(fresh)},
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
        for source in _walk(part):
            _write_part(folder, f"{name}/{source.relative_to(part).as_posix()}", source)
        return
    _check_name(folder, name)
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
        raise BundleError(f"{name}: give bytes or a path; only {_names(_WRITERS)} take an object")
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
    return FileRecord(sha256=_checksum(path), bytes=path.stat().st_size)


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
