"""Fit the document classifier, its calibration and its thresholds out of fold."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.linear_model import LogisticRegression

from detector.model.classes import SENTENCE_CLASSES
from detector.model.document_classifier import (
    QUESTIONS,
    DocumentClassifier,
    calibration_columns,
    combine,
    expand,
)
from detector.model.linear import LinearScorer
from detector.model.thresholds import Thresholds
from detector.results import ORIGINAL
from detector.training.fitting.feature_table import (
    FeatureTable,
    assign_folds,
    balance,
    label_classes,
    read_column,
)
from detector.training.fitting.linear import read_classes
from detector.training.fitting.thresholds import TRANSLATOR_GROUP, fit_thresholds

Floats = npt.NDArray[np.float64]

#: Inverse penalty of the logistic regression.
STRENGTH = 0.03


def fit_scorer(
    summaries: npt.ArrayLike, words: npt.ArrayLike, frame: pd.DataFrame, strength: float
) -> tuple[Floats, Floats, LinearScorer]:
    """Center, scale and the logistic regression of documents."""
    columns = np.asarray(summaries, dtype=np.float64)
    center, scale = columns.mean(0), columns.std(0)
    scale[scale < 1e-6] = 1.0
    model = LogisticRegression(C=strength, max_iter=1000)
    rows = expand(columns, words, center, scale)
    model.fit(rows, label_classes(frame), sample_weight=balance(frame))
    return center, scale, _spread_classes(model)


def _spread_classes(model: LogisticRegression) -> LinearScorer:
    """One output for each of `SENTENCE_CLASSES`; a class that no document had is impossible."""
    coefficients, intercepts = read_classes(model)
    weights = np.zeros((coefficients.shape[1], len(SENTENCE_CLASSES)), dtype=np.float32)
    bias = np.full(len(SENTENCE_CLASSES), -np.inf, dtype=np.float32)
    weights[:, model.classes_], bias[model.classes_] = coefficients.T, intercepts
    return LinearScorer(weights, bias)


@dataclass(frozen=True)
class FittedClassifier:
    """A document classifier with the out-of-fold figures that it rests on.

    Attributes:
        classifier: the fit.
        out_of_fold: (n,) score of each document, by a scorer that saw nothing of its article.
        threshold_table: what each threshold rests on.
    """

    classifier: DocumentClassifier
    out_of_fold: Floats
    threshold_table: list[dict[str, Any]]


def fit_classifier(
    documents: FeatureTable, strength: float = STRENGTH, folds: int = 5
) -> FittedClassifier:
    """Fit the document classifier, its calibration and its thresholds.

    Args:
        documents: whole documents of the development split, all three labels.
        strength: inverse regularisation of the logistic regression.
        folds: of the cross-fitting, split by article.
    """
    cropped = _Cropped.of(documents)
    answers = cropped.answer_out_of_fold(strength, folds)
    fitted = cropped.is_fitted
    parts = fit_scorer(
        cropped.summaries[fitted],
        cropped.words[fitted],
        cropped.frame[fitted],
        strength,
    )
    return _guarantee(documents, cropped, answers, _bare_classifier(*parts))


def refit_thresholds(
    documents: FeatureTable,
    classifier: DocumentClassifier,
    strength: float = STRENGTH,
    folds: int = 5,
) -> FittedClassifier:
    """Fit calibration and thresholds anew around a scorer that stays as it is.

    Args:
        documents: those that the scorer was fitted on, and others (``fitted`` is False).
        classifier: whose scorer it is. Documents that it was fitted on are scored out of fold,
            the others by itself.
        strength: as in `fit_classifier`.
        folds: as in `fit_classifier`.
    """
    cropped = _Cropped.of(documents)
    answers = cropped.answer_out_of_fold(strength, folds)
    new = ~cropped.is_fitted
    if new.any():
        answers[new] = classifier.answer(cropped.summaries[new], cropped.words[new])
    return _guarantee(documents, cropped, answers, classifier)


@dataclass(frozen=True)
class _Cropped:
    """Documents and their crops as arrays; the whole documents come first."""

    frame: pd.DataFrame
    summaries: npt.NDArray[np.float32]
    words: npt.NDArray[np.int64]

    @classmethod
    def of(cls, documents: FeatureTable) -> _Cropped:
        cropped = documents.drop_embeddings().with_crops()
        return cls(cropped.frame, cropped.summaries, cropped.words)

    @property
    def is_fitted(self) -> npt.NDArray[np.bool_]:
        return read_column(self.frame, "fitted", True)

    def answer_out_of_fold(self, strength: float, folds: int) -> Floats:
        """Answers (n, questions) on each document by a scorer that saw nothing of its article."""
        answers = np.zeros((len(self.frame), len(QUESTIONS)))
        fold_of = assign_folds(self.frame["article_id"], folds)
        for fold in np.unique(fold_of):
            test = fold_of == fold
            train = ~test & self.is_fitted
            parts = fit_scorer(
                self.summaries[train], self.words[train], self.frame[train], strength
            )
            answers[test] = _bare_classifier(*parts).answer(self.summaries[test], self.words[test])
        return answers


def _guarantee(
    documents: FeatureTable, cropped: _Cropped, answers: Floats, scorer: DocumentClassifier
) -> FittedClassifier:
    """Calibration and thresholds from out-of-fold answers, put to a scorer."""
    frame, words = cropped.frame, cropped.words
    human = (frame["label"] == ORIGINAL).to_numpy()
    weights = balance(frame)
    whole = len(documents.frame)
    is_human = human & (np.arange(len(human)) < whole)
    scores = combine(answers)
    calibration = LogisticRegression(C=1e3).fit(
        calibration_columns(scores, words), ~human, sample_weight=_even_odds(weights, human)
    )
    thresholds, table = keep_guarantees(documents.frame[human[:whole]], scores[is_human])
    classifier = replace(
        scorer,
        calibration=np.append(calibration.coef_[0], calibration.intercept_[0]),
        thresholds=thresholds,
    )
    return FittedClassifier(classifier, scores[:whole], table)


def name_outlets(frame: pd.DataFrame) -> pd.Series:
    """Whose each document is: its outlet, or professional translators'."""
    return frame["group"].where(~frame["by_translator"].astype(bool), TRANSLATOR_GROUP)


def keep_guarantees(human: pd.DataFrame, scores: Floats) -> tuple[Thresholds, list[dict[str, Any]]]:
    """`fit_thresholds` of whole human articles, each outlet by itself."""
    groups = name_outlets(human).reset_index(drop=True)
    guaranteed = sorted(groups[read_column(human, "guaranteed", False)].unique())
    return fit_thresholds(scores, groups, guaranteed)


def _even_odds(weights: Floats, human: npt.NDArray[np.bool_]) -> Floats:
    """Weights under which human and machine documents are as many."""
    return np.where(human, weights / weights[human].sum(), weights / weights[~human].sum())


def _bare_classifier(center: Floats, scale: Floats, scorer: LinearScorer) -> DocumentClassifier:
    return DocumentClassifier(center, scale, scorer, np.zeros(4), Thresholds({}))


def summarize_fit(fitted: FittedClassifier, documents: FeatureTable) -> dict[str, Any]:
    """Out-of-fold AUROC of each group of machine documents against all human ones."""
    from sklearn.metrics import roc_auc_score

    frame, scores = documents.frame, fitted.out_of_fold
    human = (frame["label"] == ORIGINAL).to_numpy()
    result: dict[str, Any] = {}
    for (group, label), rows in frame[~human].groupby(["group", "label"]):
        chosen = np.concatenate([scores[human], scores[rows.index.to_numpy()]])
        positive = np.concatenate([np.zeros(human.sum()), np.ones(len(rows))])
        result[f"{group}, {label}"] = {
            "documents": len(rows),
            "auroc": round(float(roc_auc_score(positive, chosen)), 4),
        }
    return result
