"""Rows of words laid end to end, so that whole batches are counted by numpy at once."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

#: A sentence is its words; a row is a sentence, or a document: its sentences.
Row = Sequence[str] | Sequence[Sequence[str]]

Bools = npt.NDArray[np.bool_]

Floats = npt.NDArray[np.float64]

Ints = npt.NDArray[np.int64]

Columns = dict[str, Floats]

# Rows are worked through in batches of about this many words, to bound memory.
_BATCH_WORDS = 1 << 16


def list_rows(rows: Iterable[Row]) -> list[Row]:
    """Make a list of rows; one string, easily given by mistake, raises TypeError."""
    if isinstance(rows, (str, bytes)):
        raise TypeError("a list of texts is expected, not one string")
    return list(rows)


def split_row(row: Row, number: int) -> Iterator[Sequence[str]]:
    """Give the sentences of a row, empty ones left out; TypeError for what holds no words."""
    if isinstance(row, (str, bytes)) or not hasattr(row, "__len__"):
        raise TypeError(f"row {number} is no text but {type(row).__name__}")
    if len(row) == 0:
        return
    if isinstance(row[0], str):
        yield row  # type: ignore[misc]
        return
    for sentence in row:
        if isinstance(sentence, str):
            raise TypeError(f"row {number} mixes words with sentences")
        if len(sentence):
            yield sentence


@dataclass(frozen=True)
class Batch:
    """The words of some rows, end to end, and where sentences and rows begin.

    Attributes:
        words: all words; a sentence is never empty.
        sentence_starts: index of each sentence's first word.
        sentence_rows: the row of each sentence, the first row of the batch being 0.
        size: how many rows there are, those without words included.
    """

    words: list[str]
    sentence_starts: Ints
    sentence_rows: Ints
    size: int

    @classmethod
    def gather(cls, rows: Sequence[Row], opening: Sequence[str] = ()) -> Batch:
        """Lay all rows end to end; `opening` is put before each sentence."""
        return next(cls.extract_some(rows, opening, math.inf))[1]

    @classmethod
    def extract_some(
        cls, rows: Sequence[Row], opening: Sequence[str] = (), at_most: float | None = None
    ) -> Iterator[tuple[int, Batch]]:
        """Yield batches of about `at_most` words, each with the number of its first row."""
        limit = at_most or _BATCH_WORDS
        first = 0
        words: list[str] = []
        bounds: list[tuple[int, int]] = []
        for number, row in enumerate(rows):
            if len(words) >= limit:
                yield first, cls._join(words, bounds, number - first)
                first, words, bounds = number, [], []
            for sentence in split_row(row, number):
                bounds.append((len(words), number - first))
                words.extend(opening)
                words.extend(sentence)
        yield first, cls._join(words, bounds, len(rows) - first)

    @classmethod
    def _join(cls, words: list[str], bounds: list[tuple[int, int]], size: int) -> Batch:
        starts, sentence_rows = np.array(bounds, np.int64).reshape(-1, 2).T
        return cls(words, starts, sentence_rows, size)

    @cached_property
    def sentence_lengths(self) -> Ints:
        """For each sentence, how many words it has."""
        return np.diff(self.sentence_starts, append=len(self.words))

    @cached_property
    def sentences(self) -> Ints:
        """For each word, the number of its sentence."""
        return np.repeat(np.arange(len(self.sentence_starts)), self.sentence_lengths)

    @cached_property
    def rows(self) -> Ints:
        """For each word, the number of its row."""
        return self.sentence_rows[self.sentences]


def sum_by(groups: Ints, values: npt.NDArray[np.generic], size: int) -> Floats:
    """Sum the values of each group, groups being numbered from 0 to `size` - 1."""
    return np.bincount(groups, weights=values, minlength=size).astype(float)
