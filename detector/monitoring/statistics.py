"""How far two samples or two shares lie apart."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


_BINS = 10


def measure_psi(baseline: Floats, current: Floats) -> tuple[float, float]:
    """Population stability index over tenths of the baseline, and what chance alone may give.

    Args:
        baseline: values without NaN.
        current: the same of the other stream.

    Returns:
        The index, and the 95 % quantile of its distribution where nothing moved.
    """
    from scipy.stats import chi2

    edges = np.unique(np.quantile(baseline, np.linspace(0, 1, _BINS + 1)[1:-1]))
    shares = []
    for values in (baseline, current):
        counts = np.bincount(np.searchsorted(edges, values, side="right"), minlength=len(edges) + 1)
        # Half a row in each bin, since an empty one would make the index infinite.
        shares.append((counts + 0.5) / (len(values) + 0.5 * len(counts)))
    index = float(np.sum((shares[1] - shares[0]) * np.log(shares[1] / shares[0])))
    scale = 1 / len(baseline) + 1 / len(current)
    return index, float(chi2.ppf(0.95, max(1, len(edges))) * scale)


def measure_ks(baseline: Floats, current: Floats) -> tuple[float, float]:
    """Kolmogorov-Smirnov distance, 0 to 1, and what chance alone may give (95 %)."""
    both = np.sort(np.concatenate([baseline, current]))
    below = [np.searchsorted(np.sort(v), both, side="right") / len(v) for v in (baseline, current)]
    critical = 1.358 * np.sqrt(1 / len(baseline) + 1 / len(current))
    return float(np.abs(below[1] - below[0]).max()), float(critical)


def bound_difference(
    first: int, first_rows: int, second: int, second_rows: int
) -> tuple[float, float]:
    """95 % interval of the second share less the first (Newcombe 1998, method 10)."""
    from scipy.stats import binomtest

    p, q = first / first_rows, second / second_rows
    a, b = (
        binomtest(count, rows).proportion_ci(0.95, method="wilson")
        for count, rows in ((first, first_rows), (second, second_rows))
    )
    difference = q - p
    low = difference - float(np.hypot(q - b.low, a.high - p))
    high = difference + float(np.hypot(b.high - q, p - a.low))
    return low, high
