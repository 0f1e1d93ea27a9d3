"""Whether a file is still the one that was read: what a run that goes on later asks."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path


def describe_file(name: str) -> tuple[int, int] | None:
    """Size and time of the last change (ns) of a file; None of what is none, or cannot be seen."""
    with suppress(OSError, ValueError):
        path = Path(name)
        if path.is_file():
            state = path.stat()
            return state.st_size, state.st_mtime_ns
    return None
