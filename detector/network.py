"""A small fitted network, stored as plain arrays: columns → log-odds or class logits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_FAR_OUT = 6.0


#: Larger products are shared out to threads by BLAS, which wait in a busy loop: twice the time of a
#: processor that other threads and workers need (measured: 147 ms instead of 80 for an article).
_MULTIPLICATIONS = 1 << 17


@dataclass(frozen=True, slots=True)
class Network:
    """One hidden layer of rectified units over standardised columns.

    Several networks whose answers are averaged are one network with their units side by side.

    Attributes:
        center, scale: (columns,), what is far out is clipped.
        weights, bias: (columns, units) and (units,).
        output, constants: (units, answers) and (answers,).
    """

    center: Floats
    scale: Floats
    weights: Floats
    bias: Floats
    output: Floats
    constants: Floats

    def __call__(self, columns: npt.ArrayLike) -> Floats:
        """Answers (n, answers) to n rows of columns."""
        standard = standardize(columns, self.center, self.scale)
        answers = np.empty((len(standard), self.output.shape[1]))
        step = max(1, _MULTIPLICATIONS // max(1, self.weights.size))
        for at in range(0, len(standard), step):
            hidden = np.maximum(standard[at : at + step] @ self.weights + self.bias, 0.0)
            answers[at : at + step] = hidden @ self.output + self.constants
        return answers

    def to_arrays(self, name: str) -> dict[str, npt.NDArray[Any]]:
        """Plain arrays, for a model folder: ``{name}_center`` and so on."""
        return {f"{name}_{field.name}": getattr(self, field.name) for field in fields(self)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]], name: str) -> Network:
        """What `to_arrays` gave."""
        return cls(*(arrays[f"{name}_{field.name}"] for field in fields(cls)))


def standardize(columns: npt.ArrayLike, center: Floats, scale: Floats) -> Floats:
    """Columns around 0 with spread 1, what is far out clipped."""
    rows = np.asarray(columns, dtype=np.float64)
    return np.clip((rows - center) / scale, -_FAR_OUT, _FAR_OUT)
