"""Judge a machine that retraining has met, beside the shipped classifier and never against it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from detector.model.length_scale import HumanScale

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Adapter:
    """Judges whether a document is of the machine that retraining taught the model.

    It stands beside the classifier, which it leaves as it is, and may raise a score: so what the
    classifier finds without it, it finds with it.

    Attributes:
        weights: (3,), of the classifier's score and of what `MachineFingerprint` measures.
        human: how people's articles score with these weights, by length.
        shift: what is added to the score on that scale; it decides how many people's articles the
            alarm may raise.
        kind: index in `QUESTIONS` of what the machine does.
    """

    weights: Floats
    human: HumanScale
    shift: float
    kind: int

    def sound(
        self, scores: npt.ArrayLike, fingerprint: npt.ArrayLike, words: npt.ArrayLike
    ) -> Floats:
        """Scores (n,) that speak for the machine, comparable with the classifier's.

        Args:
            scores: (n,), the classifier's own.
            fingerprint: (n, 2), see `detector.model.fingerprint.MachineFingerprint.measure`.
            words: (n,), judged words.
        """
        columns = np.column_stack([scores, np.asarray(fingerprint, dtype=np.float64)])
        return self.human.standardize(columns @ self.weights, words) + self.shift

    def to_arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Plain arrays, for a model folder."""
        return {
            "alarm_weights": self.weights,
            "alarm_human_mean": self.human.mean,
            "alarm_human_variance": self.human.variance,
            "alarm_shift": np.array([self.shift]),
            "alarm_kind": np.array([self.kind], dtype=np.int64),
        }

    @classmethod
    def from_arrays(cls, arrays: dict[str, npt.NDArray[Any]]) -> Adapter | None:
        """What `to_arrays` gave; None where there is none."""
        if "alarm_weights" not in arrays:
            return None
        scale = HumanScale(arrays["alarm_human_mean"], arrays["alarm_human_variance"])
        shift, kind = float(arrays["alarm_shift"][0]), int(arrays["alarm_kind"][0])
        return cls(arrays["alarm_weights"], scale, shift, kind)
