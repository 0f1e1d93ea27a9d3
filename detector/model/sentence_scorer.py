"""What each column of features contributes to a sentence's log-odds of not being original."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class SentenceScorer:
    """What each column of a sentence's features contributes to its log-odds of "not original".

    Attributes:
        weights: (FEATURE_COLUMNS,).
        center: (FEATURE_COLUMNS,), the features of the average human sentence: a column
            contributes nothing where it is as usual.
        constant: log-odds of that average sentence.
    """

    weights: Floats
    center: Floats
    constant: float

    def weigh(self, matrix: Floats) -> Floats:
        """Contributions (n, FEATURE_COLUMNS) of n sentences; with `constant` they are `score`."""
        return np.asarray((matrix - self.center) * self.weights, dtype=np.float32)

    def score(self, matrix: Floats) -> Floats:
        """Log-odds (n,) of n sentences."""
        return np.asarray(self.weigh(matrix).sum(1) + self.constant, dtype=np.float32)

    def to_arrays(self) -> dict[str, npt.NDArray[Any]]:
        """What `from_arrays` reads."""
        return {
            "sentence_weights": self.weights,
            "sentence_center": self.center,
            "sentence_constant": np.array([self.constant], dtype=np.float32),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> SentenceScorer:
        """The scorer that a model folder holds."""
        return cls(
            arrays["sentence_weights"].astype(np.float32),
            arrays["sentence_center"].astype(np.float32),
            float(arrays["sentence_constant"][0]),
        )
