"""Bytes into text: byte-order marks, UTF-8, and what old pages are written in."""

from __future__ import annotations

import codecs

from detector.io.faults import Fault, UnreadableError

# Longest first: the mark of UTF-16 is also the start of that of UTF-32.
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def find_mark(content: bytes) -> str | None:
    """The encoding that a byte-order mark at the start announces."""
    for mark, encoding in _BYTE_ORDER_MARKS:
        if content.startswith(mark):
            return encoding
    return None


def decode(content: bytes, encoding: str | None = None) -> tuple[str, str | None]:
    """The text, and a note where its encoding had to be guessed.

    What is neither marked nor UTF-8 is read as Windows-1252, by far the most common encoding of
    older English pages; text in another one comes out as gibberish that is not English.

    Raises:
        UnreadableError: it is in none of these encodings.
    """
    try:
        return content.decode(encoding or "utf-8"), None
    except UnicodeDecodeError as error:
        fault = f"byte {error.start} is not {error.encoding.upper()}"
        if encoding is not None:
            raise _refuse(fault) from error
    try:
        return content.decode("cp1252"), f"{fault}: read as Windows-1252"
    except UnicodeDecodeError as error:
        raise _refuse(fault) from error


def _refuse(fault: str) -> UnreadableError:
    return UnreadableError(f"not text in a known encoding: {fault}", Fault.NOT_TEXT)
