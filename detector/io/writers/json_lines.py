"""Write JSON lines."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from detector.io.writers.cells import ON_SURROGATES, make_plain, to_json
from detector.io.writers.compression import open_compressed, open_decompressed

_PIECE = 1 << 20


class JsonWriter:
    def __init__(self, stream: IO[bytes], path: Path, columns: Sequence[str]) -> None:
        self._stream = open_compressed(stream, path)

    def write(self, row: Mapping[str, Any]) -> None:
        line = to_json({name: make_plain(value) for name, value in row.items()}) + "\n"
        self._stream.write(line.encode("utf-8", ON_SURROGATES))

    def finish(self) -> None:
        self._stream.close()

    def close(self) -> None:
        # On a full disk the end of a compressed stream has no place either.
        with suppress(OSError):
            self._stream.close()


def join_lines(
    parts: Sequence[Path], stream: IO[bytes], target: Path, columns: Sequence[str]
) -> None:
    # One frame, not the parts' frames as they are: not every reader looks behind the first.
    with open_compressed(stream, target) as joined:
        for part in parts:
            with open_decompressed(part) as content:
                shutil.copyfileobj(content, joined, _PIECE)
