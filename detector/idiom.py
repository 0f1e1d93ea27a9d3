"""How usual the words of a text and their combinations are in people's English.

Spinners and engines choose words that mean the right thing and that nobody puts there: Shahid et
al. 2017 ("Accurate detection of automatically spun content via stylometric analysis"), Wahle et
al. 2022 ("Identifying Machine-Paraphrased Plagiarism"), Cabanac, Labbé & Magazinov 2021 ("Tortured
phrases"). Engines also flatten towards the frequent (Vanmassenhove, Shterionov & Way 2019).

Names, places and numbers are placeholders: a capitalised word that is not usually written small is
part of a name, and a run of them is one; days, months and numbers are one word each.
"""

from __future__ import annotations

import re
import warnings
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from detector.batches import (
    Batch,
    Bools,
    Columns,
    Floats,
    Ints,
    Row,
    list_rows,
    split_row,
    sum_by,
)
from detector.lexicon import CACHE_LIMIT, LONGEST_WORD, is_genitive
from detector.text import NAME_PLACEHOLDER, americanize

Arrays = dict[str, npt.NDArray[Any]]

_FORMAT = 1
_NEUTRAL_SENTENCES = 2000
_KINDS = {
    "word_hashes": np.uint64,
    "word_counts": np.uint32,
    "marks": np.int64,
    "bigram_keys": np.uint32,
    "bigram_counts": np.uint16,
    "trigram_contexts": np.uint32,
    "trigram_words": np.uint16,
    "trigram_counts": np.uint16,
    "neutral": np.float32,
    "settings": np.int64,
}


_OPENING = "\x02"  # stands before each sentence; no tokenizer yields it
_UNKNOWN, _SENTENCE, _QUOTATION, _NAME, _NUMBER, _DAY, _MONTH, _GENITIVE = range(8)
_SPECIAL = 8
_WORD_BITS = 16
_WORD_MASK = (1 << _WORD_BITS) - 1
_MOST_WORDS = (1 << _WORD_BITS) - _SPECIAL
# Beside a word's number while it is looked up: a genitive "'s" goes with it.
_WITH_GENITIVE = 1 << _WORD_BITS
_DAYS = frozenset("monday tuesday wednesday thursday friday saturday sunday".split())
_MONTHS = frozenset(
    """
    january february march april may june july august september october november december
    """.split()
)
_DIGITS = re.compile(r"\d+(?:[.,:/]\d+)*")
_PLACEHOLDERS = {
    _OPENING: _SENTENCE,
    '"': _QUOTATION,
    "'": _QUOTATION,
    "'s": _GENITIVE,
    NAME_PLACEHOLDER: _NAME,
}
# Words of the frequency ranks that stand for function words and for words everybody uses.
_FUNCTION_RANK, _COMMON_RANK = 150, 2000
# The logarithm of the frequency under which a word is rare: twice in a million words.
_RARE = float(np.log(2e-6))
# Strength of the shorter context when it is mixed with a longer one (in words seen).
_BIGRAM_PRIOR, _TRIGRAM_PRIOR = 500.0, 50.0


def _hash_word(word: str) -> int:
    """Give a word a 64-bit number that is the same on every machine."""
    return int.from_bytes(
        blake2b(word.encode("utf-8", "replace"), digest_size=8).digest(), "little"
    )


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


class _WordNumbers(dict[str, int]):
    """The number of every form met so far; a form is worked out when it is first asked for."""

    def __init__(self, word_hashes: npt.NDArray[np.uint64]) -> None:
        super().__init__()
        numbers = range(_SPECIAL, _SPECIAL + len(word_hashes))
        self._vocabulary = dict(zip(word_hashes.tolist(), numbers, strict=True))

    def __missing__(self, form: str) -> int:
        if len(form) > LONGEST_WORD:
            return self[form[:LONGEST_WORD]]
        number, word, genitive = _mask_word(form)
        if number < 0:
            otherwise = _NAME if _is_written_as_name(form) else _UNKNOWN
            number = self._vocabulary.get(_hash_word(word), otherwise)
        if genitive:
            number |= _WITH_GENITIVE
        if len(self) > CACHE_LIMIT:
            self.clear()
        self[form] = number
        return number


@dataclass(frozen=True)
class _Numbered:
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
    def read(cls, batch: Batch, word_numbers: Mapping[str, int]) -> _Numbered:
        """Number the words of a batch, whose sentences have their opening."""
        found = np.fromiter(map(word_numbers.__getitem__, batch.words), np.int64, len(batch.words))
        copies = 1 + (found >= _WITH_GENITIVE)
        numbers = np.repeat(found & _WORD_MASK, copies)
        numbers[np.cumsum(copies)[copies == 2] - 1] = _GENITIVE
        kept = numbers != _QUOTATION
        is_name = numbers == _NAME
        kept[1:] &= ~(is_name[1:] & is_name[:-1])
        numbers, rows = numbers[kept], np.repeat(batch.rows, copies)[kept]
        at = np.arange(len(numbers))
        place = at - np.maximum.accumulate(np.where(numbers == _SENTENCE, at, 0))
        return cls(numbers, rows, place, batch.size)


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

    text: _Numbered
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
    return (first << _WORD_BITS) | second


@dataclass(frozen=True)
class _Kinds:
    """For each word, what its number and count say of it.

    Attributes:
        is_word: it is neither mark nor placeholder.
        unknown: a word that the table does not have.
        content: a known word that is no function word.
        common: among the most frequent, or no word.
        listed: a word or mark that the table has.
    """

    is_word: Bools
    unknown: Bools
    content: Bools
    common: Bools
    listed: Bools

    @classmethod
    def tell(cls, numbers: Ints, counts: Ints, first_word: int) -> _Kinds:
        is_word = (numbers >= first_word) | (numbers == _UNKNOWN)
        unknown = is_word & (counts == 0)
        return cls(
            is_word=is_word,
            unknown=unknown,
            content=is_word & ~unknown & (numbers >= first_word + _FUNCTION_RANK),
            common=numbers < first_word + _COMMON_RANK,
            listed=(numbers >= _SPECIAL) & ~unknown,
        )


def _measure_words(text: _Numbered, kinds: _Kinds, frequency: Floats) -> Columns:
    """How frequent the words are."""
    rows, size, content, unknown = text.rows, text.size, kinds.content, kinds.unknown
    rare = content & (frequency < _RARE)
    return {
        **_summarize({"frequency": frequency[content]}, rows[content], size, (0, 10, 25, 50)),
        "idiom:unknown": _share_of(unknown, kinds.is_word, rows, size),
        "idiom:rare": _share_of(rare | unknown, content | unknown, rows, size),
        "idiom:common": _share_of(kinds.common, content, rows, size),
    }


def _measure_context(
    text: _Numbered, kinds: _Kinds, frequency: Floats, counts: tuple[Ints, Ints, Ints]
) -> Columns:
    """How usual the words are where they stand.

    A word, a mark or a placeholder may be context; only words and marks are predicted.
    """
    ones, twos, threes = counts
    second = np.flatnonzero(kinds.listed & (text.place >= 1))
    second = second[ones[second - 1] > 0]
    first = second - 1
    rows, size, content = text.rows[second], text.size, kinds.content
    expected = np.exp(frequency[second])
    after_one = (twos[second] + _BIGRAM_PRIOR * expected) / (ones[first] + _BIGRAM_PRIOR)
    after_two = (threes[second] + _TRIGRAM_PRIOR * after_one) / (twos[first] + _TRIGRAM_PRIOR)
    one, two = np.log(after_one), np.log(after_two)
    gain = one - frequency[second]
    context = {"bigram": one, "trigram": two, "gain": gain, "second_gain": two - one}
    unseen = twos[second] == 0
    chance = np.where(unseen, np.log1p(ones[first] * expected), 0)
    both_common = kinds.common[second] & kinds.common[first] & (text.numbers[first] >= _SPECIAL)
    both = content[second] & content[first]
    mixed = content[second] != content[first]
    return {
        **_summarize(context, rows, size, (0, 10, 25, 50, 90, 100)),
        **_summarize({"unseen_chance": chance}, rows, size, (90, 100)),
        "idiom:bigram_seen": _share_of(~unseen, np.ones_like(unseen), rows, size),
        "idiom:trigram_seen": _share_of(threes[second] > 0, text.place[second] >= 2, rows, size),
        "idiom:unseen_common": _share_of(unseen, both_common, rows, size),
        **_summarize({"content_gain": gain[both]}, rows[both], size, (0, 50)),
        **_summarize({"mixed_gain": gain[mixed]}, rows[mixed], size, (0, 10)),
    }


def _summarize(
    values: Mapping[str, Floats], rows: Ints, size: int, percentiles: Sequence[int]
) -> Columns:
    """Mean and percentiles (0 the least, 100 the greatest) by row; NaN for a row without values.

    All values are between -1000 and 1000: rows are sorted at once by laying them that far apart.
    """
    total = np.bincount(rows, minlength=size)
    with np.errstate(invalid="ignore"):
        means = {name: sum_by(rows, value, size) / total for name, value in values.items()}
    apart = rows * 2000.0
    ranked = np.sort(np.stack(list(values.values())) + apart, axis=1) - apart
    ranked = np.concatenate([ranked, np.full((len(values), 1), np.nan)], axis=1)
    last = np.cumsum(total) - 1
    steps = np.rint(np.outer(np.array(percentiles) / 100, total - 1)).astype(np.int64)
    at = np.where(total > 0, last - (total - 1) + steps, len(rows))
    return {
        column: part
        for name, row in zip(values, ranked, strict=True)
        for column, part in (
            (f"idiom:{name}_mean", means[name]),
            *((f"idiom:{name}_{p}", row[place]) for p, place in zip(percentiles, at, strict=True)),
        )
    }


def _share_of(flags: Bools, among: Bools, rows: Ints, size: int) -> Floats:
    """Share of the flagged among some words of each row; NaN where there are none."""
    whole = np.bincount(rows[among], minlength=size)
    with np.errstate(invalid="ignore"):
        return np.bincount(rows[among & flags], minlength=size) / whole


def _choose_words(sentences: Iterable[Sequence[str]], least: int) -> Arrays:
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


def _number_sentences(
    sentences: Sequence[Sequence[str]], word_hashes: npt.NDArray[np.uint64]
) -> tuple[Ints, Ints]:
    """Give the number of each word of all sentences, and its place in its sentence."""
    word_numbers = _WordNumbers(word_hashes)
    read = [
        _Numbered.read(batch, word_numbers)
        for _, batch in Batch.gather_some(sentences, (_OPENING,))
    ]
    numbers = np.concatenate([text.numbers for text in read])
    return numbers, np.concatenate([text.place for text in read])


def _count_ngrams(
    numbers: Ints, place: Ints, words: int, least: int, max_bigrams: int, max_trigrams: int
) -> Arrays:
    """Count the chosen words, their pairs and, after kept pairs, their triples."""
    word_counts = np.bincount(numbers, minlength=_SPECIAL + words)
    word_counts[_UNKNOWN] = 0
    known = numbers != _UNKNOWN
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
        "trigram_contexts": (trigrams.keys >> _WORD_BITS).astype(np.uint32),
        "trigram_words": (trigrams.keys & _WORD_MASK).astype(np.uint16),
        "trigram_counts": trigrams.counts,
    }


def _keep_frequent(keys: Ints, least: int, most: int) -> _Table:
    """Count keys and keep the most frequent; of equals, the smallest."""
    found, counts = np.unique(keys, return_counts=True)
    order = np.lexsort((found, -counts))[:most]
    kept = np.sort(order[counts[order] >= least])
    return _Table(found[kept], np.minimum(counts[kept], 65535).astype(np.uint16))


def _check_arrays(arrays: Mapping[str, npt.NDArray[Any]]) -> None:
    """Raise ValueError unless arrays are what `IdiomTable.to_arrays` gives."""
    for name, kind in _KINDS.items():
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
        "word_hashes": words - _SPECIAL,
        "marks": 1,
        "bigram_counts": bigrams,
        "trigram_words": sizes["trigram_contexts"],
        "trigram_counts": sizes["trigram_contexts"],
        "neutral": len(IDIOM_COLUMNS),
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


class IdiomTable:
    """How often people write each word, pair and triple of words; made by `fit`.

    A text that was counted looks more usual than a text that was not, and so does its translation:
    `measure` leaves such counts out where it is told which.

    Attributes:
        arrays: what was learnt, by name; what `to_arrays` gives.
        least_count: words and n-grams seen less often are forgotten.
    """

    def __init__(self, arrays: Mapping[str, npt.NDArray[Any]], least_count: int) -> None:
        self.arrays = dict(arrays)
        self.least_count = least_count
        self._word_numbers = _WordNumbers(arrays["word_hashes"])
        self._words = arrays["word_counts"].astype(np.int64)
        self._bigrams = _Table(arrays["bigram_keys"].astype(np.int64), arrays["bigram_counts"])
        contexts = arrays["trigram_contexts"].astype(np.int64)
        triples = _pack_pairs(contexts, arrays["trigram_words"].astype(np.int64))
        self._trigrams = _Table(triples, arrays["trigram_counts"])
        self._first_word = _SPECIAL + int(arrays["marks"][0])
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
        arrays = _choose_words(sentences, least_count)
        if not len(arrays["word_hashes"]):
            raise ValueError("no word occurs often enough to be learnt")
        numbers, place = _number_sentences(sentences, arrays["word_hashes"])
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
        """Measure how usual each row is: float32 (rows, `IDIOM_COLUMNS`), all finite.

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
        """Build a table from what `to_arrays` gave.

        Raises ValueError for arrays that are missing, of the wrong kind or size, out of order or
        of another version.
        """
        _check_arrays(arrays)
        learnt = {name: np.asarray(arrays[name]) for name in _KINDS if name != "settings"}
        return cls(learnt, int(arrays["settings"][1]))

    def __reduce__(self) -> tuple[Any, ...]:
        # What is looked up is as large again, and is rebuilt from the arrays in milliseconds.
        return type(self).from_arrays, (self.to_arrays(),)

    def _measure(self, rows: Sequence[Row], own: Sequence[Row] | None) -> Floats:
        """Features of each row, NaN where it has no value."""
        features = np.full((len(rows), len(IDIOM_COLUMNS)), np.nan)
        for start, batch in Batch.gather_some(rows, (_OPENING,)):
            end = start + batch.size
            left_out = None
            if own is not None:
                left_out = self._locate(Batch.gather(own[start:end], (_OPENING,)))
            columns = self._measure_batch(self._locate(batch), left_out)
            features[start:end].T[:] = list(columns.values())
        return features

    def _locate(self, batch: Batch) -> _Located:
        """Look up every n-gram of a batch, whose sentences have their opening."""
        text = _Numbered.read(batch, self._word_numbers)
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
        kinds = _Kinds.tell(text.numbers, counts[0], self._first_word)
        frequency = np.log((counts[0] + 0.5) / self._total)
        return {
            **_measure_words(text, kinds, frequency),
            **_measure_context(text, kinds, frequency, counts),
        }


def _name_columns() -> tuple[str, ...]:
    nothing = {name: np.zeros(int(name == "marks"), kind) for name, kind in _KINDS.items()}
    nothing["word_counts"] = np.ones(_SPECIAL, np.uint32)
    table = IdiomTable(nothing, 1)
    return tuple(table._measure_batch(table._locate(Batch.gather([])), None))


#: ``idiom:name`` of each column of `IdiomTable.measure`.
IDIOM_COLUMNS = _name_columns()
