"""The features of a copy and its original together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from detector.comparison.alignment import Alignment, align
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
    "substituting_words", "kept_words",
)  # fmt: skip

PAIR_COLUMNS = (*ALIGNMENT_COLUMNS, *_GAIN_COLUMNS, *_PAIR_ONLY)
"""What a relation is judged by: the alignment's measures; `gain_…`, how much higher each of
`FEATURE_COLUMNS` is in the copy's linked sentences than in the original's; the documents' scores,
the share of sentences that rose, and the mean word scores of what was put in, taken out and kept.
"""

#: `PAIR_COLUMNS` that change their sign when the two texts change places.
_DIRECTED = (*_GAIN_COLUMNS, "log_odds_gain", "sentences_gained", "length ratio")

_DIRECTED_PLACES = [PAIR_COLUMNS.index(name) for name in _DIRECTED]

_PUT, _TAKEN = (PAIR_COLUMNS.index(name) for name in ("substituting_words", "substituted_words"))

_SUBSTITUTION_COLUMNS = (
    "copy_score", "original_score", "highest_score", "words", "original_words", "has_both",
    *MEASURED_KINDS,
)  # fmt: skip


def select_directed(columns: npt.ArrayLike) -> Floats:
    """What tells which of two texts was made of the other (n, k), of `PAIR_COLUMNS` (n, columns).

    Each changes its sign when the two change places.
    """
    rows = np.atleast_2d(np.asarray(columns, dtype=np.float64))
    words = rows[:, _PUT] - rows[:, _TAKEN]
    return np.column_stack([rows[:, _DIRECTED_PLACES], words])


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
    ) -> PairFeatures:
        """Align two documents whose features are known, and put both together.

        Args:
            copy: the features of the copy.
            original: the features of the original.
            copy_log_odds: see `Detector.measure_log_odds`.
            original_log_odds: likewise of the original.
        """
        return cls(
            align(copy.document, original.document),
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
            ],
            dtype=np.float64,
        )
        return np.nan_to_num(row)

    @property
    def named_columns(self) -> dict[str, float]:
        """`columns` by name, rounded to four places."""
        rounded = self.columns.round(4).tolist()
        return dict(zip(PAIR_COLUMNS, rounded, strict=True))

    def _measure_gains(self) -> list[float]:
        """Mean gain of each feature, the scores, and the share of sentences that rose."""
        rows, originals = self._linked_rows()
        if not len(rows):
            gains, risen = np.zeros(len(FEATURE_COLUMNS)), 0.0
        else:
            differences = rows - originals
            gains = differences.mean(0)
            risen = float((differences[:, 2] > 0).mean() - (differences[:, 2] < 0).mean())
        gain = self.copy_log_odds - self.original_log_odds
        return [*gains.tolist(), self.copy_log_odds, self.original_log_odds, gain, risen]

    def _linked_rows(self) -> tuple[Floats, Floats]:
        """Feature rows of linked sentences, copy's and original's; means where several."""
        copy_row = {s: i for i, s in enumerate(self.copy.judged)}
        original_row = {s: i for i, s in enumerate(self.original.judged)}
        sides: tuple[list[Any], list[Any]] = ([], [])
        for link in self.alignment.links:
            ours = [copy_row[s] for s in link.sentences if s in copy_row]
            theirs = [original_row[s] for s in link.original_sentences if s in original_row]
            if ours and theirs:
                sides[0].append(self.copy.matrix[ours].mean(0))
                sides[1].append(self.original.matrix[theirs].mean(0))
        return np.array(sides[0], dtype=np.float64), np.array(sides[1], dtype=np.float64)

    def _measure_words(self) -> list[float]:
        """Mean word score of what was taken out, of what was put in, and of all in the copy."""
        taken, put = [], []
        for substitution in self.reworded:
            if substitution.kind == "word order":
                continue
            taken += self.original_words.scores_in(
                substitution.original_start, substitution.original_end
            )
            put += self.copy_words.scores_in(substitution.start, substitution.end)
        return [_mean(taken), _mean(put), _mean(self.copy_words.scores.tolist())]

    @property
    def reworded(self) -> list[Substitution]:
        """The substitutions that are more than spelling, not yet scored, in the copy's order."""
        return [s for s in self.alignment.substitutions if s.kind != SPELLING]

    @cached_property
    def substitution_columns(self) -> Floats:
        """`_SUBSTITUTION_COLUMNS` (n, k) of the n substitutions that `reworded` lists."""
        rows = [self._measure_substitution(s) for s in self.reworded]
        return np.array(rows, dtype=np.float64).reshape(len(rows), len(_SUBSTITUTION_COLUMNS))

    def _measure_substitution(self, substitution: Substitution) -> list[float]:
        put = self.copy_words.scores_in(substitution.start, substitution.end)
        taken = self.original_words.scores_in(
            substitution.original_start, substitution.original_end
        )
        measured = name_measured_kind(substitution.kind)
        return [
            _mean(put),
            _mean(taken),
            max(put, default=0.0),
            min(len(put), 6.0),
            min(len(taken), 6.0),
            float(bool(put) and bool(taken)),
            *(float(measured == kind) for kind in MEASURED_KINDS),
        ]


@dataclass(frozen=True)
class PlacedWords:
    """The words of a document's judged sentences, where they stand, and how they score.

    Attributes:
        starts: (words,), offsets in the caller's text, rising.
        ends: (words,).
        scores: (words,), the token head's log-odds of being a machine's choice.
    """

    starts: npt.NDArray[np.int64]
    ends: npt.NDArray[np.int64]
    scores: Floats

    @classmethod
    def locate(cls, features: DocumentFeatures) -> PlacedWords:
        """Find the words of each judged sentence in the caller's text."""
        places: list[tuple[int, int]] = []
        scores: list[float] = []
        document = features.document
        for index, word_scores in zip(features.judged, features.word_scores, strict=True):
            places += document.place(index, document.masked_sentences[index].places)
            scores += word_scores.tolist()
        spans = np.array(places, dtype=np.int64).reshape(-1, 2)
        return cls(spans[:, 0], spans[:, 1], np.array(scores, dtype=np.float64))

    def scores_in(self, start: int, end: int) -> list[float]:
        """Scores of the words that overlap ``[start, end)``; those without one are left out."""
        first = int(np.searchsorted(self.ends, start, side="right"))
        last = int(np.searchsorted(self.starts, end, side="left"))
        found = self.scores[first:last]
        return [float(score) for score in found if not np.isnan(score)]


def _mean(scores: Sequence[float]) -> float:
    known = [score for score in scores if not np.isnan(score)]
    return sum(known) / len(known) if known else 0.0
