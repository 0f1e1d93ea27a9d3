"""Bytes into text: byte-order marks, UTF-8, and what old pages are written in."""

from __future__ import annotations

import codecs
import re

from detector.io.faults import Fault, UnreadableError

# Longest first: the mark of UTF-16 is also the start of that of UTF-32.
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


_LOST = "\ufffd"

_NOT_ASCII = re.compile(r"[^\x00-\x7f]")

_NOT_IN_CP1252 = (b"\x81", b"\x8d", b"\x8f", b"\x90", b"\x9d")

_ENDS = "unexpected end of data"


def find_mark(content: bytes) -> str | None:
    """The encoding that a byte-order mark at the start announces."""
    for mark, encoding in _BYTE_ORDER_MARKS:
        if content.startswith(mark):
            return encoding
    return None


def decode(content: bytes, encoding: str | None = None) -> tuple[str, str | None]:
    r"""The text, and a note where its encoding had to be guessed or bytes of it are lost.

    UTF-8 in which a few bytes are damaged, or that is cut inside a character, is still UTF-8: only
    these are lost, and U+FFFD stands for them. What is neither marked nor UTF-8 is read as
    Windows-1252, by far the most common encoding of older English pages; text in another one comes
    out as gibberish that is not English.

    Args:
        content: the bytes.
        encoding: what a byte-order mark announces.

    Raises:
        UnreadableError: it is in none of these encodings.

    >>> decode(b"It rained in the caf\xe9.")
    ('It rained in the café.', 'byte 20 is not UTF-8: read as Windows-1252')
    """
    try:
        return content.decode(encoding or "utf-8"), None
    except UnicodeDecodeError as error:
        fault = error
    problem = f"byte {fault.start} is not {fault.encoding.upper()}"
    if encoding not in (None, "utf-8-sig"):
        text = _decode_cut(content, str(encoding), fault)
        if not text:
            raise _refuse(problem)
        return text + _LOST, f"{problem}: the text is cut there"
    text = content.decode(encoding or "utf-8", errors="replace")
    lost = text.count(_LOST) - content.count(_LOST.encode())
    sequences = len(_NOT_ASCII.findall(text)) - text.count(_LOST)
    loss = problem if lost == 1 else f"{problem}, nor are {lost - 1} others"
    as_utf8 = text, f"{loss}: lost"
    if encoding is not None or sequences >= lost or _is_cut_inside(content, fault):
        if lost > _allow(content, sequences):
            raise _refuse(problem)
        return as_utf8
    try:
        return content.decode("cp1252"), f"{problem}: read as Windows-1252"
    except UnicodeDecodeError as error:
        undefined = sum(content.count(byte) for byte in _NOT_IN_CP1252)
        if undefined > _allow(content, 0):
            raise _refuse(problem) from error
        if undefined >= lost:
            return as_utf8
        western = content.decode("cp1252", errors="replace")
        return western, f"{problem}: read as Windows-1252, in which {undefined} are lost"


def _decode_cut(content: bytes, encoding: str, fault: UnicodeDecodeError) -> str:
    """What stands before the end, where wide characters end in the midst of one."""
    if fault.end < len(content) - 2 or fault.reason not in ("truncated data", _ENDS):
        return ""
    return content[: fault.start].decode(encoding, errors="ignore")


def _is_cut_inside(content: bytes, fault: UnicodeDecodeError) -> bool:
    """Whether all that is wrong is a character at the end of which the last bytes are missing.

    A single byte there may be an accented letter of Windows-1252, if it ends a word.
    """
    if fault.reason != _ENDS:
        return False
    return len(content) - fault.start > 1 or not content[: fault.start][-1:].isalpha()


def _allow(content: bytes, sequences: int) -> int:
    """How many bytes may be lost of a text that goes beyond a few characters."""
    return max(min(1, len(content) // 10), len(content) // 100, sequences)


def _refuse(fault: str) -> UnreadableError:
    return UnreadableError(f"not text in a known encoding: {fault}", Fault.NOT_TEXT)
