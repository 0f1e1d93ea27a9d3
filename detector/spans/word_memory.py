"""How much oftener machines than humans put a word, or two words side by side, in training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from detector.text.hashing import fold, hash_ngram, hash_word

WORD_BUCKETS = 1 << 17

PAIR_BUCKETS = 1 << 20

# Log-odds are stored in steps of 1/16, as one byte each.
_STEP = 1 / 16

# So many occurrences are added to each bucket, shared as all words are.
_PRIOR = 4.0


@dataclass(frozen=True, slots=True)
class WordMemory:
    """How much oftener machines than humans put a word, or two words side by side.

    Counted on the training pairs: words of the machine's version that the human's lacks, against
    all words of humans. Stored by hash, as log-odds in steps of 1/16.

    Attributes:
        words: (WORD_BUCKETS,), int8.
        pairs: (PAIR_BUCKETS,), int8.
        suggestions: word → what humans had in its place, where one word stood out.
    """

    words: npt.NDArray[np.int8]
    pairs: npt.NDArray[np.int8]
    suggestions: Mapping[str, str]

    def find_word(self, word: str) -> float:
        """Log-odds of a word."""
        return float(self.words[locate_word(word)]) * _STEP

    def find_pair(self, first: str, second: str) -> float:
        """Log-odds of two neighbours."""
        return float(self.pairs[locate_neighbours(first, second)]) * _STEP

    @classmethod
    def from_counts(
        cls,
        machine: tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]],
        human: tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]],
        suggestions: Mapping[str, str],
    ) -> WordMemory:
        """Smoothed log-odds of counts by bucket.

        Args:
            machine: counts of words (WORD_BUCKETS,) and of neighbours (PAIR_BUCKETS,) that only
                the machines put.
            human: likewise, of all that humans wrote.
            suggestions: see the attribute.
        """
        tables = []
        for own, theirs in zip(machine, human, strict=True):
            if not own.any():
                tables.append(np.zeros(len(own), dtype=np.int8))
                continue
            share = own.sum() / theirs.sum()
            odds = np.log((own + _PRIOR * share) / (theirs + _PRIOR)) - np.log(share)
            tables.append(np.clip(np.rint(odds / _STEP), -127, 127).astype(np.int8))
        return cls(tables[0], tables[1], suggestions)


def locate_word(word: str) -> int:
    """The place of a word in `WordMemory.words`."""
    return fold(hash_word(word), WORD_BUCKETS)


def locate_neighbours(first: str, second: str) -> int:
    """The place of two neighbours in `WordMemory.pairs`."""
    return fold(hash_ngram((first, second)), PAIR_BUCKETS)
