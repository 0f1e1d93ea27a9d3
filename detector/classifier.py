"""From the evidence of sentences to a calibrated verdict on the document.

A document's log-odds grow with the amount of its text, and so does what can be promised: a score
that is rare among human articles of fifty sentences is common among those of five. So the score
is judged against human articles *of its length* (`HumanScale`), and calibrated likewise.

Everything is fitted with scikit-learn (`detector.training.fit`) and stored as plain arrays.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from detector.evidence import SENTENCE_CLASSES, LinearScorer

Floats = npt.NDArray[np.float64]

_REFERENCE_WORDS = 300.0
_SHORTEST, _LONGEST = 20.0, 3000.0


def _logistic(values: Floats) -> Floats:
    # scipy's expit costs an import of a tenth of a second.
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * values)))


def relative_length(words: npt.ArrayLike) -> Floats:
    """Natural logarithm of the number of words against a 300-word article, kept within bounds."""
    bounded = np.clip(np.asarray(words, dtype=np.float64), _SHORTEST, _LONGEST)
    return np.log(bounded / _REFERENCE_WORDS)


@dataclass(frozen=True, slots=True)
class HumanScale:
    """Mean and spread of human articles' scores as a function of their length.

    Attributes:
        mean: (2,), intercept and slope over `relative_length`.
        variance: (2,), the part that stays however long an article is, and the part that shrinks
            with the number of words (at 300 words).
    """

    mean: Floats
    variance: Floats

    def standardize(self, scores: npt.ArrayLike, words: npt.ArrayLike) -> Floats:
        """How many human standard deviations a score lies above the human mean of its length."""
        mean, spread = self._at(words)
        return np.asarray((np.asarray(scores) - mean) / spread)

    def restore(self, standard: float, words: npt.ArrayLike) -> Floats:
        """The score that `standardize` maps to `standard` at these lengths."""
        mean, spread = self._at(words)
        return np.asarray(mean + standard * spread)

    def _at(self, words: npt.ArrayLike) -> tuple[Floats, Floats]:
        length = relative_length(words)
        mean = self.mean[0] + self.mean[1] * length
        return mean, np.sqrt(self.variance[0] + self.variance[1] * np.exp(-length))


@dataclass(frozen=True, slots=True)
class DocumentClassifier:
    """A document's summary → class probabilities and a score with thresholds.

    Attributes:
        center, scale: of the summary's columns.
        scorer: standardised columns, and each times the relative length → logits of
            `SENTENCE_CLASSES`.
        calibration: (4,), weights of score, score × length, length, and a constant.
        human: how people's articles score, by length.
        thresholds: false-positive rate → standardised score from which a document is flagged;
            a rate that could not be promised is missing.
    """

    center: Floats
    scale: Floats
    scorer: LinearScorer
    calibration: Floats
    human: HumanScale
    thresholds: Mapping[float, float]

    def score(self, summaries: npt.ArrayLike, words: npt.ArrayLike) -> tuple[Floats, Floats]:
        """Uncalibrated log-odds (n,) of "not original", and log-shares (n, 2) of translated, spun.

        Args:
            summaries: (n, columns), see `detector.evidence.SUMMARY_COLUMNS`.
            words: (n,), judged words of each document.
        """
        place = SENTENCE_CLASSES.index
        logits = self.scorer(expand(summaries, words, self.center, self.scale)).astype(np.float64)
        machine = logits[:, [place("translated"), place("spun")]]
        total = np.logaddexp(machine[:, 0], machine[:, 1])
        people = np.logaddexp(logits[:, place("native")], logits[:, place("human_translation")])
        return total - people, machine - total[:, None]

    def calibrate(self, scores: npt.ArrayLike, words: npt.ArrayLike) -> Floats:
        """Probability of "not original" (n,), at equal prior odds."""
        columns = calibration_columns(scores, words)
        return _logistic(columns @ self.calibration[:3] + self.calibration[3])

    def find_threshold(self, false_positive_rate: float, words: npt.ArrayLike) -> Floats | None:
        """Least probability (n,) that is flagged at these lengths; None where none is promised."""
        near = (s for r, s in self.thresholds.items() if math.isclose(r, false_positive_rate))
        standard = next(near, None)
        if standard is None:
            return None
        return self.calibrate(self.human.restore(standard, words), words)

    def to_arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Plain arrays, for a model folder."""
        rates = sorted(self.thresholds)
        return {
            "center": self.center,
            "scale": self.scale,
            "calibration": self.calibration,
            "human_mean": self.human.mean,
            "human_variance": self.human.variance,
            "threshold_rates": np.array(rates, dtype=np.float64),
            "threshold_scores": np.array([self.thresholds[r] for r in rates], dtype=np.float64),
            **self.scorer.to_arrays("document"),
        }

    @classmethod
    def from_arrays(cls, arrays: dict[str, npt.NDArray[Any]]) -> DocumentClassifier:
        """What `to_arrays` gave."""
        rates, scores = arrays["threshold_rates"], arrays["threshold_scores"]
        return cls(
            arrays["center"],
            arrays["scale"],
            LinearScorer.from_arrays(arrays, "document"),
            arrays["calibration"],
            HumanScale(arrays["human_mean"], arrays["human_variance"]),
            {float(r): float(s) for r, s in zip(rates, scores, strict=True)},
        )


def expand(summaries: npt.ArrayLike, words: npt.ArrayLike, center: Floats, scale: Floats) -> Floats:
    """Standardised columns, the same times the relative length, and the length: (n, 2k + 1).

    So a column may count for more (or less) the longer the document is.
    """
    columns = np.clip((np.asarray(summaries, dtype=np.float64) - center) / scale, -8.0, 8.0)
    length = relative_length(words)[:, None]
    return np.hstack([columns, columns * length, length])


def calibration_columns(scores: npt.ArrayLike, words: npt.ArrayLike) -> Floats:
    """Score, score × length, length: (n, 3)."""
    score, length = np.asarray(scores, dtype=np.float64), relative_length(words)
    return np.column_stack([score, score * length, length])
