"""What takes rows, and why it may refuse to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from detector.errors import DetectorError


class FormatError(DetectorError):
    """A file's name tells no format that can be written."""


class RowWriter(Protocol):
    """What takes rows, one at a time."""

    def write(self, row: Mapping[str, Any]) -> None:
        """Take the next row."""

    def finish(self) -> None:
        """Write what is still held: no row follows."""

    def close(self) -> None:
        """Free what is held, be the rows written or not."""
