"""Read letters of other alphabets that look like Latin ones as the Latin ones.

Whoever copies an article puts them in so that no search finds it. Only a word of mixed script is
read so, or a word wholly of such letters among Latin ones: a Russian quotation stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from detector.text.word_lists import read_pairs

_IMITATED = {
    ord(imitator): letter
    for letter, imitators in read_pairs("text/data/lookalikes.tsv").items()
    for imitator in imitators
}

_IMITATORS = "".join(map(chr, _IMITATED))

_ANY = re.compile(f"[{_IMITATORS}]")

_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")

_LATIN = re.compile(r"[A-Za-z]")

_DISGUISED = re.compile(rf"[A-Za-z\u00c0-\u024f{_IMITATORS}']+")

# Like a Latin letter only among Latin ones: a word that holds one is a Russian or a Greek word.
_LOOSE = re.compile(
    r"[\u0432\u0433\u0438\u043a\u043c\u043d\u043f\u0442\u044c\u0450\u0451\u0457"
    r"\u03ac-\u03af\u03b2\u03b5\u03b7\u03c2-\u03c4\u03c9\u03cc\u03cd]"
)

# Letters of physics and statistics stand alone or before a Latin one: sigma, "alpha s".
_SYMBOL = re.compile(r"[\u03b1-\u03be\u03c0-\u03c9][A-Za-z]?")


def undisguise(text: str) -> tuple[str, int]:
    """A text with Latin letters in the place of their imitators, and how many there were.

    Each stands for one letter, so that offsets stay what they are.
    """
    if not _ANY.search(text):
        return text, 0
    pieces, at, count = [], 0, 0
    for start, end in _find_disguised(text):
        plain = text[start:end].translate(_IMITATED)
        count += sum(a != b for a, b in zip(plain, text[start:end], strict=True))
        pieces += [text[at:start], plain]
        at = end
    return "".join([*pieces, text[at:]]), count


def _find_disguised(text: str) -> Iterator[tuple[int, int]]:
    """Offsets of the words that imitators disguise."""
    words = list(_WORD.finditer(text))
    kinds = [_classify(match.group()) for match in words]
    for index, (match, kind) in enumerate(zip(words, kinds, strict=True)):
        around = kinds[max(0, index - 2) : index] + kinds[index + 1 : index + 3]
        if kind == "mixed" or (
            kind == "imitated" and "foreign" not in around and around != ["imitated"] * len(around)
        ):
            yield match.span()


def _classify(word: str) -> str:
    if word.isascii() or not _ANY.search(word):
        return "latin" if _LATIN.search(word) else "foreign"
    if not _DISGUISED.fullmatch(word):
        return "foreign"
    if _SYMBOL.fullmatch(word):
        return "latin"
    if _LATIN.search(word):
        return "mixed"
    return "foreign" if _LOOSE.search(word) else "imitated"
