"""A fitted linear model, stored as arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class LinearScorer:
    """A fitted linear model: what is left of a scikit-learn pipeline when it is stored as arrays.

    Attributes:
        weights: (features, outputs).
        bias: (outputs,).
    """

    weights: Floats
    bias: Floats

    def __call__(self, features: Any) -> Floats:
        """Scores (n, outputs) of features (n, features), dense or sparse."""
        return np.asarray(features @ self.weights + self.bias, dtype=np.float32)

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]], name: str) -> LinearScorer:
        """The model stored as ``{name}_weights`` and ``{name}_bias``."""
        return cls(
            arrays[f"{name}_weights"].astype(np.float32), arrays[f"{name}_bias"].astype(np.float32)
        )

    def to_arrays(self, name: str) -> dict[str, npt.NDArray[Any]]:
        """What `from_arrays` reads."""
        return {f"{name}_weights": self.weights, f"{name}_bias": self.bias}
