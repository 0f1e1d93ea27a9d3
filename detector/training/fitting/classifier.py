"""Fit the document classifier, its calibration and its thresholds out of fold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.linear_model import LogisticRegression, QuantileRegressor

from detector.model.classes import SENTENCE_CLASSES
from detector.model.document_classifier import (
    QUESTIONS,
    DocumentClassifier,
    calibration_columns,
    combine,
    expand,
    raise_answers,
)
from detector.model.length_scale import relative_length
from detector.model.linear import LinearScorer
from detector.model.thresholds import Thresholds
from detector.results import ORIGINAL
from detector.training.fitting.feature_table import (
    FOLDS,
    DocumentAverages,
    FeatureTable,
    assign_folds,
    balance,
    label_classes,
    read_column,
)
from detector.training.fitting.linear import read_classes
from detector.training.fitting.thresholds import TRANSLATOR_GROUP, fit_thresholds, weigh_alike

Floats = npt.NDArray[np.float64]

#: Inverse penalty of the logistic regression.
_STRENGTH = 0.03

#: Share of people's articles that lie in their tail, and how many it takes to see its slope.
_TAIL = 0.01
_ARTICLES_OF_A_TAIL = 1000

_POWERS = tuple(n / 20 for n in range(21))


def fit_scorer(
    summaries: npt.ArrayLike, words: npt.ArrayLike, frame: pd.DataFrame
) -> tuple[Floats, Floats, LinearScorer]:
    """Center, scale and the logistic regression of documents."""
    columns = np.asarray(summaries, dtype=np.float64)
    center, scale = columns.mean(0), columns.std(0)
    scale[scale < 1e-6] = 1.0
    model = LogisticRegression(C=_STRENGTH, max_iter=1000)
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
        of_folds: for each fold (see `assign_folds`) the scorer that was fitted on all articles but
            its own, without calibration and thresholds.
    """

    classifier: DocumentClassifier
    out_of_fold: Floats
    threshold_table: list[dict[str, Any]]
    of_folds: dict[int, DocumentClassifier]


def fit_classifier(
    documents: FeatureTable | DocumentAverages,
    *,
    likelier_people: bool = False,
    length_power: float | None = None,
) -> FittedClassifier:
    """Fit the document classifier, its calibration and its thresholds.

    Args:
        documents: whole documents of the development split, all three labels; where they are
            averaged already, with their crops.
        likelier_people: see `DocumentClassifier`.
        length_power: likewise; chosen unless given.
    """
    if isinstance(documents, FeatureTable):
        documents = documents.drop_embeddings().average()
    of_folds = _fit_folds(documents, likelier_people)
    answers = _answer_out_of_fold(documents, of_folds)
    power = length_power
    if power is None:
        power = choose_length_power(documents, answers[: documents.count])
    scorer = _fit_bare(documents, _is_fitted(documents), likelier_people)
    scorer = replace(scorer, length_power=power)
    answers = raise_answers(answers, documents.words, power)
    return _guarantee(documents, answers, scorer, of_folds)


def refit_thresholds(documents: FeatureTable, classifier: DocumentClassifier) -> FittedClassifier:
    """Fit calibration and thresholds anew around a scorer that stays as it is.

    Args:
        documents: those that the scorer was fitted on, and others (``fitted`` is False).
        classifier: whose scorer it is. Documents that it was fitted on are scored out of fold,
            the others by itself.
    """
    averages = documents.drop_embeddings().average()
    of_folds = _fit_folds(averages, classifier.likelier_people)
    answers = _answer_out_of_fold(averages, of_folds)
    answers = raise_answers(answers, averages.words, classifier.length_power)
    new = ~_is_fitted(averages)
    if new.any():
        answers[new] = classifier.answer(averages.summaries[new], averages.words[new])
    return _guarantee(averages, answers, classifier, of_folds)


def _is_fitted(averages: DocumentAverages) -> npt.NDArray[np.bool_]:
    return read_column(averages.frame, "fitted", True)


def _fit_folds(averages: DocumentAverages, likelier_people: bool) -> dict[int, DocumentClassifier]:
    """For each fold the scorer of all articles but its own."""
    fold_of = assign_folds(averages.frame["article_id"], FOLDS)
    is_fitted = _is_fitted(averages)
    return {
        int(fold): _fit_bare(averages, (fold_of != fold) & is_fitted, likelier_people)
        for fold in np.unique(fold_of)
    }


def _answer_out_of_fold(
    averages: DocumentAverages, of_folds: Mapping[int, DocumentClassifier]
) -> Floats:
    """Answers (n, questions) on each document by a scorer that saw nothing of its article."""
    answers = np.zeros((len(averages.frame), len(QUESTIONS)))
    fold_of = assign_folds(averages.frame["article_id"], FOLDS)
    for fold, scorer in of_folds.items():
        test = fold_of == fold
        answers[test] = scorer.answer(averages.summaries[test], averages.words[test])
    return answers


def _fit_bare(
    averages: DocumentAverages, rows: npt.NDArray[np.bool_], likelier_people: bool
) -> DocumentClassifier:
    """A classifier of some of the documents and crops, without calibration and thresholds."""
    parts = fit_scorer(averages.summaries[rows], averages.words[rows], averages.frame[rows])
    bare = DocumentClassifier(*parts, np.zeros(4), Thresholds({}))
    return replace(bare, likelier_people=likelier_people)


def choose_length_power(averages: DocumentAverages, answers: Floats) -> float:
    """`DocumentClassifier.length_power`; 0 where no other finds more.

    One threshold is for documents of all lengths. Where the highest scores of people are of short
    articles, it is stricter than long ones need. The power is the one that leaves their tail least
    slope over the length, by quantile regression (Koenker and Bassett 1978).

    Args:
        averages: whole documents come first.
        answers: (documents, questions), out of fold.
    """
    frame, words = averages.frame[: len(answers)], averages.words[: len(answers)]
    free = ~read_column(frame, "stopped", False)
    people = (frame["label"] == ORIGINAL).to_numpy() & free
    if people.sum() < _ARTICLES_OF_A_TAIL:
        return 0.0
    weights = weigh_alike(pd.factorize(name_outlets(frame[people]))[0])
    length = relative_length(words[people])[:, None]

    def find_slope(power: float) -> float:
        raised = combine(raise_answers(answers[people], words[people], power))
        regression = QuantileRegressor(quantile=1 - _TAIL, alpha=0, solver="highs")
        return abs(float(regression.fit(length, raised, sample_weight=weights).coef_[0]))

    power = min(_POWERS, key=find_slope)
    plain, raised = combine(answers), combine(raise_answers(answers, words, power))
    return power if _count_found(frame, raised, free) > _count_found(frame, plain, free) else 0.0


def _count_found(frame: pd.DataFrame, scores: Floats, free: npt.NDArray[np.bool_]) -> float:
    """Share of machine documents that are flagged at `_TAIL`, kinds of documents alike."""
    human = (frame["label"] == ORIGINAL).to_numpy()
    threshold = keep_guarantees(frame[human], scores[human])[0].find(_TAIL)
    if threshold is None or human.all():
        return 0.0
    flagged = pd.Series((scores >= threshold) & free, frame.index)[~human]
    kinds = [frame[name][~human] for name in ("group", "label")]
    return float(flagged.groupby(kinds).mean().mean())


def _guarantee(
    averages: DocumentAverages,
    answers: Floats,
    scorer: DocumentClassifier,
    of_folds: Mapping[int, DocumentClassifier],
) -> FittedClassifier:
    """Calibration and thresholds from out-of-fold answers, put to a scorer."""
    frame, count = averages.frame, averages.count
    human = (frame["label"] == ORIGINAL).to_numpy()
    scores = combine(answers)
    calibration = LogisticRegression(C=1e3).fit(
        calibration_columns(scores, averages.words),
        ~human,
        sample_weight=_even_odds(balance(frame), human),
    )
    of_documents, human = scores[:count], human[:count]
    thresholds, table = keep_guarantees(frame[:count][human], of_documents[human])
    classifier = replace(
        scorer,
        calibration=np.append(calibration.coef_[0], calibration.intercept_[0]),
        thresholds=thresholds,
    )
    alike = {
        fold: replace(of_fold, length_power=scorer.length_power)
        for fold, of_fold in of_folds.items()
    }
    return FittedClassifier(classifier, of_documents, table, alike)


def name_outlets(frame: pd.DataFrame) -> pd.Series:
    """Whose each document is: its outlet, or professional translators'."""
    return frame["group"].where(~frame["by_translator"].astype(bool), TRANSLATOR_GROUP)


def keep_guarantees(human: pd.DataFrame, scores: Floats) -> tuple[Thresholds, list[dict[str, Any]]]:
    """`fit_thresholds` of whole human articles, each outlet by itself.

    What is stopped is flagged at no threshold.
    """
    scores = np.where(read_column(human, "stopped", False), -np.inf, scores)
    groups = name_outlets(human).reset_index(drop=True)
    guaranteed = sorted(groups[read_column(human, "guaranteed", False)].unique())
    articles = human["article_id"].reset_index(drop=True)
    return fit_thresholds(scores, groups, guaranteed, articles=articles)


def _even_odds(weights: Floats, human: npt.NDArray[np.bool_]) -> Floats:
    """Weights under which human and machine documents are as many."""
    return np.where(human, weights / weights[human].sum(), weights / weights[~human].sum())


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
