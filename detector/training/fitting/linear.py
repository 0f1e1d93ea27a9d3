"""Fit linear models over sentences."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from detector.features.ngrams import HASHES, hash_ngrams
from detector.model.classes import SENTENCE_CLASSES
from detector.model.linear import LinearScorer
from detector.text.masking import MaskedSentence
from detector.training.corpora.labelled_pairs import LabelledPair


def fit_lexical(
    masked_sentences: Sequence[MaskedSentence], labels: npt.NDArray[np.int64]
) -> LinearScorer:
    """Multinomial logistic regression on hashed n-grams, one output for each sentence class."""
    hashed = [hash_ngrams(masked) for masked in masked_sentences]
    lengths = np.array([len(h) for h in hashed])
    values = np.repeat(1.0 / np.sqrt(np.maximum(lengths, 1)), lengths)
    matrix = csr_matrix(
        (values, np.concatenate(hashed), np.concatenate([[0], np.cumsum(lengths)])),
        shape=(len(masked_sentences), HASHES),
    )
    # Both sides of a pair share most of their n-grams, so that gradients are small from the start:
    # of a mix of 400,000 sentences they all lie below 1e-3.
    model = LogisticRegression(C=2.0, max_iter=40, class_weight="balanced", tol=1e-6)
    with warnings.catch_warnings():
        # It stops early on purpose.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(matrix, labels)
    return LinearScorer(model.coef_.T.astype(np.float32), model.intercept_.astype(np.float32))


def read_classes(
    model: LogisticRegression,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Coefficients (classes, columns) and intercepts (classes,), also of a model of two classes."""
    coefficients, intercepts = model.coef_, model.intercept_
    if len(model.classes_) == 2:  # scikit-learn then gives the log-odds of the second alone
        coefficients = np.concatenate([-coefficients, coefficients]) / 2
        intercepts = np.concatenate([-intercepts, intercepts]) / 2
    return coefficients, intercepts


def fit_linear(
    features: npt.NDArray[Any],
    labels: npt.NDArray[np.int64],
    weights: npt.NDArray[Any] | None = None,
    strength: float = 0.1,
) -> LinearScorer:
    """Logistic regression on standardised columns, with the standardisation folded in.

    Two classes give one output (log-odds of the second), more give one each.
    """
    center, scale = features.mean(0), features.std(0)
    scale[scale < 1e-6] = np.inf
    model = LogisticRegression(
        C=strength, max_iter=300, class_weight="balanced" if weights is None else None
    )
    model.fit((features - center) / scale, labels, sample_weight=weights)
    coefficients = (model.coef_ / scale).T
    bias = model.intercept_ - center @ coefficients
    return LinearScorer(coefficients.astype(np.float32), bias.astype(np.float32))


def unpack_pairs(
    pairs: Sequence[LabelledPair],
) -> tuple[list[MaskedSentence], npt.NDArray[np.int64], list[MaskedSentence]]:
    """Both sides of pairs in one list, with labels, and the human side of each one's pair."""
    masked_sentences = [masked for pair in pairs for masked in (pair.original, pair.text)]
    labels = np.array(
        [
            SENTENCE_CLASSES.index(name)
            for pair in pairs
            for name in ("human_translation" if pair.is_translation else "native", pair.kind)
        ]
    )
    return masked_sentences, labels, [pair.original for pair in pairs for _ in range(2)]
