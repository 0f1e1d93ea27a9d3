"""How far two samples or two shares lie apart."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from detector.intervals import wilson_interval

Floats = npt.NDArray[np.float64]


_BINS = 10

# 95 % quantiles of the chi-squared distribution with 1, 2, … 9 degrees of freedom.
_CHI_SQUARED = (
    3.841458820694124,
    5.991464547107979,
    7.814727903251179,
    9.487729036781154,
    11.070497693516351,
    12.591587243743977,
    14.067140449340169,
    15.50731305586545,
    16.918977604620448,
)


def measure_psi(baseline: Floats, current: Floats) -> tuple[float, float]:
    """Population stability index over tenths of the baseline, and what chance alone may give.

    Args:
        baseline: values without NaN.
        current: the same of the other stream.

    Returns:
        The index, and the 95 % quantile of its distribution where nothing moved.
    """
    edges = np.unique(np.quantile(baseline, np.linspace(0, 1, _BINS + 1)[1:-1]))
    shares = []
    for values in (baseline, current):
        counts = np.bincount(np.searchsorted(edges, values, side="right"), minlength=len(edges) + 1)
        # Half a row in each bin, since an empty one would make the index infinite.
        shares.append((counts + 0.5) / (len(values) + 0.5 * len(counts)))
    index = float(np.sum((shares[1] - shares[0]) * np.log(shares[1] / shares[0])))
    scale = 1 / len(baseline) + 1 / len(current)
    return index, _CHI_SQUARED[max(1, len(edges)) - 1] * scale


def measure_ks(baseline: Floats, current: Floats) -> tuple[float, float]:
    """Kolmogorov-Smirnov distance, 0 to 1, and what chance alone may give (95 %)."""
    both = np.sort(np.concatenate([baseline, current]))
    below = [np.searchsorted(np.sort(v), both, side="right") / len(v) for v in (baseline, current)]
    critical = 1.358 * np.sqrt(1 / len(baseline) + 1 / len(current))
    return float(np.abs(below[1] - below[0]).max()), float(critical)


def bound_difference(
    first: int, first_rows: int, second: int, second_rows: int
) -> tuple[float, float]:
    """95 % interval of the second share less the first (Newcombe 1998, method 10).

    Args:
        first: how many rows of the first stream count.
        first_rows: of how many, at least 1.
        second: the same of the second stream.
        second_rows: likewise.

    Returns:
        Lowest and highest difference, -1 to 1.
    """
    p, q = first / first_rows, second / second_rows
    p_low, p_high = wilson_interval(first, first_rows) or (0.0, 1.0)
    q_low, q_high = wilson_interval(second, second_rows) or (0.0, 1.0)
    difference = q - p
    low = difference - math.hypot(q - q_low, p_high - p)
    high = difference + math.hypot(q_high - q, p - p_low)
    return low, high
