"""A model folder for a test, in one call."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from detector.model.bundle import Bundle
from detector.model.bundle_writing import NewBundle, write_bundles


def write_bundle(
    folder: Path, parts: Mapping[str, Any], *, name: str, seed: int, **rest: Any
) -> Bundle:
    """Write one folder; see `NewBundle` for the arguments."""
    return write_bundles([NewBundle(folder, parts, name, seed, **rest)])[0]
