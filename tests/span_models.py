"""Models of spans that know a few words, for tests."""

from __future__ import annotations

import numpy as np

from detector.features.columns import SUMMARY_COLUMNS
from detector.model.mlp import MultilayerPerceptron
from detector.spans.word_features import WORD_COLUMNS
from detector.spans.word_memory import PAIR_BUCKETS, WORD_BUCKETS, WordMemory, locate_word
from detector.spans.word_model import WordModel


def make_memory(odd: dict[str, str | None]) -> WordMemory:
    """A memory in which some words are a machine's, with what humans write instead."""
    words, pairs = np.zeros(WORD_BUCKETS, np.int8), np.zeros(PAIR_BUCKETS, np.int8)
    for word in odd:
        words[locate_word(word)] = 48
    return WordMemory(words, pairs, {k: v for k, v in odd.items() if v})


def make_model(level: float = 2.0, width: int = 16) -> WordModel:
    """A model that shows what the memory says of the word alone.

    Args:
        level: the lowest log-odds that are shown.
        width: of the words' embeddings, which do not count; the tiny model's are 16 wide.
    """
    count = len(WORD_COLUMNS) + width
    weights = np.zeros((count, 1))
    weights[WORD_COLUMNS.index("word_odds")] = 1.0
    network = MultilayerPerceptron(
        np.zeros(count), np.ones(count), weights, np.zeros(1), np.ones((1, 2)), np.zeros(2)
    )
    lean = np.zeros(len(SUMMARY_COLUMNS) + 1)
    return WordModel(network, {"few": level, "many": level / 2}, lean)
