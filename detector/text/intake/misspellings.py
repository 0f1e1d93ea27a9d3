"""Words that are misspelt: who learns English misspells, newspapers and machines hardly ever do."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache, lru_cache
from string import ascii_lowercase
from typing import NamedTuple

from rapidfuzz.distance import OSA

from detector.text.spelling import americanize
from detector.text.word_lists import read_words

#: In small letters: names are spelt as people please. Short words are near to too many others.
_WORD = re.compile(r"(?<![\w'’-])[a-z]{5,}(?![\w'’-])")

_WORDS = "text/data/english_words.txt"

#: The list of known words has none that is shorter.
FEWEST_LETTERS = 4

#: What a scanner takes for other letters.
_SCANNED = (("rn", "m"), ("m", "rn"), ("li", "h"), ("h", "li"), ("cl", "d"), ("d", "cl"))

_SCANNED_LETTERS = frozenset({"bh", "ce", "il", "ft"})

_ENDINGS = ("s", "es", "d", "ed", "ing", "ly")


class Misspellings(NamedTuple):
    """What a text misspells.

    Attributes:
        misspelt: the words, in the order of the text.
        words: of the text, those of five letters and more in small letters.
    """

    misspelt: tuple[str, ...]
    words: int

    @property
    def share(self) -> float:
        """Of the words."""
        return len(self.misspelt) / self.words if self.words else 0.0


def find_misspellings(texts: Iterable[str]) -> Misspellings:
    """The misspelt words of texts: unknown, and one letter away from a frequent word.

    A word that is merely unknown may be jargon or borrowed, and counts as spelt rightly.
    """
    words = [word for text in texts for word in _WORD.findall(text)]
    return Misspellings(tuple(filter(_is_misspelt, words)), len(words))


@cache
def _read_lists() -> tuple[frozenset[str], frozenset[str]]:
    """Frequent words, and all known ones, as the British spell them and as Americans do."""
    lists = read_words(_WORDS)
    frequent = frozenset(lists["frequent"]).union(map(americanize, lists["frequent"]))
    return frequent, frequent.union(lists["rarer"], map(americanize, lists["rarer"]))


@lru_cache(maxsize=1 << 14)
def is_slip(word: str, other: str) -> bool:
    """Whether one of two words, in small letters, is the other mistyped, badly scanned or cut."""
    frequent, known = _read_lists()
    for wrong, right in ((word, other), (other, word)):
        if right in frequent and wrong not in known and wrong.isalpha():
            # With an ending more it may be a form that nobody uses: "informations".
            mistyped = not wrong.startswith(right) and right in _list_neighbours(wrong)
            cut_off = len(wrong) >= FEWEST_LETTERS and right.startswith(wrong)
            scanned = any(wrong == right.replace(*letters) for letters in _SCANNED)
            if mistyped or cut_off or scanned:
                return True
    if word == other or min(len(word), len(other)) < FEWEST_LETTERS:
        return False
    if not (word.isalpha() and other.isalpha()):
        return False
    one, two = _is_form_known(word), _is_form_known(other)
    is_swapped = sorted(word) == sorted(other) and OSA.distance(word, other) == 1
    if is_swapped and not (one and two):
        return True
    return one != two and (_differ_inside(word, other) or _differ_as_scanned(word, other))


def _is_form_known(word: str) -> bool:
    """Whether a word or what it is a form of is known: the list has few plurals."""
    stems = [word, *(word.removesuffix(e) for e in _ENDINGS), re.sub("ies$", "y", word)]
    return any(map(is_known, stems))


def _differ_as_scanned(word: str, other: str) -> bool:
    """Whether they differ in letters alone that a scanner takes for each other."""
    pairs = ["".join(sorted(pair)) for pair in zip(word, other, strict=False) if len({*pair}) > 1]
    return len(word) == len(other) and _SCANNED_LETTERS.issuperset(pairs)


def _differ_inside(word: str, other: str) -> bool:
    """Whether two words are one slip apart, and neither first letter nor ending is another."""
    is_ending = word.startswith(other) or other.startswith(word) or word[:-1] == other[:-1]
    alike = word[0] == other[0] and not is_ending
    return alike and OSA.distance(word, other, score_cutoff=1) <= 1


def is_known(word: str) -> bool:
    """Whether a word in small letters, of four and more, is an English one, frequent or rarer."""
    return word in _read_lists()[1]


def _is_misspelt(word: str) -> bool:
    frequent, known = _read_lists()
    return word not in known and not frequent.isdisjoint(_list_neighbours(word))


def _list_neighbours(word: str) -> Iterable[str]:
    """What a slip may have made the word of (Damerau 1964, "A technique for computer detection").

    Another last letter is an ending rather than a slip, another first letter another word.
    """
    ends = [(word[:place], word[place:]) for place in range(len(word) + 1)]
    yield from (head + tail[1] + tail[0] + tail[2:] for head, tail in ends if len(tail) > 1)
    yield from (head + tail[1:] for head, tail in ends if len(tail) > 1)
    yield from (head + letter + tail for head, tail in ends[:-1] for letter in ascii_lowercase)
    middle = ends[1:-2]
    yield from (head + letter + tail[1:] for head, tail in middle for letter in ascii_lowercase)
