"""Fit linear models over sentences."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.linalg import cholesky, solve_triangular
from scipy.optimize import minimize
from scipy.sparse import csr_matrix
from scipy.special import log_softmax, softmax
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from detector.features.ngrams import HASHES, hash_ngrams
from detector.model.classes import SENTENCE_CLASSES
from detector.model.linear import LinearScorer
from detector.text.masking import MaskedSentence
from detector.training.corpora.labelled_pairs import LabelledPair

#: Curvature along which the loss is flat, for it to have a Cholesky factor.
_STEADIES = 1e-3


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


@dataclass(frozen=True)
class WarmStart:
    """A multinomial logistic regression from which those of similar samples are fitted.

    In coordinates in which the curvature of its loss is 1 in every direction, that of a similar
    sample nearly is, and L-BFGS takes 25 steps from its optimum to the other's instead of 160 from
    zero, and ends closer to it. Scikit-learn's `warm_start` stays in the columns' coordinates: to
    come within .001 of the same probabilities it takes eleven times as long.

    Attributes:
        classes: labels, ascending.
        parameters: (classes, columns + 1), coefficients and intercepts.
        curvature: lower Cholesky factor of the second derivatives of the mean loss, the penalty
            included, by `parameters` flattened.
        strength: inverse penalty.
    """

    classes: npt.NDArray[np.int64]
    parameters: npt.NDArray[np.float64]
    curvature: npt.NDArray[np.float64]
    strength: float

    @classmethod
    def of(
        cls,
        model: LogisticRegression,
        rows: npt.NDArray[np.float64],
        weights: npt.NDArray[np.float64],
    ) -> WarmStart:
        """The start that a model of three classes or more gives.

        Args:
            model: fitted.
            rows: (n, columns) that it was fitted on.
            weights: (n,) of these.
        """
        parameters = np.column_stack([model.coef_, model.intercept_])
        rows, shares = _add_constant(rows), weights / weights.sum()
        probabilities = softmax(rows @ parameters.T, axis=1)
        penalty = _list_penalties(rows, weights, model.C)
        penalty[-1] = _STEADIES  # no loss is lost where all intercepts grow alike
        classes, columns = parameters.shape
        second = np.zeros((classes, columns, classes, columns))
        for one in range(classes):
            for other in range(classes):
                same = float(one == other)
                factors = shares * probabilities[:, one] * (same - probabilities[:, other])
                second[one, :, other] = rows.T @ (factors[:, None] * rows) + same * np.diag(penalty)
        flat = second.reshape(parameters.size, -1)
        return cls(model.classes_, parameters, cholesky(flat, lower=True), model.C)

    def fit(
        self,
        rows: npt.NDArray[np.float64],
        labels: npt.NDArray[np.int64],
        weights: npt.NDArray[np.float64],
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Coefficients (classes, columns) and intercepts of the regression of another sample.

        Args:
            rows: (n, columns), scaled as those of the start are.
            labels: (n,) among `classes`.
            weights: (n,) of the rows.
        """
        rows, shares = _add_constant(rows), weights / weights.sum()
        penalty = _list_penalties(rows, weights, self.strength)
        truth = labels[:, None] == self.classes

        def measure(steps: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
            parameters = self._walk(steps)
            log_odds = log_softmax(rows @ parameters.T, axis=1)
            loss = -shares @ log_odds[truth] + (penalty * parameters**2).sum() / 2
            excess = shares[:, None] * (np.exp(log_odds) - truth)
            slope = excess.T @ rows + penalty * parameters
            return loss, solve_triangular(self.curvature, slope.ravel(), lower=True)

        start = np.zeros(self.parameters.size)
        found = minimize(measure, start, jac=True, method="L-BFGS-B", options={"gtol": 1e-6})
        parameters = self._walk(found.x)
        return parameters[:, :-1], parameters[:, -1]

    def _walk(self, steps: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """The parameters so far from the start, in coordinates of even curvature."""
        change = solve_triangular(self.curvature, steps, lower=True, trans="T")
        return np.asarray(self.parameters + change.reshape(self.parameters.shape))


def _add_constant(rows: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.column_stack([rows, np.ones(len(rows))])


def _list_penalties(
    rows: npt.NDArray[np.float64], weights: npt.NDArray[np.float64], strength: float
) -> npt.NDArray[np.float64]:
    """What half the square of each coefficient costs; that of the constant costs nothing."""
    penalties = np.full(rows.shape[1], 1.0 / (strength * weights.sum()))
    penalties[-1] = 0.0
    return penalties


def fit_linear(
    features: npt.NDArray[Any],
    labels: npt.NDArray[np.int64],
    weights: npt.NDArray[Any] | None = None,
) -> LinearScorer:
    """Logistic regression on standardised columns, with the standardisation folded in.

    Two classes give one output (log-odds of the second), more give one each.
    """
    center, scale = features.mean(0), features.std(0)
    scale[scale < 1e-6] = np.inf
    model = LogisticRegression(
        C=0.1, max_iter=300, class_weight="balanced" if weights is None else None
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
