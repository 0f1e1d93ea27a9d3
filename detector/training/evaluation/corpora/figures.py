"""Measure a model on documents it never saw, with confidence intervals by article.

The model card's tables come from `evaluate_corpora`. A user's labelled pairs are measured by
`pair_documents` and `metrics` beside this module; `detector evaluate` does either.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from joblib import Parallel, delayed

from detector.cores import count_cores
from detector.features.extractor import FeatureExtractor
from detector.model.document_classifier import DocumentClassifier
from detector.model.sentence_scorer import SentenceScorer
from detector.results import ORIGINAL
from detector.text.masking import mask_sentence
from detector.training.corpora.documents import (
    HELD_OUT_SPINNERS,
    load_documents,
    spin_documents,
    subsample_documents,
)
from detector.training.corpora.labelled_pairs import choose_pairs
from detector.training.corpora.loading import load_roundtrip_news
from detector.training.evaluation.corpora.tables import tabulate_labels, tabulate_test
from detector.training.evaluation.scored_documents import (
    RESAMPLES,
    Floats,
    ScoredDocuments,
    score_documents,
    tabulate_false_positives,
)
from detector.training.evaluation.statistics import bootstrap, measure_auroc, weigh_share
from detector.training.fitting.classifier import fit_classifier
from detector.training.fitting.directions import (
    cross_fit_averages,
    fill_averages,
    prepare_contrasts,
)
from detector.training.fitting.feature_table import (
    DocumentAverages,
    FeatureTable,
    extract_features,
)
from detector.training.fitting.linear import WarmStart
from detector.training.generation.spinner import EVALUATION_SPIN_RATES
from detector.training.generation.synonym_lists import SynonymLists

_SEED = 7

#: Documents of a group and label that `evaluate_corpora` measures, at most.
_MOST_DOCUMENTS = 400

#: Human articles that are spun to measure with.
_TO_SPIN = frozenset(
    {"news and opinion", "Indian English news", "news", "press release", "roundtrip_news"}
)

#: A register with fewer articles is not left out by itself: its share would say nothing.
_FEWEST_ARTICLES = 40


def leave_one_register_out(
    development: FeatureTable, *, likelier_people: bool
) -> list[dict[str, Any]]:
    """False positives of each register under a classifier and thresholds that never saw it.

    Machine documents made from its articles, and other versions of them, are left out, too.
    Registers are spread over the cores; nothing of one depends on another.

    Args:
        development: of whole documents.
        likelier_people: see `DocumentClassifier`.
    """
    frame = development.frame
    sizes = frame["group"][frame["label"] == ORIGINAL].value_counts()
    registers = sorted(sizes[sizes >= _FEWEST_ARTICLES].index)
    averages = development.average()
    start = None if averages.embeddings is None else prepare_contrasts(averages)
    tables = Parallel(n_jobs=count_cores())(
        delayed(_leave_out)(averages, register, start, likelier_people) for register in registers
    )
    return [row for table in tables for row in table]


def _leave_out(
    development: DocumentAverages, register: str, start: WarmStart | None, likelier_people: bool
) -> list[dict[str, Any]]:
    """The rows of one register in `leave_one_register_out`."""
    frame = development.frame
    own = (frame["group"] == register).to_numpy()
    of_its_articles = frame["article_id"].isin(frame["article_id"][own]).to_numpy()
    rest, left_out = development.select(~of_its_articles), development.select(own).whole
    if development.embeddings is not None:
        scorer, rest = cross_fit_averages(rest, start=start)
        left_out = fill_averages(left_out, scorer)
    classifier = fit_classifier(rest, likelier_people=likelier_people).classifier
    return tabulate_false_positives(score_documents(left_out, classifier))


def measure_sentences(
    folder: Path, extractor: FeatureExtractor, scorer: SentenceScorer
) -> dict[str, Any]:
    """AUROC of one sentence, and how often a pair is ranked rightly, on test articles."""
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
    """The documents of the test split, at most `most` of each group, label and `held_out`.

    With them, human articles spun from lists of synonyms that training never saw.
    """
    documents = load_documents(folder)
    test = subsample_documents(documents[documents["split"] == "test"], most, _SEED)
    originals = test[(test["label"] == ORIGINAL) & test["group"].isin(_TO_SPIN)]
    originals = subsample_documents(originals, max(1, most // 6), _SEED)
    spun = [
        spin_documents(originals, HELD_OUT_SPINNERS, [rate], _SEED, lists)
        for rate in EVALUATION_SPIN_RATES
    ]
    return pd.concat([test, *spun], ignore_index=True)


def evaluate_corpora(
    folder: Path,
    extractor: FeatureExtractor,
    classifier: DocumentClassifier,
    development: FeatureTable,
    scorer: SentenceScorer,
    collect: Callable[[ScoredDocuments], object] | None = None,
) -> dict[str, Any]:
    """All figures of the model card that rest on documents, with the model as it is.

    Args:
        folder: where the training corpora lie.
        extractor: the model's.
        classifier: the model's.
        development: the documents that its classifier was fitted on. With embeddings, its
            directions are fitted anew where a register is left out.
        scorer: its sentence scorer.
        collect: is handed the scored documents, for plots say.
    """
    documents = load_evaluation_documents(folder, _MOST_DOCUMENTS, SynonymLists())
    table = extract_features(documents, extractor)
    figures = measure_documents(table, classifier, development, collect)
    return figures | {"sentences": measure_sentences(folder, extractor, scorer)}


def measure_documents(
    documents: FeatureTable,
    classifier: DocumentClassifier,
    development: FeatureTable,
    collect: Callable[[ScoredDocuments], object] | None = None,
) -> dict[str, Any]:
    """The tables of the test split, and false positives of each register left out of fitting.

    A held-out system's version of an article may be of the test split while the article itself was
    fitted on: such human documents are not measured.

    Args:
        documents: of the test split, directions filled in.
        classifier: see `evaluate_corpora`.
        development: see there.
        collect: see there.
    """
    scored = score_documents(documents.select(~_find_fitted(documents, development)), classifier)
    if collect is not None:
        collect(scored)
    return {
        "documents": tabulate_test(scored),
        "labels": tabulate_labels(scored),
        "false_positives_test": tabulate_false_positives(scored),
        "leave one register out": leave_one_register_out(
            development, likelier_people=classifier.likelier_people
        ),
    }


def _find_fitted(documents: FeatureTable, development: FeatureTable) -> npt.NDArray[np.bool_]:
    """Which are human documents that are among those of the development split."""
    known, own = (
        pd.MultiIndex.from_frame(table.frame[["group", "article_id", "label"]])
        for table in (development, documents)
    )
    return np.asarray(own.isin(known) & (documents.frame["label"] == ORIGINAL).to_numpy())
