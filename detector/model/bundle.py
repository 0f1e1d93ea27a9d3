"""A model folder: a manifest, checksums and parts that cannot run code when they are loaded.

`manifest.json` names every file with its size and SHA-256. A folder that is incomplete, foreign or
newer than this package is refused when it is opened, and a part that was altered when it is read.
The checksums find damage; they do not prove who made the folder. What protects against a folder
made by an enemy is that nothing in it is executed: it is JSON, safetensors and ONNX.
"""

from __future__ import annotations

import json
import os
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from detector.errors import BundleError
from detector.model import parts
from detector.model.manifest import (
    MANIFEST,
    Manifest,
    check_listing,
    list_names,
    parse_manifest,
    read_manifest,
    verify_file,
)

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Arrays = dict[str, npt.NDArray[np.generic]]

MODEL_VARIABLE = "DETECTOR_MODEL"

#: Those of the project.
_MODELS = ("default", "accurate")


def _summarize(manifest: Manifest) -> str:
    lines = [
        f"{record.sha256}  {name}\n"
        for name, record in sorted(manifest.files.items())
        if name != parts.TRAINING_LOG
    ]
    return sha256("".join(lines).encode()).hexdigest()


class Bundle:
    """A folder with a manifest; every reader verifies what it reads by its checksum.

    Attributes:
        folder: where it lies: an absolute path, which holds wherever the process goes.
        manifest: what it says about itself.
        checksum: SHA-256 of the names and checksums of its files, but for the log of its training,
            which tells times: the same training gives the same.
    """

    def __init__(self, folder: Path, manifest: Manifest, checksum: str) -> None:
        self.folder = folder
        self.manifest = manifest
        self.checksum = checksum
        self._verified: set[str] = set()

    @classmethod
    def open(cls, path: str | os.PathLike[str] | None = None) -> Bundle:
        """Open a model folder, the default one where no path is given.

        Its manifest is read, and the names and sizes of its files are compared with it; their
        content is verified when it is read.

        Raises:
            BundleError: the folder is missing, foreign, of another format version, incomplete or
                holds something that the manifest does not list; the message names the file.
        """
        folder = locate_model(path)
        manifest_path = folder / MANIFEST
        manifest = parse_manifest(read_manifest(folder), manifest_path)
        check_listing(folder, manifest.files)
        return cls(folder.absolute(), manifest, _summarize(manifest))

    @property
    def identifier(self) -> str:
        """Name and start of the checksum, "default@ab12cd34": what a signature shows."""
        return f"{self.manifest.name}@{self.checksum[:8]}"

    def verify(self) -> None:
        """Verify every file.

        Raises:
            BundleError: one of them was altered since the folder was written.
        """
        for name in self.manifest.files:
            self._verify(name)

    def path(self, name: str) -> Path:
        """Where a listed file lies, or a folder of listed files ("encoder"), once verified.

        Raises:
            BundleError: nothing of that name is listed, or a file was altered.
        """
        files = self.manifest.files
        listed = [name] if name in files else [n for n in files if n.startswith(f"{name}/")]
        if not listed:
            raise BundleError(
                f"{self.folder}: this model has no part {name!r}; it holds {list_names(files)}"
            )
        for one in listed:
            self._verify(one)
        return self.folder / name

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

    def _verify(self, name: str) -> None:
        if name not in self._verified:
            verify_file(self.folder / name, self.manifest.files[name])
            self._verified.add(name)


def locate_model(path: str | os.PathLike[str] | None = None) -> Path:
    """The model folder to use: the argument, else $DETECTOR_MODEL, else the default model.

    Either may also name a model of the project ("accurate"), unless a folder is called so. These
    lie inside an installed package, or beside it in a checkout.

    Raises:
        BundleError: there is no such model of the project.
    """
    given = path if path is not None else os.environ.get(MODEL_VARIABLE) or None
    name = "default" if given is None else str(given)
    if given is not None and (name not in _MODELS or Path(name).exists()):
        return Path(given)
    places = _list_places(name)
    for folder in places:
        if (folder / MANIFEST).is_file():
            return folder
    looked = " and ".join(map(str, places))
    raise BundleError(
        f"the {name} model is not installed with this package (looked in {looked}); "
        f"name its folder (the project's repository has models/{name}), or set {MODEL_VARIABLE}"
    )


def _list_places(name: str) -> tuple[Path, Path]:
    package = Path(__file__).parent.parent
    return package / "models" / name, package.parent / "models" / name
