"""From which score on something is flagged, for each guaranteed false-positive rate."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


class Thresholds(Mapping[float, float]):
    """False-positive rate → least score that is flagged; a rate without a guarantee is missing.

    Args:
        by_rate: the same mapping, in any order; iteration is by rising rate.
    """

    __slots__ = ("_by_rate",)

    def __init__(self, by_rate: Mapping[float, float]) -> None:
        self._by_rate = {float(rate): float(by_rate[rate]) for rate in sorted(by_rate)}

    def __getitem__(self, rate: float) -> float:
        return self._by_rate[rate]

    def __iter__(self) -> Iterator[float]:
        return iter(self._by_rate)

    def __len__(self) -> int:
        return len(self._by_rate)

    def __repr__(self) -> str:
        return f"Thresholds({self._by_rate})"

    def find(self, rate: float) -> float | None:
        """The threshold of a rate that may be off by rounding; None where none is guaranteed."""
        near = (threshold for known, threshold in self.items() if math.isclose(known, rate))
        return next(near, None)

    def to_arrays(self, prefix: str = "") -> dict[str, Floats]:
        """What `from_arrays` reads: rates and thresholds, both (rates,)."""
        return {
            f"{prefix}threshold_rates": np.array(list(self), dtype=np.float64),
            f"{prefix}threshold_values": np.array(list(self.values()), dtype=np.float64),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]], prefix: str = "") -> Thresholds:
        """The thresholds that a model folder holds."""
        names = (f"{prefix}threshold_rates", f"{prefix}threshold_values")
        pairs = zip(*(arrays[name] for name in names), strict=True)
        return cls({float(rate): float(threshold) for rate, threshold in pairs})
