"""The lines of a stream, in bounded memory: those of CSV and of JSON lines."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator

from detector.io.faults import ROW_LIMIT_BYTES

_PIECE = 64 * 1024


def read_lines(stream: io.BufferedReader, encoding: str | None) -> Iterator[bytes | str | None]:
    """Each line; None stands for one that is too long to be held in memory.

    Args:
        stream: what to read.
        encoding: the one that a byte-order mark announces; lines are bytes unless it is wider
            than a byte.
    """
    if encoding in ("utf-16", "utf-32"):
        # Here a newline is more than a byte, so lines can only be told apart once decoded.
        decoded = io.TextIOWrapper(stream, encoding, errors="replace", newline="\n")
        yield from _split_lines(decoded, "\n")
        decoded.detach()
        return
    if encoding is not None:
        stream.read(len(codecs.BOM_UTF8))
    yield from _split_lines(stream, b"\n")


def _split_lines(
    stream: io.TextIOWrapper | io.BufferedReader, newline: str | bytes
) -> Iterator[bytes | str | None]:
    while line := stream.readline(ROW_LIMIT_BYTES + 1):
        if len(line) <= ROW_LIMIT_BYTES or line[-1:] == newline:
            yield line
            continue
        # The rest of it is passed over in small pieces.
        while line and line[-1:] != newline:
            line = stream.readline(_PIECE)
        yield None
