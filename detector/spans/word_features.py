"""The features of each word, by which it is scored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from detector.features.columns import FEATURE_COLUMNS
from detector.features.document_features import DocumentFeatures
from detector.spans.co_occurrence import COOCCURRENCE_COLUMNS, CooccurrenceCounts
from detector.spans.word_memory import WordMemory
from detector.text.masking import MaskedSentence
from detector.text.word_classes import FUNCTION_WORDS
from detector.text.word_lists import read_words

Floats = npt.NDArray[np.float64]

_SENTENCE_COLUMNS = ("encoder_translated", "encoder_spun", "lexical_translated", "lexical_spun")

WORD_COLUMNS = (
    "token", "token_before", "token_after", "token_rank", "sentence_token", "sentence_top",
    "word_odds", "left_odds", "right_odds", "odds_before", "odds_after", "sentence_odds",
    *_SENTENCE_COLUMNS, "document", "is_function", "is_capital", "length", "is_first",
    *COOCCURRENCE_COLUMNS, "repeated", "document_rank", "place",
)  # fmt: skip
"""What each word is scored by: the token head's log-odds of it, of its neighbours and of its
sentence; how much oftener machines than humans wrote it, or it beside its neighbours, in training;
some of its sentence's features; its document's log-odds; how often humans write it, there and
anywhere; how often the document has it, how it ranks there, and where in its sentence it stands.

Of the document there is one column. With its features in more detail, the model learnt which
corpora were a machine's, and showed more spans in human articles of other corpora (measured)."""

_KINDS_OF_WORDS = {
    kind: frozenset(words) for kind, words in read_words("spans/data/word_kinds.txt").items()
}

_FUNCTION_WORDS = frozenset(FUNCTION_WORDS) | frozenset().union(*_KINDS_OF_WORDS.values())

_FOREIGN_LISTS = read_words("spans/data/foreign_words.txt")

#: Words of other languages that a translation left as they were.
FOREIGN_WORDS = frozenset().union(*_FOREIGN_LISTS.values()) - frozenset(
    _FOREIGN_LISTS["also English"]
)


def name_kind(words: Sequence[str]) -> str:
    """The kind of an artifact of these words."""
    lowered = [word.lower() for word in words]
    if any(word in FOREIGN_WORDS for word in lowered):
        return "untranslated word"
    for kind, members in _KINDS_OF_WORDS.items():
        if all(word in members for word in lowered):
            return kind
    content = [word for word in lowered if word not in _FUNCTION_WORDS]
    return "collocation" if len(content) > 1 else "unidiomatic word choice"


def measure_words(
    memory: WordMemory, counts: CooccurrenceCounts, features: DocumentFeatures, log_odds: float
) -> Floats:
    """`WORD_COLUMNS` (words, columns) of all words of a document's judged sentences.

    Args:
        memory: see `WordMemory`.
        counts: see `CooccurrenceCounts`.
        features: of the document, which has a judged sentence.
        log_odds: of the document.
    """
    sentences = features.judged_sentences
    words = [[word.lower() for word in masked.words] for masked in sentences]
    token = np.nan_to_num(np.concatenate(features.word_scores)).astype(np.float64)
    of = _Sentences(np.array([len(masked.words) for masked in sentences]))
    return np.column_stack(
        [
            *_measure_token(token, of),
            *_measure_memory(memory, words, of),
            *_spread_sentence_features(features, of),
            np.full(len(token), log_odds),
            *_measure_forms(sentences, of),
            counts.measure(words),
            *_measure_document(words, token, of),
        ]
    )


class _Sentences:
    """Which sentence each of a document's words is in, and where.

    Args:
        sizes: (sentences,), words of each.
    """

    def __init__(self, sizes: npt.NDArray[np.int64]) -> None:
        self.sizes = sizes
        self.rows = np.repeat(np.arange(len(sizes)), sizes)
        starts = np.cumsum(sizes) - sizes
        self.at = np.arange(len(self.rows)) - starts[self.rows]
        self.last = np.maximum(1, sizes - 1)[self.rows]

    def average(self, values: Floats) -> Floats:
        """For each word, the mean of its sentence."""
        return np.asarray((np.bincount(self.rows, values) / self.sizes)[self.rows])

    def rank(self, values: Floats) -> npt.NDArray[np.int64]:
        """For each word, how many of its sentence stand lower."""
        ranks = np.empty(len(values), dtype=np.int64)
        ranks[np.lexsort((values, self.rows))] = self.at
        return ranks

    def before(self, values: Floats) -> Floats:
        """For each word, the value of the one before it; 0 for a sentence's first."""
        return np.where(self.at > 0, np.roll(values, 1), 0.0)

    def after(self, values: Floats) -> Floats:
        """For each word, the value of the one behind it; 0 for a sentence's last."""
        return np.where(self.at + 1 < self.sizes[self.rows], np.roll(values, -1), 0.0)


def _measure_token(token: Floats, of: _Sentences) -> list[Floats]:
    rank = of.rank(token)
    highest = np.maximum(1, of.sizes // 8)
    is_top = rank >= (of.sizes - highest)[of.rows]
    top = np.bincount(of.rows, token * is_top, minlength=len(of.sizes)) / highest
    return [
        token, of.before(token), of.after(token), rank / of.last, of.average(token), top[of.rows],
    ]  # fmt: skip


def _measure_memory(
    memory: WordMemory, words: Sequence[Sequence[str]], of: _Sentences
) -> list[Floats]:
    odds = np.array([memory.find_word(word) for sentence in words for word in sentence])
    pairs = [[memory.find_pair(a, b) for a, b in _list_neighbours(sentence)] for sentence in words]
    left = np.array([odd for sentence in pairs for odd in sentence[:-1]])
    right = np.array([odd for sentence in pairs for odd in sentence[1:]])
    return [odds, left, right, of.before(odds), of.after(odds), of.average(odds)]


def _spread_sentence_features(features: DocumentFeatures, of: _Sentences) -> list[Floats]:
    places = [FEATURE_COLUMNS.index(name) for name in _SENTENCE_COLUMNS]
    return [features.matrix[of.rows, place].astype(np.float64) for place in places]


def _measure_forms(sentences: Sequence[MaskedSentence], of: _Sentences) -> list[Floats]:
    words = [word for masked in sentences for word in masked.words]
    return [
        np.array([word.lower() in _FUNCTION_WORDS for word in words], dtype=np.float64),
        np.array([word[0].isupper() for word in words], dtype=np.float64),
        np.array([min(len(word), 14) for word in words], dtype=np.float64),
        (of.at == 0).astype(np.float64),
    ]


def _measure_document(
    words: Sequence[Sequence[str]], token: Floats, of: _Sentences
) -> list[Floats]:
    """How often the document has each word, and how the word's score ranks in it."""
    counts = Counter(word for sentence in words for word in sentence)
    repeated = np.log([counts[word] for sentence in words for word in sentence])
    rank = np.argsort(np.argsort(token, kind="stable"), kind="stable") / max(1, len(token) - 1)
    return [repeated, rank, of.at / of.last]


def _list_neighbours(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Each word with the one before it, and the last with the end."""
    yield from zip(["^", *words], [*words, "$"], strict=True)
