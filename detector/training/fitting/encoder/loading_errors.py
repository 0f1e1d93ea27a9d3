"""Why a model of transformers could not be loaded, in a line."""

from __future__ import annotations

import os
from pathlib import Path


def describe_loading_error(name: Path | str, error: Exception) -> str:
    """Say that the folder is missing, where `name` can only be one, else what the error says first.

    Args:
        name: what was to be loaded: a folder or a hub name.
        error: what came of it, with or without a message.
    """
    if _names_folder(str(name)) and not Path(name).exists():
        return "there is no such folder"
    return next(iter(str(error).splitlines()), type(error).__name__)


def _names_folder(name: str) -> bool:
    """Whether a name is none that a hub could have: those are ``name`` or ``owner/name``."""
    parts = name.replace(os.sep, "/").split("/")
    return len(parts) > 2 or parts[0] in ("", ".", "..", "~")
