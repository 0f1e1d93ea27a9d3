"""Does a probability say how often it is right?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from detector.training.evaluation.statistics import (
    RESAMPLES,
    Flags,
    Floats,
    resample_articles,
    summarize_resamples,
)

#: Probabilities are binned in tenths (Guo et al. 2017 use 15 bins, on far larger sets).
CALIBRATION_BINS = 10


def measure_calibration(positive: Flags, probabilities: Floats, weights: Floats) -> Floats:
    """Expected calibration error (r,): how far stated probabilities lie from what came true.

    Both classes count alike, as probabilities are stated at equal prior odds. Guo et al. (2017),
    On Calibration of Modern Neural Networks. With few documents chance alone makes it large.
    """
    shares = _balance_classes(positive, weights)
    bins = bin_probabilities(probabilities)
    error = np.zeros(len(weights))
    for number in range(CALIBRATION_BINS):
        inside = bins == number
        gap = probabilities[inside] - positive[inside]
        error += np.abs(shares[:, inside] @ gap)
    return np.where(np.isnan(shares).any(axis=1), np.nan, error)


def bin_probabilities(probabilities: Floats) -> npt.NDArray[np.int64]:
    """The bin of each probability, 0 to `CALIBRATION_BINS` - 1."""
    numbers = np.floor(probabilities * CALIBRATION_BINS).astype(np.int64)
    return np.clip(numbers, 0, CALIBRATION_BINS - 1)


def measure_reliability(
    positive: Flags,
    probabilities: Floats,
    articles: Sequence[str] | npt.NDArray[Any],
    resamples: int = RESAMPLES,
) -> pd.DataFrame:
    """What a reliability diagram shows: how often a stated probability came true, by bin.

    Both classes count alike, as in `measure_calibration`.

    Returns:
        A row per filled bin: mean ``stated`` probability, share that ``came_true`` with ``low``
        and ``high`` (95 %, by article), and ``documents``. No rows where a class is missing.
    """
    bins = bin_probabilities(probabilities)
    filled, documents = np.unique(bins, return_counts=True)
    inside = (bins[:, None] == filled).astype(np.float64)
    stated, true = [], []
    for weights in resample_articles(articles, resamples):
        shares = _balance_classes(positive, weights)
        with np.errstate(invalid="ignore", divide="ignore"):
            stated.append((shares * probabilities) @ inside / (shares @ inside))
            true.append((shares * positive) @ inside / (shares @ inside))
    summaries = [summarize_resamples(values) for values in np.concatenate(true).T]
    rows = [
        {
            "stated": stated[0][0, i],
            "came_true": s.value,
            "low": s.low,
            "high": s.high,
            "documents": n,
        }
        for i, (s, n) in enumerate(zip(summaries, documents.tolist(), strict=True))
        if s is not None
    ]
    return pd.DataFrame(rows, columns=["stated", "came_true", "low", "high", "documents"])


def _balance_classes(positive: Flags, weights: Floats) -> Floats:
    """Weights that add up to a half on each side; NaN in rows where a side is missing."""
    with np.errstate(invalid="ignore", divide="ignore"):
        machine = weights * positive / (weights @ positive.astype(np.float64))[:, None]
        human = weights * ~positive / (weights @ (~positive).astype(np.float64))[:, None]
    return (machine + human) / 2
