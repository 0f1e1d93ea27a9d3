"""A machine's choice of words and the direction of its embeddings, fitted by retraining."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

#: A document of fewer different words is measured as one of so many.
FEWEST_WORDS = 20


@dataclass(frozen=True, slots=True)
class MachineFingerprint:
    """What tells the copies of a user's machine from their originals.

    Attributes:
        words: (n,), sorted hashes of the words that its copies have and their originals have not,
            or the other way round.
        log_odds: (n,), of each word, a copy's against human texts.
        direction: (width,), which way its copies' embeddings lie from their originals'.
    """

    words: npt.NDArray[np.uint32]
    log_odds: Floats
    direction: Floats

    def measure(self, embedding: Floats, words: npt.NDArray[np.uint32]) -> Floats:
        """Log-odds of a hundred words, and how far the document lies in the direction: (2,).

        Args:
            embedding: (width,), the mean of the document's sentence embeddings.
            words: see `detector.features.ngrams.hash_words`.
        """
        found = np.isin(self.words, words, assume_unique=True)
        odds = float(self.log_odds[found].sum(dtype=np.float64))
        far = float(embedding.astype(np.float64) @ self.direction.astype(np.float64))
        return np.array([100.0 * odds / max(len(words), FEWEST_WORDS), far], dtype=np.float32)

    def to_arrays(self) -> dict[str, npt.NDArray[Any]]:
        """What `from_arrays` reads."""
        return {"words": self.words, "log_odds": self.log_odds, "direction": self.direction}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> MachineFingerprint:
        """The fingerprint that a model folder holds."""
        return cls(
            arrays["words"].astype(np.uint32),
            arrays["log_odds"].astype(np.float32),
            arrays["direction"].astype(np.float32),
        )
