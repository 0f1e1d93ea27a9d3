"""Score one machine that retraining has met, beside the base's classifier and never against it.

`MachineFingerprint` measures a document by the machine's choice of words and by the direction of
its embeddings; `Adapter` turns that into a score.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from detector.model.length_scale import HumanScale

Floats = npt.NDArray[np.float64]

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
    log_odds: npt.NDArray[np.float32]
    direction: npt.NDArray[np.float32]

    def measure(
        self, embedding: npt.NDArray[np.float32], words: npt.NDArray[np.uint32]
    ) -> npt.NDArray[np.float32]:
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


@dataclass(frozen=True, slots=True)
class Adapter:
    """Scores whether a document is of the machine whose copies a user's pairs hold.

    It stands beside the classifier, which it leaves as it is, and may only raise a score: so what
    the classifier finds without it, it finds with it.

    Attributes:
        weights: (3,), of the classifier's score and of what `MachineFingerprint` measures.
        human: how human articles score with these weights, by length.
        shift: added to the score on that scale; it decides how many human articles the adapter may
            raise.
        kind: index in `QUESTIONS` of what the machine does.
    """

    weights: Floats
    human: HumanScale
    shift: float
    kind: int

    def score(
        self, scores: npt.ArrayLike, fingerprint: npt.ArrayLike, words: npt.ArrayLike
    ) -> Floats:
        """Scores (n,) that speak for the machine, comparable with the classifier's.

        Args:
            scores: (n,), the classifier's own.
            fingerprint: (n, 2), see `MachineFingerprint.measure`.
            words: (n,), judged words.
        """
        columns = np.column_stack([scores, np.asarray(fingerprint, dtype=np.float64)])
        return self.human.standardize(columns @ self.weights, words) + self.shift

    def to_arrays(self) -> dict[str, npt.NDArray[Any]]:
        """What `from_arrays` reads."""
        return {
            "adapter_weights": self.weights,
            "adapter_human_mean": self.human.mean,
            "adapter_human_variance": self.human.variance,
            "adapter_shift": np.array([self.shift]),
            "adapter_kind": np.array([self.kind], dtype=np.int64),
        }

    @staticmethod
    def is_in(arrays: Mapping[str, npt.NDArray[Any]]) -> bool:
        """Whether a model folder's classifier has an adapter: only retraining fits one."""
        return "adapter_weights" in arrays

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> Adapter:
        """The adapter that a model folder holds."""
        scale = HumanScale(arrays["adapter_human_mean"], arrays["adapter_human_variance"])
        shift, kind = float(arrays["adapter_shift"][0]), int(arrays["adapter_kind"][0])
        return cls(arrays["adapter_weights"], scale, shift, kind)
