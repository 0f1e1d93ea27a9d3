"""Write JSON lines."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from detector.io.plain_values import make_plain
from detector.io.writers.cells import ON_SURROGATES, to_json
from detector.io.writers.compression import open_compressed, open_part

_PIECE = 1 << 20


class JsonWriter:
    """Writes an object a line.

    Args:
        stream: where to write.
        path: the file; its name tells the compression.
        columns: of no use here, where every row names its own.
    """

    def __init__(self, stream: IO[bytes], path: Path, columns: Sequence[str]) -> None:
        self._stream = open_compressed(stream, path)

    def write(self, row: Mapping[str, Any]) -> None:
        """Take the next row."""
        line = to_json({name: make_plain(value) for name, value in row.items()}) + "\n"
        self._stream.write(line.encode("utf-8", ON_SURROGATES))

    def finish(self) -> None:
        """Write what is still held: no row follows."""
        self._stream.close()

    def close(self) -> None:
        """Free the stream, be the rows written or not."""
        # On a full disk the end of a compressed stream has no place either.
        with suppress(OSError):
            self._stream.close()


def join_lines(
    parts: Sequence[Path], stream: IO[bytes], target: Path, columns: Sequence[str]
) -> None:
    """Write the lines of finished files into one; see `OutputFormat.join`."""
    # One frame, not the parts' frames as they are: not every reader looks behind the first.
    with open_compressed(stream, target) as joined:
        for part in parts:
            with open_part(part) as content:
                shutil.copyfileobj(content, joined, _PIECE)
