"""What counts of n-grams say of a sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from detector.features.ngram_vocabulary import SPECIAL, UNKNOWN, Numbered
from detector.features.word_rows import Bools, Columns, Floats, Ints, sum_by

#: The arrays of a fitted `NgramLanguageModel`, and the kind of each.
KINDS = {
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

# Words of the frequency ranks that stand for function words and for words everybody uses.
_FUNCTION_RANK, _COMMON_RANK = 150, 2000

# The logarithm of the frequency under which a word is rare: twice in a million words.
_RARE = float(np.log(2e-6))

# Strength of the shorter context when it is mixed with a longer one (in words seen).
_BIGRAM_PRIOR, _TRIGRAM_PRIOR = 500.0, 50.0


@dataclass(frozen=True)
class Kinds:
    """For each word, what its number and count say of it.

    Attributes:
        is_word: it is neither mark nor placeholder.
        unknown: a word that the model has not counted.
        content: a known word that is no function word.
        common: among the most frequent, or no word.
        listed: a word or mark that the model has counted.
    """

    is_word: Bools
    unknown: Bools
    content: Bools
    common: Bools
    listed: Bools

    @classmethod
    def tell(cls, numbers: Ints, counts: Ints, first_word: int) -> Kinds:
        """Tell the kinds of words.

        Args:
            numbers: of the words, see `Numbered`.
            counts: how often each word was counted.
            first_word: the number of the most frequent word; marks have lower ones.
        """
        is_word = (numbers >= first_word) | (numbers == UNKNOWN)
        unknown = is_word & (counts == 0)
        return cls(
            is_word=is_word,
            unknown=unknown,
            content=is_word & ~unknown & (numbers >= first_word + _FUNCTION_RANK),
            common=numbers < first_word + _COMMON_RANK,
            listed=(numbers >= SPECIAL) & ~unknown,
        )


def measure_words(text: Numbered, kinds: Kinds, frequency: Floats) -> Columns:
    """How frequent the words are."""
    rows, size, content, unknown = text.rows, text.size, kinds.content, kinds.unknown
    rare = content & (frequency < _RARE)
    return {
        **_summarize({"frequency": frequency[content]}, rows[content], size, (0, 10, 25, 50)),
        "ngram:unknown": _share_of(unknown, kinds.is_word, rows, size),
        "ngram:rare": _share_of(rare | unknown, content | unknown, rows, size),
        "ngram:common": _share_of(kinds.common, content, rows, size),
    }


def measure_context(
    text: Numbered, kinds: Kinds, frequency: Floats, counts: tuple[Ints, Ints, Ints]
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
    both_common = kinds.common[second] & kinds.common[first] & (text.numbers[first] >= SPECIAL)
    both = content[second] & content[first]
    mixed = content[second] != content[first]
    return {
        **_summarize(context, rows, size, (0, 10, 25, 50, 90, 100)),
        **_summarize({"unseen_chance": chance}, rows, size, (90, 100)),
        "ngram:bigram_seen": _share_of(~unseen, np.ones_like(unseen), rows, size),
        "ngram:trigram_seen": _share_of(threes[second] > 0, text.place[second] >= 2, rows, size),
        "ngram:unseen_common": _share_of(unseen, both_common, rows, size),
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
            (f"ngram:{name}_mean", means[name]),
            *((f"ngram:{name}_{p}", row[place]) for p, place in zip(percentiles, at, strict=True)),
        )
    }


def _share_of(flags: Bools, among: Bools, rows: Ints, size: int) -> Floats:
    """Share of the flagged among some words of each row; NaN where there are none."""
    whole = np.bincount(rows[among], minlength=size)
    with np.errstate(invalid="ignore"):
        return np.bincount(rows[among & flags], minlength=size) / whole
