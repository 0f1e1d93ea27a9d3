"""Fit directions in the embedding space that tell whole documents apart.

A tuned encoder's class head was fitted on sentences. What makes whole articles hard to tell apart
is something else: outlets and topics differ from one another far more than a machine from a
human, and that does not average out over an article's sentences. So there are two kinds of
directions over the mean embedding of a document:

* **discriminant**: a machine's version lies far from *its own original*, measured against how much
  human articles differ among themselves (Fisher 1936, "The use of multiple measurements in
  taxonomic problems"; within-class covariance normalisation, Hatch et al. 2006, does the same for
  speakers);
* **logistic**: the classes as they are, by a regression that also sees runs of a few sentences.

The document classifier weighs both: at 1 % false positives it finds more with both than with
either (development, translated .23, with discriminants alone .20, spun 20 % .25 and .16).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.covariance import ledoit_wolf
from sklearn.linear_model import LogisticRegression

from detector.features.columns import CONTRASTS, DIRECTIONS, FEATURE_COLUMNS
from detector.model.classes import SENTENCE_CLASSES
from detector.model.linear import LinearScorer
from detector.results import ORIGINAL, SPUN, TRANSLATED
from detector.training.fitting.feature_table import (
    ARTICLES_OF_A_FULL_GROUP,
    FOLDS,
    DocumentAverages,
    FeatureTable,
    assign_folds,
    balance,
    label_classes,
)
from detector.training.fitting.linear import WarmStart, read_classes
from detector.training.fitting.thresholds import ARTICLES_OF_A_REGISTER

Floats = npt.NDArray[np.float64]

#: An outlet with fewer articles says too little about how its articles differ.
_FEWEST_ARTICLES = 40

#: Share of the mean variance that is added to every direction's, beside Ledoit's and Wolf's.
_SHRINKAGE = 0.1

#: A dimension that spreads less is the same in all documents.
_LEAST_SPREAD = 1e-9

#: Inverse penalty of the logistic regression.
_STRENGTH = 0.01

_PLACES = [FEATURE_COLUMNS.index(name) for name in DIRECTIONS]


def fit_directions(documents: DocumentAverages, start: WarmStart | None = None) -> LinearScorer:
    """Directions (width, `DIRECTIONS`): discriminants, and the logistic regression's contrasts.

    A contrast of which there is no document is 0 everywhere.

    Args:
        documents: with embeddings.
        start: see `fit_contrasts`.
    """
    parts = fit_discriminants(documents.whole), fit_contrasts(documents, start)
    return LinearScorer(
        np.hstack([part.weights for part in parts]), np.concatenate([part.bias for part in parts])
    )


def fit_discriminants(documents: DocumentAverages) -> LinearScorer:
    """Linear discriminants (width, `CONTRASTS`), in standard deviations of one outlet's articles.

    Args:
        documents: whole ones, with embeddings.
    """
    means, frame = _read_embeddings(documents), documents.frame
    human = (frame["label"] == ORIGINAL).to_numpy()
    own, between = _measure_spread(means[human], frame[human])
    shift = means - _find_originals(means, frame)
    by_translator = frame["group"].isin(frame["group"][frame["by_translator"].astype(bool)])
    translated, translators = (frame["label"] == TRANSLATED).to_numpy(), by_translator.to_numpy()
    # What outlets differ in must not pass for translation; a spinner's words differ from all.
    contrasts = {
        "translated": (translated & ~translators, own + between),
        "spun": ((frame["label"] == SPUN).to_numpy(), own),
        "machine": (translated & translators, own),
    }
    weights = np.zeros((means.shape[1], len(CONTRASTS)))
    for place, name in enumerate(CONTRASTS):
        chosen, spread = contrasts[name]
        if chosen.any():
            direction = np.linalg.solve(spread, _average(shift[chosen], frame[chosen]))
            weights[:, place] = direction / np.sqrt(max(float(direction @ own @ direction), 1e-12))
    usual = np.mean([means[human][rows].mean(0) for rows in _list_groups(frame[human])], axis=0)
    return LinearScorer(weights.astype(np.float32), (-usual @ weights).astype(np.float32))


def fit_contrasts(documents: DocumentAverages, start: WarmStart | None = None) -> LinearScorer:
    """Log-odds (width, `CONTRASTS`) of a regularised regression on mean embeddings.

    Args:
        documents: with embeddings.
        start: what `prepare_contrasts` made of similar documents, most of them the same.
    """
    rows, center, scale = _standardize(documents)
    labels, weights = label_classes(documents.frame), balance(documents.frame)
    if start is not None and np.array_equal(start.classes, np.unique(labels)):
        classes, (coefficients, intercepts) = start.classes, start.fit(rows, labels, weights)
    else:
        model = _regress(rows, labels, weights)
        classes, (coefficients, intercepts) = model.classes_, read_classes(model)
    coefficients = coefficients / scale
    places = {SENTENCE_CLASSES[label]: row for row, label in enumerate(classes)}
    directions = np.zeros((rows.shape[1], len(CONTRASTS)))
    bias = np.zeros(len(CONTRASTS))
    for place, (one, other) in enumerate(CONTRASTS.values()):
        if one in places and other in places:
            direction = coefficients[places[one]] - coefficients[places[other]]
            directions[:, place] = direction
            bias[place] = intercepts[places[one]] - intercepts[places[other]] - center @ direction
    return LinearScorer(directions.astype(np.float32), bias.astype(np.float32))


def prepare_contrasts(documents: DocumentAverages) -> WarmStart | None:
    """Where `fit_contrasts` may start for parts of these documents; None for two classes.

    Args:
        documents: with embeddings.
    """
    rows, _, _ = _standardize(documents)
    labels, weights = label_classes(documents.frame), balance(documents.frame)
    if len(np.unique(labels)) < 3:
        return None
    return WarmStart.of(_regress(rows, labels, weights), rows, weights)


def _standardize(documents: DocumentAverages) -> tuple[Floats, Floats, Floats]:
    """Mean embeddings, each dimension centred and scaled, and what by."""
    means = _read_embeddings(documents)
    center, scale = means.mean(axis=0), means.std(axis=0)
    scale[scale < _LEAST_SPREAD] = 1.0
    return (means - center) / scale, center, scale


def _regress(rows: Floats, labels: npt.NDArray[np.int64], weights: Floats) -> LogisticRegression:
    return LogisticRegression(C=_STRENGTH, max_iter=500).fit(rows, labels, sample_weight=weights)


def fill_directions(documents: FeatureTable, scorer: LinearScorer) -> FeatureTable:
    """The documents with the columns of `DIRECTIONS` as `scorer` gives them."""
    assert documents.embeddings is not None
    pairs = zip(documents.matrices, documents.embeddings, strict=True)
    return replace(documents, matrices=[fill_matrix(*pair, scorer) for pair in pairs])


def fill_matrix(
    matrix: npt.NDArray[np.float32], embeddings: npt.NDArray[Any], scorer: LinearScorer
) -> npt.NDArray[np.float32]:
    """The features (sentences, columns) with those of `DIRECTIONS` as `scorer` gives them.

    Args:
        matrix: the features of a document's sentences.
        embeddings: (sentences, width), of the same.
        scorer: see `fit_directions`.
    """
    filled = matrix.copy()
    filled[:, _PLACES] = scorer(embeddings.astype(np.float32))
    return filled


def cross_fit_directions(
    documents: FeatureTable, of_folds: Mapping[int, LinearScorer] | None = None
) -> tuple[LinearScorer, FeatureTable]:
    """The directions of all documents, and their columns by ones that saw nothing of each.

    The classifier above learns how far to trust these columns, so they must be as good on the
    documents that it learns from as they are on others, and no better.

    Args:
        documents: with embeddings.
        of_folds: what `fit_fold_directions` made of them, if that is known.
    """
    averages = documents.average()
    of_folds = fit_fold_directions(averages) if of_folds is None else of_folds
    fold_of = assign_folds(documents.frame["article_id"], FOLDS)
    matrices = list(documents.matrices)
    for fold, scorer in of_folds.items():
        filled = fill_directions(documents.select(fold_of == fold), scorer)
        for row, matrix in zip(np.flatnonzero(fold_of == fold), filled.matrices, strict=True):
            matrices[row] = matrix
    return fit_directions(averages), replace(documents, matrices=matrices)


def cross_fit_averages(
    documents: DocumentAverages, start: WarmStart | None = None
) -> tuple[LinearScorer, DocumentAverages]:
    """`cross_fit_directions` where the columns of single sentences are not needed.

    Args:
        documents: with embeddings.
        start: see `fit_contrasts`.
    """
    summaries = documents.summaries.copy()
    fold_of = assign_folds(documents.frame["article_id"], FOLDS)
    for fold, scorer in fit_fold_directions(documents, start).items():
        chosen = fold_of == fold
        summaries[chosen] = fill_averages(documents.select(chosen), scorer).summaries
    return fit_directions(documents, start), replace(documents, summaries=summaries)


def fill_averages(documents: DocumentAverages, scorer: LinearScorer) -> DocumentAverages:
    """`fill_directions` of averages: a linear score of a mean is the mean of the scores."""
    summaries = documents.summaries.copy()
    summaries[:, _PLACES] = scorer(_read_embeddings(documents))
    return replace(documents, summaries=summaries)


def fit_fold_directions(
    documents: DocumentAverages, start: WarmStart | None = None
) -> dict[int, LinearScorer]:
    """For each fold (see `assign_folds`) the directions of all articles but its own.

    Args:
        documents: with embeddings.
        start: see `fit_contrasts`.
    """
    fold_of = assign_folds(documents.frame["article_id"], FOLDS)
    return {
        int(fold): fit_directions(documents.select(fold_of != fold), start)
        for fold in np.unique(fold_of)
    }


def _read_embeddings(documents: DocumentAverages) -> Floats:
    """The mean embeddings of the documents.

    Raises:
        ValueError: the features were extracted without.
    """
    if documents.embeddings is None:
        raise ValueError("these features were extracted without embeddings")
    return documents.embeddings


def _list_groups(frame: pd.DataFrame) -> list[npt.NDArray[np.int64]]:
    """The rows of each outlet."""
    return list(frame.reset_index(drop=True).groupby("group", sort=True).indices.values())


def _measure_spread(means: Floats, frame: pd.DataFrame) -> tuple[Floats, Floats]:
    """Covariance of articles within registers, shrunk, and of the registers' means.

    Registers count alike, up to `ARTICLES_OF_A_REGISTER`; the shrinkage is that of Ledoit and Wolf
    (2004, "A well-conditioned estimator for large-dimensional covariance matrices").
    """
    groups = [rows for rows in _list_groups(frame) if len(rows) >= _FEWEST_ARTICLES]
    groups = groups or [np.arange(len(means))]
    residuals = [means[rows[:ARTICLES_OF_A_REGISTER]] - means[rows].mean(axis=0) for rows in groups]
    within, _ = ledoit_wolf(np.concatenate(residuals), assume_centered=True)
    # Registers that are not here differ more than those that are.
    within += _SHRINKAGE * np.trace(within) / len(within) * np.eye(len(within))
    if len(groups) == 1:
        return within, np.zeros_like(within)
    return within, np.cov(np.stack([means[rows].mean(axis=0) for rows in groups]).T)


def _find_originals(means: Floats, frame: pd.DataFrame) -> Floats:
    """For each document the mean embedding of its original.

    Where that is not at hand, of its outlet's human articles, or of all.
    """
    human = frame[frame["label"] == ORIGINAL]
    keys = list(zip(frame["group"], frame["article_id"], strict=True))
    # The first: an edited version is human, too, and comes after the original.
    rows = {keys[i]: i for i in reversed(human.index)}
    outlets = {name: means[index].mean(0) for name, index in human.groupby("group").groups.items()}
    everyone = means[human.index].mean(0)
    return np.stack(
        [means[rows[key]] if key in rows else outlets.get(key[0], everyone) for key in keys]
    )


def _average(shift: Floats, frame: pd.DataFrame) -> Floats:
    """Mean shift: within a group each article counts alike, and groups as `balance` weighs them."""
    columns = pd.DataFrame(shift)
    keys = [frame["group"].to_numpy(), frame["article_id"].to_numpy()]
    of_articles = columns.groupby(keys).mean()
    of_groups = of_articles.groupby(level=0)
    weights = np.minimum(1.0, of_groups.size() / ARTICLES_OF_A_FULL_GROUP)
    return np.average(of_groups.mean().to_numpy(), axis=0, weights=weights.to_numpy())
