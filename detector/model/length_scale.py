"""Scores of human articles by length: the mean and spread that a score is measured by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


_REFERENCE_WORDS = 300.0

_SHORTEST, _LONGEST = 20.0, 3000.0


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
        """How far each score (n,) lies above the human mean of its length, in the scale's units.

        The unit is the spread of human articles, or where their tail reaches 1 (see
        `detector.training.fitting.adapter`).

        Args:
            scores: (n,), of documents.
            words: (n,), judged words of each document.
        """
        length = relative_length(words)
        mean = self.mean[0] + self.mean[1] * length
        spread = np.sqrt(self.variance[0] + self.variance[1] * np.exp(-length))
        return np.asarray((np.asarray(scores) - mean) / spread)
