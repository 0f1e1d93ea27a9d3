"""A model folder: a manifest, checksums and parts that cannot run code when they are loaded.

`manifest.json` names every file with its size and SHA-256. A folder that is incomplete, altered,
foreign or newer than this package is refused before any part of it is read. The checksums find
damage; they do not prove who made the folder. What protects against a folder made by an enemy is
that nothing in it is executed: JSON, safetensors and ONNX.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from detector.errors import BundleError
from detector.model.manifest import (
    MANIFEST,
    Manifest,
    compute_checksum,
    list_names,
    parse_manifest,
    read_manifest,
    verify_files,
)

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


if TYPE_CHECKING:
    Arrays = dict[str, npt.NDArray[np.generic]]

MODEL_VARIABLE = "DETECTOR_MODEL"

# Types beyond those that skops trusts by itself (plain scikit-learn, numpy and scipy), read and
# found to do nothing but hold numbers.
TRUSTED_TYPES = (
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
)


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
        manifest = parse_manifest(read_manifest(folder), manifest_path)
        verify_files(folder, manifest.files)
        return cls(folder, manifest, compute_checksum(manifest_path))

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
            f"{self.folder}: this model has no part {name!r}; it holds {list_names(files)}"
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
    package = Path(__file__).parent.parent
    shipped = (package / "models" / "default", package.parent / "models" / "default")
    for folder in shipped:
        if (folder / MANIFEST).is_file():
            return folder
    raise BundleError(
        f"no model is installed with this package (looked in {' and '.join(map(str, shipped))}); "
        f"name a model folder, or set {MODEL_VARIABLE}"
    )
