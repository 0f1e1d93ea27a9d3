"""Fit a `detector.network.MultilayerPerceptron` with scikit-learn."""

from __future__ import annotations

import warnings

import numpy as np
import numpy.typing as npt

from detector.model.mlp import MultilayerPerceptron, standardize


def fit_network(
    columns: npt.NDArray[np.float64],
    labels: npt.NDArray[np.int64],
    weights: npt.NDArray[np.float64],
    *,
    units: int,
    alpha: float,
    seed: int,
    networks: int = 1,
    epochs: int = 60,
    batch: int = 200,
) -> MultilayerPerceptron:
    """The average of some networks that differ by their seed alone.

    Args:
        columns: (n, k).
        labels: (n,), classes from 0; with two of them the answer is one column, the log-odds of 1.
        weights: (n,).
        units: of the hidden layer of each network.
        alpha: strength of the L2 penalty.
        seed: of the first network.
        networks: how many are averaged.
        epochs: passes over the rows.
        batch: rows a step.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    center, scale = columns.mean(0), columns.std(0)
    scale = np.where(scale > 0, scale, 1.0)
    standard = standardize(columns, center, scale)
    parts = []
    for number in range(networks):
        model = MLPClassifier(
            (units,), alpha=alpha, batch_size=min(batch, len(labels)), learning_rate_init=2e-3,
            max_iter=epochs, n_iter_no_change=epochs, random_state=seed + number,
        )  # fmt: skip
        with warnings.catch_warnings():
            # It stops after `epochs` on purpose.
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(standard, labels, sample_weight=weights / weights.mean())
        parts.append((*model.coefs_, *model.intercepts_))
    hidden, output, bias, constants = zip(*parts, strict=True)
    return MultilayerPerceptron(
        center,
        scale,
        np.hstack(hidden),
        np.concatenate(bias),
        np.vstack(output) / networks,
        np.mean(constants, axis=0),
    )
