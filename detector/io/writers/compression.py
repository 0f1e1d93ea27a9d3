"""Compressed streams for writing, and for reading finished parts back."""

from __future__ import annotations

import gzip
import io
from pathlib import Path
from typing import IO, Any, cast

from detector.io.writers.formats import FormatError, split_suffix


def open_compressed(stream: IO[bytes], path: Path) -> io.BufferedIOBase:
    """The stream that compresses into another as the name says; closing it leaves that open."""
    compression = split_suffix(path)[1]
    if compression == ".gz":
        # Without the time the same rows give the same bytes.
        return gzip.GzipFile(fileobj=stream, mode="wb", mtime=0, filename="")
    if compression == ".zst":
        compressor = _import_zstandard().ZstdCompressor()
        opened: io.BufferedIOBase = compressor.stream_writer(stream, closefd=False)
        return opened
    return _Unclosed(stream)


def open_decompressed(path: Path) -> IO[bytes]:
    compression = split_suffix(path)[1]
    if compression == ".gz":
        return cast("IO[bytes]", gzip.open(path))
    if compression == ".zst":
        return cast("IO[bytes]", _import_zstandard().open(path))
    return path.open("rb")


class _Unclosed(io.BufferedIOBase):
    """A stream that stays open when this one is closed."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def writable(self) -> bool:
        return True

    def write(self, content: Any) -> int:
        return self._stream.write(content)


def _import_zstandard() -> Any:
    try:
        import zstandard
    except ImportError as error:
        raise FormatError(
            "Zstandard needs zstandard: pip install 'mt-artifact-detector[batch]'"
        ) from error
    return zstandard
