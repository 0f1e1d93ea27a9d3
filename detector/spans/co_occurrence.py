"""How often humans write a word, and words beside one another, in a table of a few megabytes.

A word that nobody puts between these neighbours gives a spinner away, whichever list its synonyms
came from. `detector.features.ngram_language_model` sums such counts up for whole sentences; here
each word is asked for, and rare pairs and triples are kept too, by hash: a cell holds the count of
one of the keys that fall into it, with a mark that tells which (Talbot & Osborne 2007, "Randomised
language modelling for statistical machine translation").
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from detector.text.hashing import Keys, hash_word, mix_pairs, mix_triples, mix_words

Floats = npt.NDArray[np.float64]

COOCCURRENCE_BUCKETS = 1 << 21

COOCCURRENCE_COLUMNS = (
    "count", "count_before", "count_after", "pair_before", "pair_after", "triple_around",
    "triple_before", "triple_after", "skip_before", "skip_after", "skip_around", "tie_before",
    "tie_after",
)  # fmt: skip
"""What humans' counts say of a word, as log(1 + count): the word, its neighbours, the pairs and
triples it is in, the pairs with one word between that it is in or stands in; and how much oftener
the word and a neighbour are one pair than chance has it."""

_OPENING, _CLOSING = "^", "$"

# Words beyond each end, so that every word has two before it and two behind.
_BORDER = 2

# Logarithms of counts are stored in steps of 1/16, a byte each; the other byte is the mark.
_STEP = 1 / 16

_MOST_STEPS = 255

_CHANCE = 0.05

# Added to the second word's number where a word stands between the two.
_SKIP = np.uint64(3)


@dataclass(frozen=True, slots=True)
class CooccurrenceCounts:
    """Counts of words, pairs, triples and pairs around a gap in humans' sentences.

    Attributes:
        table: (COOCCURRENCE_BUCKETS,), uint16; the high byte tells keys of a bucket apart, the low
            one is the logarithm of the count.
        words: how many words were counted, borders of sentences included.
    """

    table: npt.NDArray[np.uint16]
    words: float

    @classmethod
    def count(cls, sentences: Iterable[Sequence[str]]) -> CooccurrenceCounts:
        """Count sentences, given as words in lower case; of two keys in a bucket the commoner."""
        ids, _ = _number_words(sentences)
        keys, counts = np.unique(np.concatenate(list(_list_keys(ids))), return_counts=True)
        order = np.argsort(counts, kind="stable")
        buckets, marks = _place(keys[order])
        steps = np.minimum(np.rint(np.log1p(counts[order]) / _STEP), _MOST_STEPS)
        table = np.zeros(COOCCURRENCE_BUCKETS, dtype=np.uint16)
        # The last one written stays.
        table[buckets] = marks << np.uint16(8) | steps.astype(np.uint16)
        return cls(table, float(len(ids)))

    @classmethod
    def nothing(cls) -> CooccurrenceCounts:
        """A table without counts."""
        return cls(np.zeros(COOCCURRENCE_BUCKETS, dtype=np.uint16), 0.0)

    def measure(self, sentences: Sequence[Sequence[str]]) -> Floats:
        """`COOCCURRENCE_COLUMNS` (words, columns) of the words, in lower case, of all sentences."""
        ids, at = _number_words(sentences)
        far, left, own, right, beyond = (ids[at + i] for i in range(-2, 3))
        one = [self._look_up(mix_words(n)) for n in (own, left, right)]
        pairs = [self._look_up(mix_pairs(*p)) for p in ((left, own), (own, right))]
        triples = ((left, own, right), (far, left, own), (own, right, beyond))
        gaps = ((far, own), (own, beyond), (left, right))
        ties = [
            self._measure_tie(pair, one[0], beside)
            for pair, beside in zip(pairs, one[1:], strict=True)
        ]
        return np.column_stack(
            [
                *one,
                *pairs,
                *(self._look_up(mix_triples(*t)) for t in triples),
                *(self._look_up(mix_pairs(a, b + _SKIP)) for a, b in gaps),
                *ties,
            ]
        )

    def _look_up(self, keys: Keys) -> Floats:
        buckets, marks = _place(keys)
        cells = self.table[buckets]
        return np.where(cells >> 8 == marks, (cells & 255) * _STEP, 0.0)

    def _measure_tie(self, pair: Floats, one: Floats, other: Floats) -> Floats:
        expected = np.expm1(one) * np.expm1(other) / max(1.0, self.words)
        return np.asarray(np.log((np.expm1(pair) + _CHANCE) / (expected + _CHANCE)))


def _number_words(sentences: Iterable[Sequence[str]]) -> tuple[Keys, npt.NDArray[np.int64]]:
    """All words as one row of numbers, with borders, and the places of the words in it."""
    opening, closing = ([hash_word(w)] * _BORDER for w in (_OPENING, _CLOSING))
    ids: list[int] = []
    places: list[int] = []
    for words in sentences:
        ids += opening
        places += range(len(ids), len(ids) + len(words))
        ids += map(hash_word, words)
        ids += closing
    return np.array(ids, dtype=np.uint64), np.array(places, dtype=np.int64)


def _list_keys(ids: Keys) -> Iterable[Keys]:
    """Keys of all words, pairs, triples and pairs around a gap, a row of each."""
    yield mix_words(ids)
    yield mix_pairs(ids[:-1], ids[1:])
    yield mix_triples(ids[:-2], ids[1:-1], ids[2:])
    yield mix_pairs(ids[:-2], ids[2:] + _SKIP)


def _place(keys: Keys) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint16]]:
    """The bucket of each key, and a mark from 1 to 255: an empty cell has none."""
    buckets = (keys >> np.uint64(20)) & np.uint64(COOCCURRENCE_BUCKETS - 1)
    marks = (keys >> np.uint64(48)) % np.uint64(255) + np.uint64(1)
    return buckets.astype(np.int64), marks.astype(np.uint16)
