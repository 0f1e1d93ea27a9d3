"""Hashed word and character n-grams, and the linear model over them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from detector.model.linear import LinearScorer
from detector.text.hashing import NGRAM_JOINT, fold_all, hash_word
from detector.text.masking import NAME_PLACEHOLDER, MaskedSentence

Floats = npt.NDArray[np.float32]

HASHES = 1 << 18

#: A word of up to two letters is its own character n-gram.
_SHORTEST_CHARACTER_GRAMS = 4


def hash_ngrams(masked: MaskedSentence) -> npt.NDArray[np.int64]:
    """Word 1-3-grams and character 3-4-grams of a sentence, each once, as hashes below `HASHES`.

    Words and characters share one table, told apart by a mark.
    """
    words = masked.words
    grams = list(words)
    grams += map(NGRAM_JOINT.join, pairwise(words))
    grams += map(NGRAM_JOINT.join, zip(words, words[1:], words[2:], strict=False))
    for word in words:
        padded = f" {word} "
        if len(padded) > _SHORTEST_CHARACTER_GRAMS:
            grams += ["\x02" + padded[i : i + 3] for i in range(len(padded) - 2)]
            grams += ["\x02" + padded[i : i + 4] for i in range(len(padded) - 3)]
    hashes = fold_all(grams, HASHES)
    return np.fromiter(hashes, dtype=np.int64, count=len(hashes))


def hash_words(masked_sentences: Sequence[MaskedSentence]) -> npt.NDArray[np.uint32]:
    """The different words of a document, names and numbers left out, as hashes in order."""
    words = {
        word.lower() for masked in masked_sentences for word in masked.words if word[0].isalpha()
    }
    hashes = {hash_word(word) for word in words - {NAME_PLACEHOLDER}}
    return np.array(sorted(hashes), dtype=np.uint32)


def score_ngrams(masked_sentences: Sequence[MaskedSentence], model: LinearScorer) -> Floats:
    """Scores (n, outputs) of the lexical model: each sentence's n-grams, scaled to unit length."""
    scores = np.tile(model.bias, (len(masked_sentences), 1)).astype(np.float32)
    for row, masked in enumerate(masked_sentences):
        hashes = hash_ngrams(masked)
        if len(hashes):
            scores[row] += model.weights[hashes].sum(0) / np.sqrt(len(hashes))
    return scores
