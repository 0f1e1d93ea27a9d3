"""The features of a copy and its original together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from detector.comparison.alignment import Alignment, DescribedText, LinkedTexts, align_linked
from detector.comparison.alignment_features import (
    ALIGNMENT_COLUMNS,
    MEASURED_KINDS,
    measure_alignment,
    name_measured_kind,
)
from detector.features.columns import FEATURE_COLUMNS
from detector.features.document_features import DocumentFeatures
from detector.results import SPELLING, Substitution

Floats = npt.NDArray[np.float64]

_GAIN_COLUMNS = tuple(f"gain_{column}" for column in FEATURE_COLUMNS)

_PAIR_ONLY = (
    "copy_log_odds", "original_log_odds", "log_odds_gain", "sentences_gained", "substituted_words",
    "substituting_words", "copy_words",
)  # fmt: skip

#: Sources whose contrasts tell a human's translation from what was written in English.
_ORIGIN_SOURCES = ("encoder", "lexical", "style")

_ORIGIN_COLUMNS = tuple(f"original_is_translation_{source}" for source in _ORIGIN_SOURCES)

_TO_NATIVE, _TO_TRANSLATION = (
    [FEATURE_COLUMNS.index(f"{source}_{contrast}") for source in _ORIGIN_SOURCES]
    for contrast in ("translated", "machine")
)

PAIR_COLUMNS = (*ALIGNMENT_COLUMNS, *_GAIN_COLUMNS, *_PAIR_ONLY, *_ORIGIN_COLUMNS)
"""What a relation is judged by: the alignment's measures; `gain_…`, how much higher each of
`FEATURE_COLUMNS` is in the copy's linked sentences than in the original's; the documents' scores,
the share of sentences that rose less that of those that fell (-1 to 1), and the mean word scores
of what was taken out, of what was put in and of the whole copy; how much likelier the original's
linked sentences are a human's translation than English from the start: beside a translation, what
is worded alike may be another translation of the same source.
"""

#: `PAIR_COLUMNS` that change their sign when the two texts change places.
_DIRECTED = (*_GAIN_COLUMNS, "log_odds_gain", "sentences_gained", "length ratio")

#: Those that hardly change, and tell what kind of machine it was.
_UNDIRECTED = ("kept words", "similarity mean", "function changes", "synonym per 100")

_DIRECTED_PLACES, _UNDIRECTED_PLACES = (
    [PAIR_COLUMNS.index(name) for name in names] for names in (_DIRECTED, _UNDIRECTED)
)

#: By this feature a sentence rose or fell.
_SENTENCE_GAIN = FEATURE_COLUMNS.index("encoder_machine")

_PUT, _TAKEN = (PAIR_COLUMNS.index(name) for name in ("substituting_words", "substituted_words"))

_SUBSTITUTION_COLUMNS = (
    "copy_score", "original_score", "highest_score", "words", "original_words", "has_both",
    *MEASURED_KINDS,
)  # fmt: skip


def select_directed(columns: npt.ArrayLike, swapped: bool = False) -> Floats:
    """What tells which of two texts was made of the other (n, k), of `PAIR_COLUMNS` (n, columns).

    Args:
        columns: of the pairs.
        swapped: as if the two had changed places.
    """
    rows = np.atleast_2d(np.asarray(columns, dtype=np.float64))
    words = rows[:, _PUT] - rows[:, _TAKEN]
    directed = np.column_stack([rows[:, _DIRECTED_PLACES], words])
    return np.column_stack([-directed if swapped else directed, rows[:, _UNDIRECTED_PLACES]])


@dataclass(frozen=True)
class PairFeatures:
    """What is measured of a copy and its original together.

    Attributes:
        alignment: sentences and words side by side, substitutions not yet scored.
        copy: the features of the copy.
        original: the features of the original.
        copy_log_odds: the document classifier's score of the copy.
        original_log_odds: likewise of the original.
        copy_words: the copy's words, where they stand and how they score.
        original_words: likewise of the original.
    """

    alignment: Alignment
    copy: DocumentFeatures
    original: DocumentFeatures
    copy_log_odds: float
    original_log_odds: float
    copy_words: PlacedWords
    original_words: PlacedWords

    @classmethod
    def measure(
        cls,
        copy: DocumentFeatures,
        original: DocumentFeatures,
        copy_log_odds: float,
        original_log_odds: float,
        linked: LinkedTexts | None = None,
    ) -> PairFeatures:
        """Align two documents whose features are known, and put both together.

        Args:
            copy: the features of the copy.
            original: the features of the original.
            copy_log_odds: see `Detector.measure_log_odds`.
            original_log_odds: likewise of the original.
            linked: their sentences, where these are linked already.

        Raises:
            ValueError: `linked` is of other documents.
        """
        documents = copy.document, original.document
        if linked is None:
            linked = LinkedTexts.link(*map(DescribedText.describe, documents))
        elif not linked.are_of(*documents):
            raise ValueError("linked is of other texts: give compare the two that were linked")
        return cls(
            align_linked(linked),
            copy,
            original,
            copy_log_odds,
            original_log_odds,
            PlacedWords.locate(copy),
            PlacedWords.locate(original),
        )

    @cached_property
    def columns(self) -> Floats:
        """`PAIR_COLUMNS` (k,)."""
        measured = measure_alignment(self.alignment)
        row = np.array(
            [
                *(measured[name] for name in ALIGNMENT_COLUMNS),
                *self._measure_gains(),
                *self._measure_words(),
                *self._measure_origin(),
            ],
            dtype=np.float64,
        )
        return np.nan_to_num(row)

    @property
    def compared_words(self) -> int:
        """Words of linked sentences, on the side that has fewer."""
        counts = self.alignment.word_counts
        return min(sum(c.words for c in counts), sum(c.original_words for c in counts))

    @property
    def named_columns(self) -> dict[str, float]:
        """`columns` by name, rounded to four places."""
        rounded = self.columns.round(4).tolist()
        return dict(zip(PAIR_COLUMNS, rounded, strict=True))

    def _measure_gains(self) -> list[float]:
        """Mean gain of each feature, the scores, and how many more sentences rose than fell."""
        rows, originals = self._linked_rows
        if not len(rows):
            gains, risen = np.zeros(len(FEATURE_COLUMNS)), 0.0
        else:
            differences = rows - originals
            gains = differences.mean(0)
            signs = np.sign(differences[:, _SENTENCE_GAIN])
            risen = float((signs > 0).mean() - (signs < 0).mean())
        gain = self.copy_log_odds - self.original_log_odds
        return [*gains.tolist(), self.copy_log_odds, self.original_log_odds, gain, risen]

    def _measure_origin(self) -> list[float]:
        """The log-odds of `_ORIGIN_COLUMNS`, 0 where nothing is linked."""
        _, originals = self._linked_rows
        if not len(originals):
            return [0.0] * len(_ORIGIN_COLUMNS)
        level = originals.mean(0)
        return (level[_TO_NATIVE] - level[_TO_TRANSLATION]).tolist()

    @cached_property
    def _linked_rows(self) -> tuple[Floats, Floats]:
        """Feature rows of linked sentences, copy's and original's; means where several."""
        copy_row = {s: i for i, s in enumerate(self.copy.judged)}
        original_row = {s: i for i, s in enumerate(self.original.judged)}
        sides: tuple[list[list[int]], list[list[int]]] = ([], [])
        for link in self.alignment.links:
            ours = [copy_row[s] for s in link.sentences if s in copy_row]
            theirs = [original_row[s] for s in link.original_sentences if s in original_row]
            if ours and theirs:
                sides[0].append(ours)
                sides[1].append(theirs)
        return _average(self.copy.matrix, sides[0]), _average(self.original.matrix, sides[1])

    @cached_property
    def reworded(self) -> list[Substitution]:
        """The substitutions that are more than spelling, not yet scored, in the copy's order."""
        return [s for s in self.alignment.substitutions if s.kind != SPELLING]

    @cached_property
    def _put_and_taken(self) -> list[tuple[list[float], list[float]]]:
        """The word scores of what each of `reworded` put in and took out."""
        put = self.copy_words.scores_in([(s.start, s.end) for s in self.reworded])
        taken = self.original_words.scores_in(
            [(s.original_start, s.original_end) for s in self.reworded]
        )
        return list(zip(put, taken, strict=True))

    def _measure_words(self) -> list[float]:
        """Mean word score of what was taken out, of what was put in, and of all in the copy."""
        exchanged = [
            scores
            for substitution, scores in zip(self.reworded, self._put_and_taken, strict=True)
            if substitution.kind != "word order"
        ]
        put = [score for scores, _ in exchanged for score in scores]
        taken = [score for _, scores in exchanged for score in scores]
        every = self.copy_words.scores
        return [_mean(taken), _mean(put), _mean(every[~np.isnan(every)].tolist())]

    @cached_property
    def substitution_columns(self) -> Floats:
        """`_SUBSTITUTION_COLUMNS` (n, k) of the n substitutions that `reworded` lists."""
        rows = [
            _measure_substitution(name_measured_kind(substitution.kind), put, taken)
            for substitution, (put, taken) in zip(self.reworded, self._put_and_taken, strict=True)
        ]
        return np.array(rows, dtype=np.float64).reshape(len(rows), len(_SUBSTITUTION_COLUMNS))


def _measure_substitution(kind: str, put: Sequence[float], taken: Sequence[float]) -> list[float]:
    return [
        _mean(put),
        _mean(taken),
        max(put, default=0.0),
        min(len(put), 6.0),
        min(len(taken), 6.0),
        float(bool(put) and bool(taken)),
        *(float(kind == measured) for measured in MEASURED_KINDS),
    ]


def _average(matrix: npt.NDArray[np.float32], groups: Sequence[Sequence[int]]) -> Floats:
    """The mean (groups, columns) of the rows of a matrix in each group."""
    means = [matrix[rows[0]] if len(rows) == 1 else matrix[rows].mean(0) for rows in groups]
    return np.array(means, dtype=np.float64)


@dataclass(frozen=True)
class PlacedWords:
    """The words of a document's judged sentences, where they stand, and how they score.

    Attributes:
        starts: (words,), offsets in the caller's text, rising.
        ends: (words,).
        scores: (words,), the token head's log-odds of being a machine's choice.
    """

    starts: npt.NDArray[np.int32]
    ends: npt.NDArray[np.int32]
    scores: Floats

    @classmethod
    def locate(cls, features: DocumentFeatures) -> PlacedWords:
        """Find the words of each judged sentence in the caller's text."""
        document = features.document
        spans = [
            np.array(document.masked_sentences[index].places, np.int64).reshape(-1, 2)
            + document.sentences[index].normalized_start
            for index in features.judged
        ]
        nothing = np.zeros((0, 2), np.int64)
        starts, ends = document.locate(np.concatenate([nothing, *spans]))
        scores = np.concatenate([np.zeros(0), *features.word_scores])
        return cls(starts, ends, scores)

    def scores_in(self, spans: Sequence[tuple[int, int]]) -> list[list[float]]:
        """Scores of the words that overlap each span; those without one are left out."""
        known = ~np.isnan(self.scores)
        starts, ends = np.array(spans, dtype=np.int32).reshape(-1, 2).T
        first = self.ends[known].searchsorted(starts, side="right").tolist()
        last = self.starts[known].searchsorted(ends, side="left").tolist()
        scores = self.scores[known].tolist()
        return [scores[start:end] for start, end in zip(first, last, strict=True)]


def _mean(scores: Sequence[float]) -> float:
    return sum(scores) / len(scores) if scores else 0.0
