"""Hide from a sentence what its outlet or its topic chose: names, numbers, quotes, spelling."""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import dataclass

from detector.text.spelling import americanize
from detector.text.words import WORD

NAME_PLACEHOLDER = "xx"

NUMBER_PLACEHOLDER = "0"

# U.S., NATO, MPs, McDonald
_INITIALISM = re.compile(r"^(?:[A-Za-z]\.){2,}$|^[A-Z]{2,}s?$|^[A-Z][\w']*[A-Z]\w*$")


@dataclass(frozen=True, slots=True)
class MaskedSentence:
    """What all features are measured on: a sentence without its names, numbers and quotes.

    Attributes:
        text: the words joined by blanks.
        words: the words of `text`; names are `NAME_PLACEHOLDER`, numbers `NUMBER_PLACEHOLDER`.
        places: for each word, its ``(start, end)`` in the sentence it was made from (a run of
            names is one word).
    """

    text: str
    words: tuple[str, ...]
    places: tuple[tuple[int, int], ...]

    @property
    def word_count(self) -> int:
        """How many of `words` are words or numbers, no punctuation marks."""
        return sum(word[0].isalnum() for word in self.words)


def mask_sentence(sentence: str, common_words: Container[str]) -> MaskedSentence:
    """Hide from a normalised sentence what its outlet or its topic chose, and not its writer.

    A capitalised word that is not usually written small becomes part of a name, and a run of
    names one ``xx``; a number becomes ``0``; quotation marks go (some engines drop them); British
    spelling becomes American.

    Args:
        sentence: one normalised sentence.
        common_words: words (in lower case) that are usually written small.
    """
    words: list[str] = []
    places: list[tuple[int, int]] = []
    for match in WORD.finditer(sentence):
        token = match.group()
        first = token[0]
        if first == '"' or (first == "'" and len(token) == 1):
            continue
        if first.isdigit():
            token = _mask_number(token)
        elif first.isupper() and _is_name(token, common_words):
            possessive = token.endswith("'s")
            if words and words[-1] == NAME_PLACEHOLDER and places[-1][1] >= match.start() - 1:
                places[-1] = (places[-1][0], match.end())
            else:
                words.append(NAME_PLACEHOLDER)
                places.append((match.start(), match.end()))
            if possessive:
                words.append("'s")
                places.append((match.end() - 2, match.end()))
            continue
        elif first.isalpha():
            token = americanize(token.lower() if first.isupper() else token)
            if " " in token:  # percent: per cent
                ahead, token = token.split(" ")
                words.append(ahead)
                places.append((match.start(), match.end()))
        words.append(token)
        places.append((match.start(), match.end()))
    return MaskedSentence(" ".join(words), tuple(words), tuple(places))


def _mask_number(token: str) -> str:
    unit = token.lstrip("0123456789.,:/")
    return NUMBER_PLACEHOLDER + (unit if unit.startswith("-") and unit[1:2].isalpha() else "")


def _is_name(token: str, common_words: Container[str]) -> bool:
    if token == "I" or token.startswith("I'"):
        return False
    if _INITIALISM.match(token) and token.lower() not in common_words:
        return True
    lowered = token.lower()
    if lowered in common_words:
        return False
    base = lowered.removesuffix("'s")
    return not (base in common_words or americanize(base) in common_words)
