"""A small fitted network, stored as plain arrays: columns → log-odds or class logits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating[Any]]

_FAR_OUT = 6.0

#: Larger products are shared out to threads by BLAS, which wait in a busy loop: twice the time of a
#: processor that other threads and workers need (measured: 147 ms instead of 80 for an article).
_MULTIPLICATIONS = 1 << 18


@dataclass(frozen=True, slots=True)
class MultilayerPerceptron:
    """One hidden layer of rectified units over standardised columns.

    Several networks whose answers are averaged are one network with their units side by side.
    It computes in the precision that its arrays have.

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
        hidden = _multiply(standardize(columns, self.center, self.scale), self.weights)
        hidden += self.bias
        np.maximum(hidden, 0.0, out=hidden)
        return _multiply(hidden, self.output).astype(np.float64) + self.constants

    def to_arrays(self, name: str) -> dict[str, npt.NDArray[Any]]:
        """Plain arrays, for a model folder: ``{name}_center`` and so on."""
        return {f"{name}_{field.name}": getattr(self, field.name) for field in fields(self)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]], name: str) -> MultilayerPerceptron:
        """What `to_arrays` gave."""
        return cls(*(arrays[f"{name}_{field.name}"] for field in fields(cls)))


def standardize(columns: npt.ArrayLike, center: Floats, scale: Floats) -> Floats:
    """Columns around 0 with spread 1, what is far out clipped."""
    rows = np.asarray(columns, dtype=center.dtype)
    return np.clip((rows - center) / scale, -_FAR_OUT, _FAR_OUT)


def _multiply(rows: Floats, weights: Floats) -> Floats:
    """Their matrix product, a few rows at a time: see `_MULTIPLICATIONS`."""
    product = np.empty((len(rows), weights.shape[1]), dtype=rows.dtype)
    step = max(1, _MULTIPLICATIONS // max(1, weights.size))
    for at in range(0, len(rows), step):
        np.matmul(rows[at : at + step], weights, out=product[at : at + step])
    return product
