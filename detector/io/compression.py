"""Decompress gzip and Zstandard as a stream, in bounded memory, up to where an archive breaks."""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from detector.io.faults import Fault, UnreadableError, explain_missing

GZIP, ZSTANDARD = "gzip", "zstd"

SUFFIXES = {".gz": GZIP, ".zst": ZSTANDARD, ".zstd": ZSTANDARD}

_MAGIC = {GZIP: b"\x1f\x8b\x08", ZSTANDARD: b"\x28\xb5\x2f\xfd"}

_LONGEST_MAGIC = max(map(len, _MAGIC.values()))

_PIECE = 64 * 1024

# A block of 4 bytes may hold 128 KiB of one repeated byte: 1 KiB in is at most 32 MiB out.
_ZSTANDARD_PIECE = 1024

_WITH_GZIP_HEADER = 16 + zlib.MAX_WBITS


class DamagedArchiveError(UnreadableError):
    """An archive that can be decompressed no further; what came before was handed out."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason, Fault.DAMAGED)


def find_compression(start: bytes) -> str | None:
    """The compression that the first bytes of a file announce."""
    return next((kind for kind, magic in _MAGIC.items() if start.startswith(magic)), None)


def find_named_compression(name: str) -> str | None:
    """The compression that a file's name announces."""
    return SUFFIXES.get(Path(name).suffix.lower())


def strip_compression(name: str) -> str:
    """A file's name without the ending that announces a compression.

    >>> strip_compression("news/a.csv.gz")
    'a.csv'
    """
    path = Path(name)
    return path.stem if find_named_compression(name) else path.name


def decompress(stream: io.BufferedReader, name: str) -> io.BufferedReader:
    """What a file holds, decompressed if its first bytes say that it is compressed.

    Args:
        stream: the file.
        name: its name.

    Raises:
        UnreadableError: the name announces a compression and the content does not, or the
            library for it is missing.
        DamagedArchiveError: while reading, where the archive is cut off or broken.
    """
    if not (start := stream.peek(_LONGEST_MAGIC)):
        return stream
    compression = find_compression(start)
    if (named := find_named_compression(name)) not in (None, compression):
        raise UnreadableError(f"no {named} archive, although its name says so", Fault.DAMAGED)
    return stream if compression is None else open_decompressed(stream, compression)


def open_decompressed(stream: BinaryIO, kind: str) -> io.BufferedReader:
    """What an archive holds, members or frames that follow one another joined.

    Raises:
        UnreadableError: the library is missing.
        DamagedArchiveError: while reading, where the archive is cut off or broken.
    """
    raw = GzipStream(stream) if kind == GZIP else _ZstandardStream(stream)
    return io.BufferedReader(raw, _PIECE)


class _PieceStream(io.RawIOBase):
    """A raw stream made of `_next_piece`, which gives b"" at the end."""

    def __init__(self) -> None:
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        """It is, and neither writable nor seekable."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer with what is left of a piece, or with the next one."""
        if not self._rest:
            self._rest = memoryview(self._next_piece())
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count

    def _next_piece(self) -> bytes:
        raise NotImplementedError


class GzipStream(_PieceStream):
    """The joined members of a gzip file, a piece of one member at a time.

    Unlike `gzip.GzipFile` it knows where each member starts and can go on behind a broken one:
    web archives compress each record on its own.

    Attributes:
        member_offset: where in the file the member of the last piece starts.
    """

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__()
        self._stream = stream
        self._compressed = b""
        self._behind = 0  # offset in the file behind `_compressed`
        self._member: Any = None
        self.member_offset = 0

    def _next_piece(self) -> bytes:
        while True:
            if not self._compressed and not self._refill():
                if self._member is not None:
                    raise DamagedArchiveError(
                        "gzip archive cut off: what stood behind the break is lost"
                    )
                return b""
            if self._member is None and not self._start_member():
                continue
            if piece := self._decompress():
                return piece

    def _refill(self) -> bool:
        piece = self._stream.read(_PIECE)
        self._compressed += piece
        self._behind += len(piece)
        return bool(piece)

    def _start_member(self) -> bool:
        # Tape blocks are filled up with zeros.
        self._compressed = self._compressed.lstrip(b"\0")
        if not self._compressed:
            return False
        self.member_offset = self._behind - len(self._compressed)
        self._member = zlib.decompressobj(_WITH_GZIP_HEADER)
        return True

    def _decompress(self) -> bytes:
        try:
            piece: bytes = self._member.decompress(self._compressed, _PIECE)
        except zlib.error as error:
            fault = str(error).rpartition(": ")[2]
            raise DamagedArchiveError(
                f"gzip archive damaged ({fault}): what stood behind the break is lost"
            ) from error
        if self._member.eof:
            self._compressed, self._member = self._member.unused_data, None
        else:
            self._compressed = self._member.unconsumed_tail
        return piece

    def resume(self) -> bool:
        """Go to the next member behind a broken one; False where there is none."""
        if self._stream.seekable():
            self._behind = self._stream.seek(self.member_offset + 1)
            self._compressed = b""
        else:
            self._compressed = self._compressed[1:]
        self._rest, self._member = memoryview(b""), None
        while (place := self._compressed.find(_MAGIC[GZIP])) < 0:
            # The start of a member may lie across two pieces.
            self._compressed = self._compressed[-2:]
            if not self._refill():
                self._compressed = b""
                return False
        self._compressed = self._compressed[place:]
        return True


class _ZstandardStream(_PieceStream):
    """The joined frames of a Zstandard file; unlike the library's stream it notices a lost end."""

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__()
        self._pieces = _decompress_frames(stream)

    def _next_piece(self) -> bytes:
        return next(self._pieces, b"")


def _decompress_frames(stream: BinaryIO) -> Iterator[bytes]:
    try:
        import zstandard
    except ImportError as error:
        raise explain_missing("Zstandard archives", "zstandard") from error
    compressed, frame = b"", None
    while compressed := compressed or stream.read(_ZSTANDARD_PIECE):
        frame = frame or zstandard.ZstdDecompressor().decompressobj()
        try:
            piece = frame.decompress(compressed)
        except zstandard.ZstdError as error:
            fault = str(error).rpartition(": ")[2]
            raise DamagedArchiveError(
                f"zstd archive damaged ({fault}): what stood behind the break is lost"
            ) from error
        compressed = frame.unused_data if frame.eof else b""
        frame = None if frame.eof else frame
        if piece:
            yield piece
    if frame is not None:
        raise DamagedArchiveError("zstd archive cut off: what stood behind the break is lost")
