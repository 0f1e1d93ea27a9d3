"""How alike the sentences of two texts are, for all pairs that share a rare word."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import Indel

from detector.comparison.word_forms import Forms

Floats = npt.NDArray[np.float64]

Ints = npt.NDArray[np.int64]

# Similarity is a mean of three measures of a pair: rare words shared, words in order, letters in
# order. Their shares are those of a logistic regression that told round trips of news sentences
# from the other sentences of the same article.
_RARE_SHARE, _WORD_ORDER_SHARE, _LETTER_SHARE = 0.375, 0.4, 0.225

_NAMES_ONLY_DISCOUNT = 0.6

_CANDIDATES, _LEAST_CANDIDATE = 6, 0.1

# A word that would bring more pairs of sentences together than this brings none.
_MOST_PAIRS_OF_WORD, _MOST_PAIRS = 40_000, 20_000_000

# Order is compared over the first words of a sentence only; what is longer is no sentence.
_COMPARED_WORDS, _COMPARED_LETTERS = 300, 2000


class SentenceForms:
    """The words of one text's sentences, in the forms in which they are likened to another's.

    Args:
        forms: the words of each sentence.
    """

    def __init__(self, forms: Sequence[Forms]) -> None:
        self.keys = [tuple([form.key for form in sentence]) for sentence in forms]
        self.stems = [[form.stem for form in sentence[:_COMPARED_WORDS]] for sentence in forms]
        self.contents = [
            frozenset([form.stem for form in sentence if not form.is_function])
            for sentence in forms
        ]
        self.counts = Counter(stem for stems in self.contents for stem in stems)
        inside = [form for sentence in forms for form in sentence[1:] if form.is_capitalized]
        every = [form for sentence in forms for form in sentence]
        #: Stems of numbers, and of what is capitalised not only at the start of a sentence.
        self.named = {form.stem for form in every if form.is_number}
        self.named.update(form.stem for form in inside)
        #: Stems of what is written small.
        self.plain = {form.stem for form in every if not (form.is_number or form.is_capitalized)}

    def __len__(self) -> int:
        return len(self.contents)


class Sentences:
    """Sentences of both texts, and how alike any of one is to any of the other."""

    def __init__(self, copy: SentenceForms, original: SentenceForms) -> None:
        self.sides = (copy, original)
        self.names = (copy.named | original.named) - (copy.plain | original.plain)
        counts = copy.counts + original.counts
        total = len(copy) + len(original)
        self.weights = {stem: math.log(1 + total / count) for stem, count in counts.items()}

    def weigh(self, stems: Iterable[str]) -> float:
        """The summed weights of stems; a rare one weighs more."""
        weights = self.weights
        return math.fsum([weights[stem] for stem in stems])

    def compare(self, copied: Sequence[int], originals: Sequence[int]) -> float:
        """Similarity, 0 to 1, of one or more sentences of the copy and of the original."""
        copy, original = self.sides
        keys = [key for i in copied for key in copy.keys[i]]
        other_keys = [key for j in originals for key in original.keys[j]]
        if not keys or not other_keys:
            return 0.0
        if keys == other_keys:
            return 1.0
        stems = frozenset().union(*[copy.contents[i] for i in copied])
        other_stems = frozenset().union(*[original.contents[j] for j in originals])
        shared = stems & other_stems
        whole = self.weigh(stems) + self.weigh(other_stems)
        rare = 2 * self.weigh(shared) / whole if whole else 0.0
        order = Indel.normalized_similarity(
            [stem for i in copied for stem in copy.stems[i]],
            [stem for j in originals for stem in original.stems[j]],
        )
        letters = Indel.normalized_similarity(
            " ".join(keys[:_COMPARED_WORDS])[:_COMPARED_LETTERS],
            " ".join(other_keys[:_COMPARED_WORDS])[:_COMPARED_LETTERS],
        )
        similarity = _RARE_SHARE * rare + _WORD_ORDER_SHARE * order + _LETTER_SHARE * letters
        if shared <= self.names and order < 0.75:
            similarity *= _NAMES_ONLY_DISCOUNT
        return float(min(similarity, 1.0))

    def find_candidates(self) -> Iterator[tuple[int, int]]:
        """Pairs of sentences worth a comparison, by the rare words that they share.

        Of those that share as much, the ones whose places in their texts are most alike.
        """
        yield from self._pair_identical()
        places = self._place_stems()
        whole = [np.array([self.weigh(stems) for stems in side.contents]) for side in self.sides]
        length, original_length = map(len, self.sides)
        for row, stems in enumerate(self.sides[0].contents):
            # In the order of the alphabet: sets have another one in each process.
            columns, shared = self._sum_shared(sorted(places.keys() & stems), places)
            dice = (2 * shared / (whole[0][row] + whole[1][columns])).round(9)
            best = np.flatnonzero(dice >= _LEAST_CANDIDATE)
            if len(best) > _CANDIDATES:
                away = abs(columns[best] * length - row * original_length)
                best = best[np.lexsort((away, -dice[best]))[:_CANDIDATES]]
            for column in columns[best].tolist():
                yield row, column

    def _pair_identical(self) -> Iterator[tuple[int, int]]:
        places: dict[tuple[str, ...], list[int]] = defaultdict(list)
        for j, keys in enumerate(self.sides[1].keys):
            places[keys].append(j)
        met: Counter[tuple[str, ...]] = Counter()
        for i, keys in enumerate(self.sides[0].keys):
            if met[keys] < len(places.get(keys, ())):
                yield i, places[keys][met[keys]]
                met[keys] += 1

    def _place_stems(self) -> dict[str, Ints]:
        """Where each shared stem stands in the original; those of too many pairs are left out."""
        counts = [side.counts for side in self.sides]
        pairs = {stem: counts[0][stem] * counts[1][stem] for stem in counts[0] if stem in counts[1]}
        places: dict[str, list[int]] = {}
        spent = 0
        for stem in sorted(pairs, key=lambda stem: (pairs[stem], stem)):
            spent += pairs[stem]
            if pairs[stem] > _MOST_PAIRS_OF_WORD or spent > _MOST_PAIRS:
                break
            places[stem] = []
        for j, stems in enumerate(self.sides[1].contents):
            for stem in stems:
                if stem in places:
                    places[stem].append(j)
        return {stem: np.array(rows, dtype=np.int64) for stem, rows in places.items()}

    def _sum_shared(self, stems: Sequence[str], places: Mapping[str, Ints]) -> tuple[Ints, Floats]:
        """The original's sentences that share some of the stems, and the weight that each does."""
        if not stems:
            return np.zeros(0, dtype=np.int64), np.zeros(0)
        columns = np.concatenate([places[stem] for stem in stems])
        weights = np.repeat(
            [self.weights[stem] for stem in stems], [len(places[stem]) for stem in stems]
        )
        met = np.unique(columns)
        return met, np.bincount(columns, weights)[met]
