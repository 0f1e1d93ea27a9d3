"""Measure a model on documents it never saw, with confidence intervals by article.

The model card's tables come from `evaluate_corpora`. A user's labelled pairs are measured by
`pair_documents` and `metrics` beside this module; `detector evaluate` does either.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from detector.features.extractor import FeatureExtractor
from detector.model.document_classifier import DocumentClassifier
from detector.model.linear import LinearScorer
from detector.model.sentence_scorer import SentenceScorer
from detector.results import ORIGINAL
from detector.training.corpora.documents import (
    HELD_OUT_SPINNERS,
    load_documents,
    spin_documents,
    subsample_documents,
)
from detector.training.corpora.labelled_pairs import choose_pairs
from detector.training.corpora.loading import load_roundtrip_news
from detector.training.corpora.splits import HELD_OUT_OUTLETS
from detector.training.evaluation.scored_documents import (
    RESAMPLES,
    Floats,
    ScoredDocuments,
    score_documents,
    tabulate_false_positives,
    tabulate_test,
)
from detector.training.evaluation.statistics import bootstrap, measure_auroc, weigh_share
from detector.training.fitting.classifier import fit_classifier
from detector.training.fitting.discriminant import cross_fit_discriminant, fill_discriminants
from detector.training.fitting.feature_table import FeatureTable, extract_features
from detector.training.generation.spinner import EVALUATION_SPIN_RATES
from detector.training.generation.synonym_lists import SynonymLists

_SEED = 7


def leave_one_outlet_out(development: FeatureTable, outlets: Sequence[str]) -> list[dict[str, Any]]:
    """False positives of each outlet under a classifier and thresholds that never saw it."""
    table = []
    for outlet in outlets:
        own = (development.frame["group"] == outlet).to_numpy()
        classifier, scorer = fit_without(development, own)
        left_out = development.select(own)
        if scorer is not None:
            left_out = fill_discriminants(left_out, scorer)
        table += tabulate_false_positives(score_documents(left_out, classifier))
    return table


def fit_without(
    development: FeatureTable, left_out: npt.NDArray[np.bool_]
) -> tuple[DocumentClassifier, LinearScorer | None]:
    """The classifier of all other documents, and their discriminant.

    Where no embeddings were kept the discriminant stays the model's own, and None is answered.
    """
    documents = development.select(~left_out)
    scorer = None
    if documents.embeddings is not None:
        scorer, documents = cross_fit_discriminant(documents)
    return fit_classifier(documents).classifier, scorer


def measure_sentences(
    folder: Path, extractor: FeatureExtractor, scorer: SentenceScorer
) -> dict[str, Any]:
    """AUROC of one sentence, and how often a pair is ranked rightly, on test articles."""
    from detector.text.masking import mask_sentence

    pairs = load_roundtrip_news(folder)
    pairs = pairs[(pairs["split"] == "test") & ~pairs["held_out"]]
    pairs = choose_pairs(pairs[pairs["original"] != pairs["text"]], 1, _SEED)
    matrices = [
        extractor.score_masked([mask_sentence(t, extractor.common_words) for t in side])[0]
        for side in (pairs["original"], pairs["text"])
    ]
    ids = pairs["article_id"].tolist()
    result: dict[str, Any] = {"pairs": len(pairs)}
    for name, score in {
        "all evidence": scorer.score,
        "encoder, translated against native": lambda matrix: matrix[:, 0],
    }.items():
        human, machine = (score(matrix).astype(np.float64) for matrix in matrices)
        result[name] = _compare_sides(human, machine, ids)
    return result


def _compare_sides(human: Floats, machine: Floats, ids: list[str]) -> dict[str, Any]:
    both, positive = np.concatenate([human, machine]), np.repeat([False, True], len(ids))
    wins = (machine > human) + 0.5 * (machine == human)
    auroc = bootstrap(lambda weights: measure_auroc(positive, both, weights), ids * 2, RESAMPLES)
    ranking = bootstrap(lambda weights: weigh_share(wins, weights), ids, RESAMPLES)
    return {
        "auroc": auroc and auroc.to_dict(),
        "pair ranked rightly": ranking and ranking.to_dict(),
    }


def load_evaluation_documents(folder: Path, most: int, lists: SynonymLists) -> pd.DataFrame:
    """The documents that figures rest on.

    The test split, other outlets, and articles of both spun from lists of synonyms that training
    never saw; at most `most` of each group, label and whether it is held out.
    """
    documents = load_documents(folder)
    test = documents[(documents["split"] == "test") | documents["group"].isin(HELD_OUT_OUTLETS)]
    test = subsample_documents(test, most, _SEED)
    originals = test[
        (test["label"] == ORIGINAL)
        & (test["group"].isin(HELD_OUT_OUTLETS) | (test["group"] == "roundtrip_news"))
    ]
    spun = [
        spin_documents(originals.assign(split="test"), HELD_OUT_SPINNERS, [rate], _SEED, lists)
        for rate in EVALUATION_SPIN_RATES
    ]
    return pd.concat([test, *spun], ignore_index=True)


def evaluate_corpora(
    folder: Path,
    extractor: FeatureExtractor,
    development: FeatureTable,
    scorer: SentenceScorer,
    collect: Callable[[ScoredDocuments], object] | None = None,
    most: int = 400,
    lists: SynonymLists | None = None,
) -> dict[str, Any]:
    """All figures of the model card.

    A model's thresholds rest on every outlet there is. So that figures are of outlets it never
    saw, they come from the same fit with those outlets left out.

    Args:
        folder: where the training corpora lie.
        extractor: the model's.
        development: the documents that its classifier was fitted on. With embeddings, its
            discriminants are fitted without those outlets too.
        scorer: its sentence scorer.
        collect: is handed the scored documents, for plots say.
        most: documents of a group and label, at most.
        lists: where the lists of synonyms lie that spun documents are made from; where their
            packages put them unless told.
    """
    unknown = development.frame["group"].isin(HELD_OUT_OUTLETS).to_numpy()
    classifier, discriminant = fit_without(development, unknown)
    documents = extract_features(
        load_evaluation_documents(folder, most, lists or SynonymLists()),
        extractor,
        keep_embeddings=discriminant is not None,
    )
    if discriminant is not None:
        documents = fill_discriminants(documents, discriminant)
    outlets = sorted({str(g) for g in development.frame["group"] if "flores" not in str(g)})
    scored = score_documents(documents, classifier)
    if collect is not None:
        collect(scored)
    return {
        "documents": tabulate_test(scored),
        "sentences": measure_sentences(folder, extractor, scorer),
        "false_positives_test": tabulate_false_positives(scored),
        "leave one outlet out": leave_one_outlet_out(development, outlets),
    }
