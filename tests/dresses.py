"""Dresses that texts of the web come in: the same words, in another typography or encoding."""

from __future__ import annotations

import html
import quopri
import re
import textwrap
from collections.abc import Callable
from itertools import count
from urllib.parse import quote

_SENTENCE_GAP = re.compile(r"(?<=[a-z]{2}[.!?])([\"”]?) (?=[\"“]?[A-Z])")
_SENTENCE_END = re.compile(r"(?<=[a-z]{2}[.!?])([\"”]?)(?=\s|$)")

_START = re.compile(r"(?:(?<=[.!?][ \n])|(?<=[.!?][\"”] )|(?<=\n)|^)[\"“]?[A-Z]")


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


def _misread(text: str, encoding: str = "cp1252") -> str:
    return "".join(bytes([b]).decode(encoding, "ignore") or chr(b) for b in text.encode())


def _mark_down(text: str) -> str:
    """The text with a heading, links and stress of Markdown."""
    stressed = re.sub(r"\b(\w{7})\b", r"*\1*", text)
    strong = re.sub(r"\b(\w{9})\b", r"**\1**", stressed)
    linked = re.sub(r"\b(\w{8})\b", r"[\1](https://example.org/\1)", strong)
    return f"## News\n\n{linked}"


def _mark_up(text: str) -> str:
    """The text in paragraphs of HTML, with a few tags within them."""
    paragraphs = (html.escape(line) for line in text.split("\n") if line.strip())
    return re.sub(r"\b(the|and)\b", r"<em>\1</em>", "".join(f"<p>{p}</p>" for p in paragraphs))


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
    "HTML": _mark_up,
    "escaped HTML": lambda text: html.escape(_mark_up(text)),
    "Markdown": _mark_down,
    "quoted mail": lambda text: re.sub(r"(?m)^(?=\S)", "> ", text),
    "wrapped and quoted mail": lambda text: "\n".join(
        f"> {line}" for block in text.split("\n") for line in textwrap.wrap(block, 72) or [""]
    ),
    "hashtags": _between(" #news "),
    "two hashtags": _between(" #News #Local "),
    "handles": _between(" @CoastPost "),
    "arrows in quotation marks": _between(" » "),
    "French quotation marks": lambda text: text.replace("“", "« ").replace("”", " »"),
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
    "mojibake of Cyrillic systems": lambda text: _misread(text, "cp1251"),
    "mojibake of central Europe": lambda text: _misread(text, "cp1250"),
    "mojibake of DOS": lambda text: _misread(text, "cp437"),
    "mojibake of Unix": lambda text: _misread(text, "koi8-r"),
    "mojibake of Macs": lambda text: _misread(text, "mac_roman"),
    "URL-encoded": quote,
    "quoted-printable": lambda text: quopri.encodestring(text.encode()).decode(),
    "twice": lambda text: f"{text}\n\n{text}",
    "small letters": str.lower,
    "capitals": str.upper,
    "titles": str.title,
    "speech recognition": lambda text: re.sub(r"[^\w\s'-]", "", text.lower()).replace("\n", " "),
    "small starts": lambda text: _START.sub(lambda match: match[0].lower(), text),
    "no commas": lambda text: text.replace(",", ""),
    "accents": lambda text: text.translate(str.maketrans("aeiou", "äéîòû")),
    "no full stops": lambda text: re.sub(r"[.!?]", "", text),
    "tokenised": lambda text: re.sub(r"(?<=\w)(['’]s\b)", r" \1", re.sub(r"([.,])", r" \1", text)),
}
