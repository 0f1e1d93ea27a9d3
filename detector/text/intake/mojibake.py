"""Repair characters that a program read in the wrong encoding, every offset kept.

The rules are those of ftfy, as far as they never touch what is right: UTF-8 that was read as
Windows-1252 or Latin-1 (once or several times) or as one of the other encodings of one byte, and
Windows-1252 that was read as Latin-1 (the C1 controls).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cache
from typing import NamedTuple

from detector.text.normalization import Normalized, compose, replace_spans, substitute

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
    """,
    re.VERBOSE,
)

# Encodings of one byte in which programs of other countries and systems read UTF-8.
_OTHERS = ("cp1251", "cp1250", "cp1253", "cp1257", "koi8-r", "mac_roman", "cp437", "cp850", "cp866")

# What UTF-8 holds in English texts beyond ASCII: accented letters, currencies, and typography.
_MEANT = [
    *map(chr, range(0xA0, 0x180)),
    *"\u2010\u2011\u2012\u2013\u2014\u2015\u2018\u2019\u201a\u201c\u201d\u201e\u2020\u2021\u2022\u2026",
    *"\u2032\u2033\u2039\u203a\u20ac\u2122",
]


def _show(character: str, encoding: str) -> str:
    """What a program shows that reads a character's UTF-8 in an encoding of one byte."""
    return "".join(
        bytes([byte]).decode(encoding, "ignore") or chr(byte) for byte in character.encode()
    )


def _list_misread() -> dict[str, str]:
    """What stands for each character; left out where it means two."""
    meanings: dict[str, set[str]] = {}
    for encoding in _OTHERS:
        for character in _MEANT:
            shown = _show(character, encoding)
            meanings.setdefault(shown, set()).add(character)
    return {shown: meant.pop() for shown, meant in meanings.items() if len(meant) == 1}


_FRAMES = re.compile(r"[\u2500-\u259f]{2}")


class _Misread(NamedTuple):
    """What was read in `_OTHERS`: the meaning of each piece, and what finds pieces.

    Attributes:
        meanings: piece → character.
        unmistakable: pieces that are never met; those of central Europe share their start with
            Windows-1252, whose turn comes first.
        other: the rest.
    """

    meanings: dict[str, str]
    unmistakable: re.Pattern[str]
    other: re.Pattern[str]


@cache
def _compile_misread() -> _Misread:
    """Only when a text may hold some: this takes as long as reading ten articles."""
    meanings = _list_misread()
    # A letter before a closing quotation mark is right, too.
    pairs = [
        piece
        for piece in meanings
        if len(piece) == 2 and not _FRAMES.match(piece) and piece[1] not in "\u00ab\u00bb"
    ]
    # Three such characters are never met, nor are two of which one is no letter; two letters are
    # right unless they are a large one within a word that began in small ones, or before a price.
    long = [piece for piece in meanings if len(piece) > 2]
    other = (
        _join((piece for piece in long if piece[0] == "\u00e2"), "{}"),
        _join((piece for piece in pairs if not piece.isalpha()), "{}"),
        _join((p for p in pairs if p.isalpha() and not p.isascii()), r"(?<=[a-z])(?:{})"),
        _join((p for p in pairs if meanings[p] in "\u00a3\u20ac"), r"(?:{})(?=\d)"),
    )
    unmistakable = _join((p for p in long if p[0] != "\u00e2"), "{}")
    return _Misread(meanings, re.compile(unmistakable), re.compile("|".join(other)))


def _join(pieces: Iterable[str], template: str) -> str:
    return template.format("|".join(map(re.escape, sorted(pieces))))


# Whatever was read wrongly, a control aside, is several characters beyond ASCII in a row.
_SEVERAL = re.compile(r"[^\x00-\x7f]{2}")

# NEL alone (0x85) ends a line, as mainframes write it; among other controls it is an ellipsis.
_CONTROL, _CONTROLS_BUT_NEL = re.compile(r"[\x80-\x9f]"), re.compile(r"[\x80-\x84\x86-\x9f]")

# Twice read wrongly is met; thrice hardly ever.
_PASSES = 3


def repair_characters(text: str) -> tuple[Normalized, int]:
    """A text with the characters that were meant, and how many were repaired."""
    if text.isascii() or not (_SEVERAL.search(text) or _CONTROLS_BUT_NEL.search(text)):
        return replace_spans(text, ()), 0
    misread = _compile_misread()
    repaired, others = _replace(misread.unmistakable, text, misread.meanings.__getitem__)
    further, count = _replace(_UTF_8, repaired.text, _read_utf_8)
    repaired, count = compose(repaired, further), count + others
    for _ in range(_PASSES - 1 if count else 0):
        further, more = _replace(_UTF_8, repaired.text, _read_utf_8)
        repaired, count = compose(repaired, further), count + more
    plain, others = _replace(misread.other, repaired.text, misread.meanings.__getitem__)
    repaired, count = compose(repaired, plain), count + others
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
    try:
        return bytes(_BYTES[ord(character)] for character in piece).decode("utf-8")
    except UnicodeDecodeError:
        return piece


def _read_control(control: str) -> str:
    return _SHOWN[ord(control)]
