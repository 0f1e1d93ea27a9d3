"""Which texts of a crawl may stem from one another: those that share rare words, in order.

No encoder runs here, and never are all pairs looked at. Each text asks the posting lists of its
rarest words, up to a number of postings that does not grow with the crawl. The exception is a text
of which every word stands in more texts than that, such as an article that thousands reprint: it
asks the list of its rarest word all the same, as long as that may be, or it would find no copy. The
texts that share most of these words are then compared by the cosine of their TF-IDF vectors over
words, and those that pass by the order of their words.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from detector.clusters.words import CrawlWords, Floats, Integers, Words
from detector.references.vectors import WORD_BUCKETS

LEAST_COSINE = 0.2
"""Texts whose words' cosine is below that are not compared by the encoder."""

LEAST_ORDER = 0.25
"""Likewise for the share of the shorter one's words that stand in the other in the same order.

Among 2,000 texts with 150 planted families (round trips, language models, spun at 10 to 50 %,
edits, cuts) both together lose 11 of 937 pairs, and no family falls apart; some 70 of 1,400 other
articles have anything to compare.
"""

LEAST_WORDS = 5
"""Texts of fewer have no candidates."""

ROUGHLY_CHOSEN = 2
"""So many times the texts that are asked for are looked at more closely."""

POSTINGS_READ = 2_000
"""So many postings a text looks through, or its rarest word's; ten times as many find no more
planted pairs."""


class CandidateFinder:
    """Finds for each text of a crawl the few that may stem from it, or it from them.

    Args:
        words: of the crawl.
        folder: where the posting lists are made.
    """

    def __init__(self, words: CrawlWords, folder: Path) -> None:
        self._words = words
        self._list_ends = np.cumsum(words.frequencies)
        self._postings = _write_postings(words, folder / "postings")
        self._query = np.zeros(WORD_BUCKETS)

    def find(self, number: int, k: int) -> list[int]:
        """At most k texts that may be relatives of one, the likeliest first."""
        words = self._words.get(number)
        if len(words) < LEAST_WORDS:
            return []
        chosen = self._choose_roughly(number, words, ROUGHLY_CHOSEN * k)
        near = chosen[self._compare(number, words, chosen) >= LEAST_COSINE].tolist()
        orders = [(-self._words.measure_order(number, other), other) for other in near]
        return [other for order, other in sorted(orders)[:k] if -order >= LEAST_ORDER]

    def _compare(self, number: int, words: Words, others: Integers) -> Floats:
        """Cosine of a text's words with those of others."""
        self._query[words] = self._words.weigh(number)
        products = np.array(
            [self._query[self._words.get(n)] @ self._words.weigh(n) for n in others.tolist()]
        )
        self._query[words] = 0.0
        lengths = self._words.lengths[number] * self._words.lengths[others]
        cosines: Floats = products.reshape(-1) / np.maximum(lengths, 1e-9)
        return cosines

    def _choose_roughly(self, number: int, words: Words, depth: int) -> Integers:
        """The texts that share most of the rarest words with one, by the words' rarity."""
        chosen = choose_rare_words(words, self._words.frequencies, POSTINGS_READ)
        if not len(chosen):
            return np.empty(0, np.int64)
        counts, ends = self._words.frequencies[chosen], self._list_ends[chosen]
        lists = [self._postings[e - n : e] for e, n in zip(ends, counts, strict=True)]
        weights = np.repeat(self._words.rarity[chosen] ** 2, counts)
        found, places = np.unique(np.concatenate(lists), return_inverse=True)
        scores = np.bincount(places, weights) / np.maximum(self._words.lengths[found], 1e-9)
        scores[found == number] = 0.0
        best = np.argsort(-scores, kind="stable")[:depth]
        return found[best[scores[best] > 0.0]].astype(np.int64)


def choose_rare_words(words: Words, frequencies: Integers, postings: int) -> Words:
    """The rarest words of a text that other texts have too; one at least, however frequent it is.

    Args:
        words: of the text, each once.
        frequencies: in how many texts each word stands.
        postings: in fewer texts they stand, all together; the rarest may stand in any number.
    """
    own = frequencies[words]
    order = np.argsort(own, kind="stable")
    order = order[own[order] > 1]
    read = np.cumsum(own[order])
    chosen: Words = words[order[: max(1, int(np.searchsorted(read, postings)))]]
    return chosen


def _write_postings(words: CrawlWords, path: Path) -> npt.NDArray[np.uint32]:
    """The texts of each word, in the words' order: a counting sort, a block of texts at a time."""
    size = int(words.frequencies.sum())
    if not size:
        return np.empty(0, np.uint32)
    postings = np.memmap(path, np.uint32, "w+", shape=(size,))
    cursor = np.cumsum(words.frequencies) - words.frequencies
    for block in words.blocks():
        held, texts = words.list_block(block)
        order = np.argsort(held, kind="stable")
        held = held[order]
        first = np.flatnonzero(np.diff(held.astype(np.int64), prepend=-1))
        counts = np.diff(first, append=len(held))
        ranks = np.arange(len(held)) - np.repeat(first, counts)
        postings[cursor[held] + ranks] = texts[order]
        cursor[held[first]] += counts
    return postings
