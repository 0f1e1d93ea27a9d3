"""Bodies of HTTP as they were sent: taken out of their chunks, and decompressed."""

from __future__ import annotations

import re
import zlib

from detector.io.compression import GZIP, find_compression
from detector.io.faults import ROW_LIMIT_BYTES, UnreadableError
from detector.io.readers.html import PAGE_TOO_LONG

_CODINGS = frozenset({"", "identity", "none", "gzip", "x-gzip", "deflate"})

_CHUNK = re.compile(rb"([0-9a-f]{1,8})[ \t]*(?:;[^\r\n]*)?\r\n", re.IGNORECASE)

_END_OF_LINE = re.compile(rb"\r?\n")

# What is decompressed at once is lost where the fault lies in it.
_PIECE = 1024

_WITH_GZIP_HEADER = 16 + zlib.MAX_WBITS


def decode_body(body: bytes, transfer: str, content: str) -> tuple[bytes, str | None]:
    """The body without its codings, and a note where it breaks off inside one.

    A body that is not coded as its headers say was decoded by who archived it, and stays so.

    Args:
        body: as it was sent.
        transfer: the header Transfer-Encoding; what it names besides chunks and compressions is
            passed over.
        content: the header Content-Encoding.

    Raises:
        UnreadableError: a content coding is unknown, a coding is broken from its start, or the body
            is too long for a page.
    """
    cut = None
    for name, codings in (("Transfer", _split(transfer)), ("Content", _split(content))):
        if name == "Content" and not _CODINGS.issuperset(codings):
            raise UnreadableError(f"its Content-Encoding {content.strip()!r} cannot be decoded")
        for coding in reversed(codings):
            body, is_whole = _decode(body, coding)
            if not (body or is_whole):
                raise UnreadableError(f"its {name}-Encoding is broken")
            cut = cut or (None if is_whole else f"cut off inside its {name}-Encoding")
    return body, cut


def _split(header: str) -> list[str]:
    return [coding.strip().lower() for coding in header.split(",")]


def _decode(body: bytes, coding: str) -> tuple[bytes, bool]:
    """The body without this coding, and whether all of it is there."""
    match coding:
        case "chunked":
            return _join_chunks(body)
        case "gzip" | "x-gzip" if find_compression(body) == GZIP:
            return _decompress(body, _WITH_GZIP_HEADER)
        case "deflate":
            # With a header, as the standard has it, or without, as some servers do.
            for window in (zlib.MAX_WBITS, -zlib.MAX_WBITS):
                content, is_whole = _decompress(body, window)
                if content:
                    return content, is_whole
            if _opens_zlib(body):
                return b"", False
    return body, True


def _opens_zlib(body: bytes) -> bool:
    """Whether a body begins as zlib's format does (RFC 1950), which no page does."""
    return len(body) > 1 and body[0] & 0x0F == 8 and int.from_bytes(body[:2], "big") % 31 == 0


def _join_chunks(body: bytes) -> tuple[bytes, bool]:
    joined, at = bytearray(), 0
    while head := _CHUNK.match(body, at):
        size = int(head[1], 16)
        if size == 0:
            return bytes(joined), True
        at = head.end() + size
        joined += body[head.end() : at]
        end = _END_OF_LINE.match(body, at)
        if end is None:
            return bytes(joined), False
        at = end.end()
    return (bytes(joined), False) if at else (body, True)


def _decompress(packed: bytes, window: int) -> tuple[bytes, bool]:
    """What a body holds, members of gzip that follow one another joined."""
    content, at = bytearray(), 0
    decompressor = zlib.decompressobj(window)
    while at < len(packed):
        piece = packed[at : at + _PIECE]
        try:
            content += decompressor.decompress(piece, ROW_LIMIT_BYTES + 1 - len(content))
        except zlib.error:
            return bytes(content), False
        if len(content) > ROW_LIMIT_BYTES:
            raise UnreadableError(PAGE_TOO_LONG)
        at += len(piece) - len(decompressor.unused_data)
        if decompressor.eof:
            if find_compression(packed[at : at + 4]) != GZIP:
                return bytes(content), True
            decompressor = zlib.decompressobj(window)
    return bytes(content), False
