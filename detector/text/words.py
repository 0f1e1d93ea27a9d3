"""Cut a string into words, numbers and punctuation marks, with offsets."""

from __future__ import annotations

import re
from dataclasses import dataclass

WORD = re.compile(
    r"""
      (?:[A-Za-z]\.){2,12}+(?=\W|$)                  # U.S. a.m.; bounded, or a.a.a.a... is slow
    | [^\W\d_]+(?:['\u2019-][^\W\d_]+|-?\d+)*         # don't, build-up, COVID-19
    | \d+(?:[.,:/-]\d+)*(?:-[^\W\d_]+(?:-[^\W\d_]+)*|(?:st|nd|rd|th|s|pm|am|bn|m|k)\b)?
    | \.\.\.
    | [^\w\s]
    | _+
    """,
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Word:
    """A word, number or punctuation mark with its offsets in the string it was cut from."""

    text: str
    start: int
    end: int

    @property
    def is_word(self) -> bool:
        """Whether it holds a letter or a digit (and is no punctuation mark)."""
        return self.text[0].isalnum()


def split_words(text: str) -> list[Word]:
    """Cut a string into words, numbers and punctuation marks, with offsets.

    Clitics and hyphens stay inside their word ("don't", "build-up"), as do the points of
    initialisms ("U.S.").
    """
    return [Word(m.group(), m.start(), m.end()) for m in WORD.finditer(text)]


def tokenize(text: str) -> list[str]:
    """The texts of `split_words`, for callers that need no offsets."""
    return WORD.findall(text)


def count_words(text: str) -> int:
    """How many words and numbers (not punctuation marks) a string holds."""
    return sum(token[0].isalnum() for token in WORD.findall(text))
