"""Fit small networks: over columns with scikit-learn, over words and their embeddings with torch.

A word's embedding has hundreds of dimensions, which would be learnt by heart from a few hundred
articles. So a share of them is hidden at every step (Srivastava et al. 2014, "Dropout"), which
scikit-learn's networks cannot do; torch trains, a `detector.model.mlp.MultilayerPerceptron` comes
out.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from detector.model.mlp import MultilayerPerceptron, standardize

#: Of a network over columns: passes over the rows, and rows a step.
_PASSES, _ROWS_A_STEP = 60, 200

_UNITS = 96

_EPOCHS = 5

_WORDS_A_STEP = 1024

_RATE, _DECAY = 4e-3, 0.05

#: Shares of the embedding and of the units that are hidden at a step.
_HIDDEN_EMBEDDING, _HIDDEN_UNITS = 0.4, 0.2

#: Weights on embeddings begin smaller: there are ten times as many of them as of columns.
_FIRST_EMBEDDING_WEIGHTS = 0.3

_ROWS_AT_A_TIME = 1 << 16

Measure = tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]


def fit_network(
    columns: npt.NDArray[np.float64],
    labels: npt.NDArray[np.int64],
    weights: npt.NDArray[np.float64],
    *,
    units: int,
    alpha: float,
    seed: int,
    networks: int,
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
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    center, scale = columns.mean(0), columns.std(0)
    scale = np.where(scale > 0, scale, 1.0)
    standard = standardize(columns, center, scale)
    parts = []
    for number in range(networks):
        model = MLPClassifier(
            (units,), alpha=alpha, batch_size=min(_ROWS_A_STEP, len(labels)),
            learning_rate_init=2e-3, max_iter=_PASSES, n_iter_no_change=_PASSES,
            random_state=seed + number,
        )  # fmt: skip
        with warnings.catch_warnings():
            # It stops after so many passes on purpose.
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


def fit_word_network(
    columns: npt.NDArray[np.float32],
    embeddings: npt.NDArray[np.float16],
    labels: npt.NDArray[np.int64],
    seed: int,
    measure: Measure,
    epochs: int = _EPOCHS,
) -> MultilayerPerceptron:
    """A network whose one answer is the log-odds of label 1.

    Args:
        columns: (words, k), at least one row.
        embeddings: (words, width).
        labels: (words,), 0 or 1.
        seed: of first weights, order and what is hidden.
        measure: see `measure_columns`.
        epochs: passes over the words.
    """
    import torch
    from torch import nn

    center, scale = measure
    size, width = len(labels), len(center)
    torch.manual_seed(seed)
    first, last = nn.Linear(width, _UNITS), nn.Linear(_UNITS, 1)
    with torch.no_grad():
        first.weight[:, columns.shape[1] :] *= _FIRST_EMBEDDING_WEIGHTS
    parameters = [*first.parameters(), *last.parameters()]
    steps = epochs * -(-size // _WORDS_A_STEP)
    optimizer = torch.optim.AdamW(parameters, lr=_RATE, weight_decay=_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, _RATE, total_steps=steps + 1)
    for _ in range(epochs):
        order = torch.randperm(size).numpy()
        for at in range(0, size, _WORDS_A_STEP):
            rows = order[at : at + _WORDS_A_STEP]
            joined = np.hstack([columns[rows], embeddings[rows].astype(np.float32)])
            known = torch.from_numpy(standardize(joined, center, scale))
            embedding = nn.functional.dropout(known[:, columns.shape[1] :], _HIDDEN_EMBEDDING)
            known = torch.cat([known[:, : columns.shape[1]], embedding], dim=1)
            units = nn.functional.dropout(torch.relu(first(known)), _HIDDEN_UNITS)
            loss = nn.functional.binary_cross_entropy_with_logits(
                last(units)[:, 0], torch.from_numpy(labels[rows].astype(np.float32))
            )
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()

    def array(parameter: Any) -> npt.NDArray[np.float32]:
        return np.ascontiguousarray(parameter.detach().numpy().T)

    return MultilayerPerceptron(
        center, scale, array(first.weight), array(first.bias), array(last.weight), array(last.bias)
    )


def measure_columns(
    words: Sequence[tuple[npt.NDArray[np.float32], npt.NDArray[np.float16]]],
) -> Measure:
    """Mean and spread of every column and dimension, of all words, a part of them at a time.

    Args:
        words: columns (words, k) and embeddings (words, width), in one or several parts.
    """
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler()
    for columns, embeddings in words:
        for at in range(0, len(columns), _ROWS_AT_A_TIME):
            part = slice(at, at + _ROWS_AT_A_TIME)
            scaler.partial_fit(np.hstack([columns[part], embeddings[part]]).astype(np.float64))
    return scaler.mean_.astype(np.float32), scaler.scale_.astype(np.float32)
