"""A machine's words and the direction of its embeddings, learnt by retraining."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]


#: What a model holds that was taught a machine of its own by retraining.
FINGERPRINT_FILE = "learnt.safetensors"

#: A document of fewer different words does not speak louder for it.
FEWEST_WORDS = 20


@dataclass(frozen=True, slots=True)
class MachineFingerprint:
    """What retraining learnt of a user's machine: its words, and which way its sentences lean.

    Attributes:
        words: (n,), hashes in order, of the words that its copies have and their originals have
            not, or the other way round.
        odds: (n,), log-odds of each, against people's.
        direction: (width,), which way its copies' embeddings lie from their originals'.
    """

    words: npt.NDArray[np.uint32]
    odds: Floats
    direction: Floats

    def measure(self, embedding: Floats, words: npt.NDArray[np.uint32]) -> Floats:
        """Log-odds of a hundred words, and how far the document lies in the direction: (2,).

        Args:
            embedding: (width,), the mean of the document's sentence embeddings.
            words: see `hash_words`.
        """
        found = np.isin(self.words, words, assume_unique=True)
        odds = float(self.odds[found].sum(dtype=np.float64))
        far = float(embedding.astype(np.float64) @ self.direction.astype(np.float64))
        return np.array([100.0 * odds / max(len(words), FEWEST_WORDS), far], dtype=np.float32)

    def to_arrays(self) -> dict[str, npt.NDArray[Any]]:
        """What `from_arrays` reads."""
        return {
            "learnt_words": self.words,
            "learnt_odds": self.odds,
            "learnt_direction": self.direction,
        }

    @classmethod
    def from_arrays(cls, arrays: dict[str, npt.NDArray[Any]]) -> MachineFingerprint:
        """The traces that a model folder holds."""
        return cls(
            arrays["learnt_words"].astype(np.uint32),
            arrays["learnt_odds"].astype(np.float32),
            arrays["learnt_direction"].astype(np.float32),
        )
