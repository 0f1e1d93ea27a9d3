"""Words as numbers for the n-gram language model: known words, placeholders, sentences in a row."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from detector.features.word_rows import Batch, Ints
from detector.text.hashing import hash_widely
from detector.text.masking import NAME_PLACEHOLDER
from detector.text.spelling import americanize
from detector.text.word_classes import CACHE_LIMIT, LONGEST_WORD, is_genitive
from detector.text.word_lists import read_words

Arrays = dict[str, npt.NDArray[Any]]

OPENING = "\x02"  # stands before each sentence; no tokenizer yields it

UNKNOWN, _SENTENCE, _QUOTATION, _NAME, _NUMBER, _DAY, _MONTH, _GENITIVE = range(8)

SPECIAL = 8

WORD_BITS = 16

WORD_MASK = (1 << WORD_BITS) - 1

_MOST_WORDS = (1 << WORD_BITS) - SPECIAL

# Beside a word's number while it is looked up: a genitive "'s" goes with it.
_WITH_GENITIVE = 1 << WORD_BITS

_DAYS = frozenset(read_words("text/data/calendar.txt")["days"])

_MONTHS = frozenset(read_words("text/data/calendar.txt")["months"])

_DIGITS = re.compile(r"\d+(?:[.,:/]\d+)*")

_PLACEHOLDERS = {
    OPENING: _SENTENCE,
    '"': _QUOTATION,
    "'": _QUOTATION,
    "'s": _GENITIVE,
    NAME_PLACEHOLDER: _NAME,
}


def _hash_word(word: str) -> int:
    return hash_widely(word.encode("utf-8", "replace"))


def _mask_word(form: str) -> tuple[int, str, bool]:
    """Give a word's placeholder (or -1), its plain form, and whether a genitive "'s" is with it."""
    if form in _PLACEHOLDERS:
        return _PLACEHOLDERS[form], form, False
    lowered = form.lower()
    genitive = is_genitive(lowered)
    if genitive:
        lowered = lowered[:-2]
    if form[:1].isupper() and (lowered in _DAYS or lowered in _MONTHS):
        return (_DAY if lowered in _DAYS else _MONTH), lowered, genitive
    masked = _DIGITS.sub("0", lowered)
    return (_NUMBER if masked == "0" else -1), americanize(masked), genitive


def _is_written_as_name(form: str) -> bool:
    return form[:1].isupper() and form != "I" and not form.startswith("I'")


class WordNumbers(dict[str, int]):
    """The number of every form met so far; a form is worked out when it is first asked for."""

    def __init__(self, word_hashes: npt.NDArray[np.uint64]) -> None:
        super().__init__()
        numbers = range(SPECIAL, SPECIAL + len(word_hashes))
        self._vocabulary = dict(zip(word_hashes.tolist(), numbers, strict=True))

    def __missing__(self, form: str) -> int:
        if len(form) > LONGEST_WORD:
            return self[form[:LONGEST_WORD]]
        number, word, genitive = _mask_word(form)
        if number < 0:
            otherwise = _NAME if _is_written_as_name(form) else UNKNOWN
            number = self._vocabulary.get(_hash_word(word), otherwise)
        if genitive:
            number |= _WITH_GENITIVE
        if len(self) > CACHE_LIMIT:
            self.clear()
        self[form] = number
        return number


@dataclass(frozen=True)
class Numbered:
    """A batch as word numbers: genitives cut off, names run together, quotation marks gone.

    Attributes:
        numbers: the number of each word.
        rows: the row of each word.
        place: how many words of its sentence stand before each, the sentence's opening included.
        size: how many rows there are.
    """

    numbers: Ints
    rows: Ints
    place: Ints
    size: int

    @classmethod
    def read(cls, batch: Batch, word_numbers: Mapping[str, int]) -> Numbered:
        """Number the words of a batch, whose sentences have their opening."""
        found = np.fromiter(map(word_numbers.__getitem__, batch.words), np.int64, len(batch.words))
        copies = 1 + (found >= _WITH_GENITIVE)
        numbers = np.repeat(found & WORD_MASK, copies)
        numbers[np.cumsum(copies)[copies == 2] - 1] = _GENITIVE
        kept = numbers != _QUOTATION
        is_name = numbers == _NAME
        kept[1:] &= ~(is_name[1:] & is_name[:-1])
        numbers, rows = numbers[kept], np.repeat(batch.rows, copies)[kept]
        at = np.arange(len(numbers))
        place = at - np.maximum.accumulate(np.where(numbers == _SENTENCE, at, 0))
        return cls(numbers, rows, place, batch.size)


def choose_words(sentences: Iterable[Sequence[str]], least: int) -> Arrays:
    """Find the words that are usually written small: marks first, then by falling frequency."""
    every: Counter[str] = Counter()
    initial: Counter[str] = Counter()
    for sentence in sentences:
        every.update(sentence)
        # A sentence's first word has its capital from there, behind a quotation mark too.
        initial[next((word for word in sentence if word[:1].isalnum()), "")] += 1
    small: Counter[str] = Counter()
    capital: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for form, often in every.items():
        number, word, _ = _mask_word(form)
        if number < 0:
            total[word] += often
            if _is_written_as_name(form):
                capital[word] += often - initial[form]
            else:
                small[word] += often
    chosen = [word for word, often in small.items() if often >= max(least, capital[word])]
    chosen.sort(key=lambda word: (word[:1].isalnum(), -total[word], word))
    chosen = chosen[:_MOST_WORDS]
    marks = sum(not word[:1].isalnum() for word in chosen)
    hashes = np.array([_hash_word(word) for word in chosen], np.uint64)
    return {"word_hashes": hashes, "marks": np.array([marks], np.int64)}


def number_sentences(
    sentences: Sequence[Sequence[str]], word_hashes: npt.NDArray[np.uint64]
) -> tuple[Ints, Ints]:
    """Give the number of each word of all sentences, and its place in its sentence."""
    word_numbers = WordNumbers(word_hashes)
    read = [
        Numbered.read(batch, word_numbers) for _, batch in Batch.extract_some(sentences, (OPENING,))
    ]
    numbers = np.concatenate([text.numbers for text in read])
    return numbers, np.concatenate([text.place for text in read])
