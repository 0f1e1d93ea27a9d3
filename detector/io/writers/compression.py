"""Compressed streams for writing, and for reading finished parts back."""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from detector.errors import MissingPackageError
from detector.io.compression import decompress

_COMPRESSIONS = frozenset({".gz", ".zst"})


def split_suffix(path: Path) -> tuple[str, str]:
    """The ending that names the format, and that of the compression behind it, "" without one.

    >>> split_suffix(Path("scored.CSV.gz"))
    ('.csv', '.gz')
    """
    last = path.suffix.lower()
    if last not in _COMPRESSIONS:
        return last, ""
    return Path(path.stem).suffix.lower(), last


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


@contextmanager
def open_part(path: Path) -> Iterator[io.BufferedReader]:
    """The content of a finished file, decompressed."""
    with path.open("rb") as stream:
        yield decompress(stream, path.name)


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
        raise MissingPackageError("Zstandard", "zstandard", "batch") from error
    return zstandard
