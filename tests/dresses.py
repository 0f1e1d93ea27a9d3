"""Dresses that texts of the web come in: the same words, in another typography or encoding."""

from __future__ import annotations

import quopri
import re
from collections.abc import Callable
from itertools import count
from urllib.parse import quote

_SENTENCE_GAP = re.compile(r"(?<=[a-z]{2}[.!?])([\"”]?) (?=[\"“]?[A-Z])")
_SENTENCE_END = re.compile(r"(?<=[a-z]{2}[.!?])([\"”]?)(?=\s|$)")


def _between(mark: str) -> Callable[[str], str]:
    return lambda text: _SENTENCE_GAP.sub(rf"\1{mark}", text)


def _behind(mark: str) -> Callable[[str], str]:
    return lambda text: _SENTENCE_END.sub(rf"\1{mark}", text)


def _number_notes(text: str) -> str:
    numbers = count(1)
    return _SENTENCE_END.sub(lambda match: f"{match[1]}{next(numbers)}", text)


def _disguise(table: dict[str, str], every: int) -> Callable[[str], str]:
    def change(text: str) -> str:
        turns = count()
        return "".join(table[c] if c in table and next(turns) % every == 0 else c for c in text)

    return change


def _misread(text: str) -> str:
    return "".join(bytes([b]).decode("cp1252", "ignore") or chr(b) for b in text.encode())


_CYRILLIC = dict(zip("aceopxyABEKMHOPCTX", "асеорхуАВЕКМНОРСТХ", strict=True))
_GREEK = dict(zip("ovABEZHIKMNOPTYX", "ονΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", strict=True))

DRESSES: dict[str, Callable[[str], str]] = {
    "bullets": _between(" • "),
    "dashes": _between(" – "),
    "pictures": _between(" 😂 "),
    "arrows": _between(" ➤ "),
    "raised numbers": _behind("¹"),
    "plain numbers": _number_notes,
    "numbers in brackets": _behind("[12]"),
    "daggers": _behind("†"),
    "sup tags": _behind("<sup>3</sup>"),
    "line breaks as tags": _between("<br>"),
    "bars": _between(" | "),
    "end marks": _between("</s>"),
    "escaped line feeds": lambda text: text.replace("\n", "\\n"),
    "bullets before lines": lambda text: re.sub(r"(?m)^(?=\S)", "• ", text),
    "grapheme joiners": lambda text: "\u034f".join(text),
    "zero-width spaces": lambda text: "\u200b".join(text),
    "tags": lambda text: "\U000e0041".join(text),
    "soft hyphens": lambda text: text.replace("n", "\u00adn"),
    "Cyrillic letters": _disguise(_CYRILLIC, 5),
    "all Cyrillic letters": _disguise(_CYRILLIC, 1),
    "Greek letters": _disguise(_GREEK, 3),
    "mathematical letters": lambda text: "".join(
        chr(0x1D5BA + ord(c) - ord("a")) if "a" <= c <= "z" else c for c in text
    ),
    "C1 controls": lambda text: text.encode("cp1252").decode("latin-1"),
    "mojibake": _misread,
    "mojibake twice": lambda text: _misread(_misread(text)),
    "URL-encoded": quote,
    "quoted-printable": lambda text: quopri.encodestring(text.encode()).decode(),
    "twice": lambda text: f"{text}\n\n{text}",
    "small letters": str.lower,
    "capitals": str.upper,
    "titles": str.title,
    "speech recognition": lambda text: re.sub(r"[^\w\s'-]", "", text.lower()).replace("\n", " "),
    "no full stops": lambda text: re.sub(r"[.!?]", "", text),
    "tokenised": lambda text: re.sub(r"(?<=\w)(['’]s\b)", r" \1", re.sub(r"([.,])", r" \1", text)),
}
