"""Repair characters that a program read in the wrong encoding, every offset kept.

The rules are those of ftfy, as far as they never touch what is right: UTF-8 that was read as
Windows-1252, as Latin-1 or as Mac Roman (once or several times), and Windows-1252 that was read
as Latin-1 (the C1 controls).
"""

from __future__ import annotations

import re
from collections.abc import Callable

from detector.text.normalization import Normalized, compose, substitute

# Each byte from 0x80 as Windows-1252 shows it; five have no meaning there and stay controls.
_SHOWN = {
    byte: bytes([byte]).decode("cp1252", "ignore") or chr(byte) for byte in range(0x80, 0x100)
}

_BYTES = {ord(shown): byte for byte, shown in _SHOWN.items()} | {
    byte: byte for byte in range(0x80, 0x100)
}


def _shown(first: int, last: int) -> str:
    """A class of characters: these bytes as Windows-1252 and as Latin-1 show them."""
    characters = {_SHOWN[byte] for byte in range(first, last + 1)}
    characters.update(map(chr, range(first, last + 1)))
    return "[" + "".join(f"\\U{ord(character):08x}" for character in sorted(characters)) + "]"


_CONTINUED = _shown(0x80, 0xBF)

# Right as they are: a quotation mark, a dash or an ellipsis behind a capital, as in CAFÉ'S, "OLÉ…".
_NO_MARK = r"(?![\u2018\u2019\u201c\u201d\u2013\u2014\u2026\u2039\u203a\u2022\u00bb])"

_UTF_8 = re.compile(
    rf"""
      [\u00f0-\u00f4]{_CONTINUED}{{3}}
    | {_shown(0xE0, 0xEF)}{_CONTINUED}{{2}}
    | (?<![A-Z\u00c0-\u00de])[\u00c2\u00c3]{_CONTINUED}
    | [\u00c4-\u00df]{_NO_MARK}{_CONTINUED}
    | (?<=\u00e2\u201a\u00ac)\u00c5\u201c  # the rest of a quotation mark, twice read wrongly
    | \u00e2\u20ac(?=[\s.,;:!?)]|$)
    | \u201a\u00c4[\u00f4\u00f2\u00fa\u00f9\u00ec\u00ee\u00b6]
    """,
    re.VERBOSE,
)

_MAC_ROMAN = {
    "\u00f4": "\u2019",
    "\u00f2": "\u2018",
    "\u00fa": "\u201c",
    "\u00f9": "\u201d",
    "\u00ec": "\u2013",
    "\u00ee": "\u2014",
    "\u00b6": "\u2026",
}

# NEL alone (0x85) ends a line, as mainframes write it; among other controls it is an ellipsis.
_CONTROL, _CONTROLS_BUT_NEL = re.compile(r"[\x80-\x9f]"), re.compile(r"[\x80-\x84\x86-\x9f]")

# Twice read wrongly is met; thrice hardly ever.
_PASSES = 3


def repair_characters(text: str) -> tuple[Normalized, int]:
    """A text with the characters that were meant, and how many were repaired."""
    repaired, count = _replace(_UTF_8, text, _read_utf_8)
    for _ in range(_PASSES - 1 if count else 0):
        further, more = _replace(_UTF_8, repaired.text, _read_utf_8)
        repaired, count = compose(repaired, further), count + more
    if _CONTROLS_BUT_NEL.search(repaired.text):
        plain, controls = _replace(_CONTROL, repaired.text, _read_control)
        repaired, count = compose(repaired, plain), count + controls
    return repaired, count


def _replace(
    pattern: re.Pattern[str], text: str, read: Callable[[str], str]
) -> tuple[Normalized, int]:
    """`substitute`, and how many matches were changed by it."""
    changes = 0

    def count(match: re.Match[str]) -> str:
        nonlocal changes
        plain = read(match.group())
        changes += plain != match.group()
        return plain

    return substitute(pattern, text, count), changes


def _read_utf_8(piece: str) -> str:
    """What stands in a piece as UTF-8; the piece itself where it holds none."""
    if piece == "\u00e2\u20ac":  # the third byte has no meaning in Windows-1252, and was lost
        return "\u201d"
    if piece.startswith("\u201a\u00c4"):
        return _MAC_ROMAN[piece[2]]
    try:
        return bytes(_BYTES[ord(character)] for character in piece).decode("utf-8")
    except UnicodeDecodeError:
        return piece


def _read_control(control: str) -> str:
    return _SHOWN[ord(control)]
