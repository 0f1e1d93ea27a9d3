"""Fit the mean and spread of human scores by length."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.optimize import nnls

from detector.model.length_scale import HumanScale, relative_length

Floats = npt.NDArray[np.float64]


def fit_human_scale(
    scores: Floats, words: npt.ArrayLike, weights: Floats, outlets: npt.ArrayLike
) -> HumanScale:
    """Mean and variance of human scores over length, by weighted least squares.

    Slope and variance are those within outlets: that an outlet's articles are short and read
    unlike others must not pass for what length does, nor one odd outlet for how humans vary.
    """
    length, groups = relative_length(words), np.unique(outlets, return_inverse=True)[1]

    def center(values: Floats) -> Floats:
        total = np.bincount(groups, weights)
        return np.asarray(values - (np.bincount(groups, weights * values) / total)[groups])

    within, own = center(length), center(np.asarray(scores, dtype=np.float64))
    spread = float((weights * within * within).sum())
    slope = float((weights * within * own).sum()) / spread if spread > 1e-9 else 0.0
    mean = float(np.average(scores - slope * length, weights=weights))
    squares = (own - slope * within) ** 2
    design = np.column_stack([np.ones_like(length), np.exp(-length)]) * np.sqrt(weights)[:, None]
    variance, _ = nnls(design, squares * np.sqrt(weights))
    variance = np.maximum(variance, [1e-3 * squares.mean(), 0.0])
    return HumanScale(np.array([mean, slope]), np.asarray(variance))
