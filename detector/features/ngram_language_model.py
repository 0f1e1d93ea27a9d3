"""How usual the words of a text and their combinations are in the English of humans.

Spinners and engines choose words that mean the right thing and that nobody puts there: Shahid et
al. 2017 ("Accurate detection of automatically spun content via stylometric analysis"), Wahle et
al. 2022 ("Identifying Machine-Paraphrased Plagiarism"), Cabanac, Labbé & Magazinov 2021 ("Tortured
phrases"). Engines also flatten towards the frequent (Vanmassenhove, Shterionov & Way 2019).

Names, places and numbers are placeholders: a capitalised word that is not usually written small is
part of a name, and a run of them is one; days, months and numbers are one word each.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from detector.features.ngram_measures import KINDS, Kinds, measure_context, measure_words
from detector.features.ngram_vocabulary import (
    OPENING,
    SPECIAL,
    UNKNOWN,
    WORD_BITS,
    WORD_MASK,
    Arrays,
    Numbered,
    WordNumbers,
    choose_words,
    number_sentences,
)
from detector.features.word_rows import Batch, Columns, Floats, Ints, Row, list_rows, split_row

_FORMAT = 1

_NEUTRAL_SENTENCES = 2000


@dataclass(frozen=True)
class _Table:
    """How often each of some keys was counted: ascending keys, and the count of each."""

    keys: Ints
    counts: npt.NDArray[Any]

    def locate(self, keys: Ints) -> Ints:
        """Places of keys in the table, -1 for a key that is not there."""
        if not len(self.keys):
            return np.full(len(keys), -1, np.int64)
        places = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        return np.where(self.keys[places] == keys, places, -1)

    def count(self, places: Ints) -> Ints:
        """Counts at places, 0 at -1."""
        if not len(self.keys):
            return np.zeros(len(places), np.int64)
        return np.where(places < 0, 0, self.counts[places]).astype(np.int64)


@dataclass(frozen=True)
class _Located:
    """Where the n-grams that end at each word stand in the tables; -1 for nowhere."""

    text: Numbered
    bigrams: Ints
    trigrams: Ints


def _count_same(rows: Ints, places: Ints, own_rows: Ints, own_places: Ints) -> Ints:
    """How often each (row, place) occurs among the own ones."""
    span = int(max(places.max(initial=0), own_places.max(initial=0))) + 2
    own, often = np.unique(own_rows * span + own_places, return_counts=True)
    wanted = rows * span + places
    if not len(own):
        return np.zeros_like(wanted)
    at = np.minimum(np.searchsorted(own, wanted), len(own) - 1)
    return np.where((own[at] == wanted) & (places >= 0), often[at], 0)


def _pack_pairs(first: Ints, second: Ints) -> Ints:
    return (first << WORD_BITS) | second


def _count_ngrams(
    numbers: Ints, place: Ints, words: int, least: int, max_bigrams: int, max_trigrams: int
) -> Arrays:
    """Count the chosen words, their pairs and, after kept pairs, their triples."""
    word_counts = np.bincount(numbers, minlength=SPECIAL + words)
    word_counts[UNKNOWN] = 0
    known = numbers != UNKNOWN
    second = np.flatnonzero((place >= 1) & known)
    second = second[known[second - 1]]
    pairs = _pack_pairs(numbers[second - 1], numbers[second])
    bigrams = _keep_frequent(pairs, least, max_bigrams)
    bigram_at = np.full(len(numbers), -1, np.int64)
    bigram_at[second] = bigrams.locate(pairs)
    third = np.flatnonzero((place >= 2) & (bigram_at >= 0))
    third = third[bigram_at[third - 1] >= 0]
    triples = _pack_pairs(bigram_at[third - 1], numbers[third])
    trigrams = _keep_frequent(triples, least, max_trigrams)
    return {
        "word_counts": word_counts.astype(np.uint32),
        "bigram_keys": bigrams.keys.astype(np.uint32),
        "bigram_counts": bigrams.counts,
        "trigram_contexts": (trigrams.keys >> WORD_BITS).astype(np.uint32),
        "trigram_words": (trigrams.keys & WORD_MASK).astype(np.uint16),
        "trigram_counts": trigrams.counts,
    }


def _keep_frequent(keys: Ints, least: int, most: int) -> _Table:
    """Count keys and keep the most frequent; of equals, the smallest."""
    found, counts = np.unique(keys, return_counts=True)
    order = np.lexsort((found, -counts))[:most]
    kept = np.sort(order[counts[order] >= least])
    return _Table(found[kept], np.minimum(counts[kept], 65535).astype(np.uint16))


def _check_arrays(arrays: Mapping[str, npt.NDArray[Any]]) -> None:
    """Raise ValueError unless arrays are what `NgramLanguageModel.to_arrays` gives."""
    for name, kind in KINDS.items():
        if name not in arrays:
            raise ValueError(f"array {name} is missing")
        if arrays[name].dtype != kind or arrays[name].ndim != 1:
            raise ValueError(f"array {name} is not a row of {np.dtype(kind)}")
    if len(arrays["settings"]) != 2 or arrays["settings"][0] != _FORMAT:
        raise ValueError(f"arrays are not of format {_FORMAT}")
    if arrays["settings"][1] < 1:
        raise ValueError("least count in settings is under 1")
    sizes = {name: len(array) for name, array in arrays.items()}
    bigrams, words = sizes["bigram_keys"], sizes["word_counts"]
    expected = {
        "word_hashes": words - SPECIAL,
        "marks": 1,
        "bigram_counts": bigrams,
        "trigram_words": sizes["trigram_contexts"],
        "trigram_counts": sizes["trigram_contexts"],
        "neutral": len(NGRAM_COLUMNS),
    }
    for name, size in expected.items():
        if sizes[name] != size:
            raise ValueError(f"array {name} has {sizes[name]} entries, not {size}")
    trigrams = _pack_pairs(
        arrays["trigram_contexts"].astype(np.int64), arrays["trigram_words"].astype(np.int64)
    )
    for name, keys in (("bigrams", arrays["bigram_keys"].astype(np.int64)), ("trigrams", trigrams)):
        if (np.diff(keys) <= 0).any():
            raise ValueError(f"{name} are not in ascending order")


class NgramLanguageModel:
    """How often humans write each word, pair and triple of words; made by `fit`.

    A text that was counted looks more usual than a text that was not, and so does its translation:
    `measure` leaves such counts out where it is told which.

    Attributes:
        arrays: what was learnt, by name; what `to_arrays` gives.
        least_count: words and n-grams seen less often are forgotten.
    """

    def __init__(self, arrays: Mapping[str, npt.NDArray[Any]], least_count: int) -> None:
        self.arrays = dict(arrays)
        self.least_count = least_count
        self._word_numbers = WordNumbers(arrays["word_hashes"])
        self._words = arrays["word_counts"].astype(np.int64)
        self._bigrams = _Table(arrays["bigram_keys"].astype(np.int64), arrays["bigram_counts"])
        contexts = arrays["trigram_contexts"].astype(np.int64)
        triples = _pack_pairs(contexts, arrays["trigram_words"].astype(np.int64))
        self._trigrams = _Table(triples, arrays["trigram_counts"])
        self._first_word = SPECIAL + int(arrays["marks"][0])
        self._total = float(self._words.sum())

    @classmethod
    def fit(
        cls,
        rows: Iterable[Row],
        least_count: int = 2,
        max_bigrams: int = 500_000,
        max_trigrams: int = 500_000,
    ) -> Self:
        """Count the words and n-grams of human sentences; n-grams do not cross sentences.

        Args:
            rows: sentences (sequences of words) or documents (sequences of sentences).
            least_count: words and n-grams seen less often are forgotten.
            max_bigrams: how many pairs to keep, the most frequent first (6 bytes each).
            max_trigrams: how many triples to keep (8 bytes each).

        Raises ValueError for parameters out of range and where there is not a word to learn.
        """
        if least_count < 1 or max_bigrams < 0 or max_trigrams < 0:
            raise ValueError(
                "least_count must be 1 or more, max_bigrams and max_trigrams 0 or more"
            )
        sentences = [
            s for number, row in enumerate(list_rows(rows)) for s in split_row(row, number)
        ]
        arrays = choose_words(sentences, least_count)
        if not len(arrays["word_hashes"]):
            raise ValueError("no word occurs often enough to be learnt")
        numbers, place = number_sentences(sentences, arrays["word_hashes"])
        words = len(arrays["word_hashes"])
        arrays |= _count_ngrams(numbers, place, words, least_count, max_bigrams, max_trigrams)
        sample = sentences[:: -(-len(sentences) // _NEUTRAL_SENTENCES)]
        with warnings.catch_warnings():
            # A column that no training sentence has a value for stays at 0.
            warnings.simplefilter("ignore", RuntimeWarning)
            neutral = np.nanmedian(cls(arrays, least_count)._measure(sample, sample), axis=0)
        arrays["neutral"] = np.nan_to_num(neutral).astype(np.float32)
        return cls(arrays, least_count)

    def measure(
        self, rows: Iterable[Row], counted: Iterable[Row] | None = None
    ) -> npt.NDArray[np.float32]:
        """Measure how usual each row is: float32 (rows, `NGRAM_COLUMNS`), all finite.

        Gives the frequency of the words, the log-probability of each word after the one and the
        two before it (mixed as in a hierarchical Dirichlet model: MacKay & Peto 1995), what the
        context adds to it (pointwise mutual information), and how many pairs of common words were
        never seen together. What a row has no value for (the rarest content word of "He did.") is
        answered with the median of the training sentences.

        Args:
            rows: as for `fit`.
            counted: for each row, the text that `fit` counted and that is left out for it: the row
                itself, its human original, or all sentences of its article. Both sides of a pair
                should leave out the same text, or the difference shows which one was counted.

        Raises TypeError for a row that holds no words, ValueError where there are not as many
        counted texts as rows.
        """
        rows = list_rows(rows)
        own = None if counted is None else list_rows(counted)
        if own is not None and len(own) != len(rows):
            raise ValueError(f"{len(own)} counted texts for {len(rows)} rows")
        features = self._measure(rows, own)
        return np.where(np.isnan(features), self.arrays["neutral"], features).astype(np.float32)

    def to_arrays(self) -> Arrays:
        """Give what was learnt as plain arrays, for storing without pickle."""
        return {**self.arrays, "settings": np.array([_FORMAT, self.least_count], np.int64)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> Self:
        """Build a model from what `to_arrays` gave.

        Raises ValueError for arrays that are missing, of the wrong kind or size, out of order or
        of another version.
        """
        _check_arrays(arrays)
        learnt = {name: np.asarray(arrays[name]) for name in KINDS if name != "settings"}
        return cls(learnt, int(arrays["settings"][1]))

    def __reduce__(self) -> tuple[Any, ...]:
        # What is looked up is as large again, and is rebuilt from the arrays in milliseconds.
        return type(self).from_arrays, (self.to_arrays(),)

    def _measure(self, rows: Sequence[Row], own: Sequence[Row] | None) -> Floats:
        """Features of each row, NaN where it has no value."""
        features = np.full((len(rows), len(NGRAM_COLUMNS)), np.nan)
        for start, batch in Batch.extract_some(rows, (OPENING,)):
            end = start + batch.size
            left_out = None
            if own is not None:
                left_out = self._locate(Batch.gather(own[start:end], (OPENING,)))
            columns = self._measure_batch(self._locate(batch), left_out)
            features[start:end].T[:] = list(columns.values())
        return features

    def _locate(self, batch: Batch) -> _Located:
        """Look up every n-gram of a batch, whose sentences have their opening."""
        text = Numbered.read(batch, self._word_numbers)
        bigrams = np.full(len(text.numbers), -1, np.int64)
        trigrams = bigrams.copy()
        second = np.flatnonzero(text.place >= 1)
        pairs = _pack_pairs(text.numbers[second - 1], text.numbers[second])
        bigrams[second] = self._bigrams.locate(pairs)
        third = np.flatnonzero(text.place >= 2)
        third = third[bigrams[third - 1] >= 0]
        triples = _pack_pairs(bigrams[third - 1], text.numbers[third])
        trigrams[third] = self._trigrams.locate(triples)
        return _Located(text, bigrams, trigrams)

    def _count(self, found: _Located, left_out: _Located | None) -> tuple[Ints, Ints, Ints]:
        """Counts of the word, bigram and trigram that end at each word, less those left out."""
        ones = self._words[found.text.numbers]
        twos = self._bigrams.count(found.bigrams)
        threes = self._trigrams.count(found.trigrams)
        if left_out is None:
            return ones, twos, threes
        rows, own_rows = found.text.rows, left_out.text.rows

        def leave_out(counts: Ints, places: Ints, own_places: Ints) -> Ints:
            rest = counts - _count_same(rows, places, own_rows, own_places)
            # What is left of a pruned table must be pruned alike.
            return np.where(rest < self.least_count, 0, rest)

        return (
            leave_out(ones, found.text.numbers, left_out.text.numbers),
            leave_out(twos, found.bigrams, left_out.bigrams),
            leave_out(threes, found.trigrams, left_out.trigrams),
        )

    def _measure_batch(self, found: _Located, left_out: _Located | None) -> Columns:
        """Features of located rows, NaN where a row has no value."""
        text, counts = found.text, self._count(found, left_out)
        kinds = Kinds.tell(text.numbers, counts[0], self._first_word)
        frequency = np.log((counts[0] + 0.5) / self._total)
        return {
            **measure_words(text, kinds, frequency),
            **measure_context(text, kinds, frequency, counts),
        }


def _name_columns() -> tuple[str, ...]:
    nothing = {name: np.zeros(int(name == "marks"), kind) for name, kind in KINDS.items()}
    nothing["word_counts"] = np.ones(SPECIAL, np.uint32)
    model = NgramLanguageModel(nothing, 1)
    return tuple(model._measure_batch(model._locate(Batch.gather([])), None))


#: ``ngram:name`` of each column of `NgramLanguageModel.measure`.
NGRAM_COLUMNS = _name_columns()
