"""Steps from whole documents to the document classifier and its figures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from detector.cores import count_cores
from detector.model.document_classifier import DocumentClassifier
from detector.model.linear import LinearScorer
from detector.model.sentence_scorer import SentenceScorer
from detector.results import ORIGINAL
from detector.training.corpora.documents import load_documents, spin_documents, subsample_documents
from detector.training.evaluation.corpora.figures import (
    load_evaluation_documents,
    measure_documents,
    measure_sentences,
)
from detector.training.fitting.classifier import fit_classifier, summarize_fit
from detector.training.fitting.directions import (
    cross_fit_directions,
    fill_directions,
    fit_fold_directions,
)
from detector.training.fitting.feature_table import extract_in_processes
from detector.training.fitting.sentence_models import fit_sentence_scorer
from detector.training.generation.spinner import TUNING_SPIN_RATES
from detector.training.recipes import work_files
from detector.training.recipes.fold_models import write_fold_models
from detector.training.recipes.shipped_settings import DEVELOPMENT_SPINNERS, ShippedSettings

DOCUMENTS, FEATURES = "development_documents.parquet", "development_features"

#: The development documents as the classifier learnt from them, directions' columns filled in.
FITTED_FEATURES = "fitted_features"

EVALUATION_DOCUMENTS, EVALUATION_FEATURES = "evaluation_documents.parquet", "evaluation_features"

FIT_FIGURES, EVALUATION = "fit.json", "evaluation.json"


def write_development_documents(settings: ShippedSettings, work: Path, fresh: Path) -> None:
    """The documents that classifier, calibration and thresholds are fitted on.

    Everything of the development split but held-out pivots and systems, and human articles spun
    from the lists that training may use.
    """
    amounts, seed = settings.amounts, settings.seed
    documents = load_documents(settings.corpora, settings.mix.permissive)
    documents = documents[(documents["split"] == "dev") & ~documents["held_out"].astype(bool)]
    is_human = documents["label"] == ORIGINAL
    human = subsample_documents(documents[is_human], amounts.human_documents, seed)
    machine = subsample_documents(documents[~is_human], amounts.machine_documents, seed)
    documents = pd.concat([human, machine], ignore_index=True)
    some = subsample_documents(human, amounts.spun_documents, seed)
    spun = spin_documents(some, DEVELOPMENT_SPINNERS, TUNING_SPIN_RATES, seed, settings.lists)
    documents = pd.concat([documents, spun], ignore_index=True)
    documents.to_parquet(fresh / DOCUMENTS)


def write_development_features(work: Path, fresh: Path) -> None:
    """The features and embeddings of the development documents."""
    _write_features(work, DOCUMENTS, fresh / FEATURES)


def _write_features(work: Path, documents: str, folder: Path) -> None:
    frame, extractor = pd.read_parquet(work / documents), work_files.load_extractor(work, threads=1)
    work_files.write_feature_table(folder, extract_in_processes(frame, extractor, count_cores()))


def write_document_classifier(settings: ShippedSettings, work: Path, fresh: Path) -> None:
    """Directions, document classifier, thresholds and sentence scorer.

    What saw nothing of a fold's articles is kept, too: it scores these for the comparison.
    """
    table = work_files.read_feature_table(work / FEATURES)
    of_folds = fit_fold_directions(table.average())
    directions, documents = cross_fit_directions(table, of_folds)
    fitted = fit_classifier(documents, likelier_people=settings.amounts.likelier_people)
    scorer = fit_sentence_scorer(documents)
    arrays = directions.to_arrays("directions")
    work_files.write_arrays(fresh / work_files.DIRECTIONS, arrays)
    arrays = fitted.classifier.to_arrays() | scorer.to_arrays()
    work_files.write_arrays(fresh / work_files.CLASSIFIER, arrays)
    write_fold_models(fresh / work_files.FOLD_MODELS, of_folds, fitted.of_folds)
    work_files.write_feature_table(fresh / FITTED_FEATURES, documents.drop_embeddings())
    figures = {
        "thresholds": fitted.threshold_table,
        "out of fold": summarize_fit(fitted, documents),
    }
    work_files.write_json(fresh / FIT_FIGURES, figures)


def write_evaluation_documents(settings: ShippedSettings, work: Path, fresh: Path) -> None:
    """The documents of the test split."""
    most = settings.amounts.evaluated_documents
    documents = load_evaluation_documents(settings.corpora, most, settings.lists)
    documents.to_parquet(fresh / EVALUATION_DOCUMENTS)


def write_evaluation_features(work: Path, fresh: Path) -> None:
    """The features and embeddings of the documents of the test split."""
    _write_features(work, EVALUATION_DOCUMENTS, fresh / EVALUATION_FEATURES)


def write_evaluation(settings: ShippedSettings, work: Path, fresh: Path) -> None:
    """The tables of the model card that rest on documents of the test split."""
    extractor = work_files.load_extractor(work)
    arrays = work_files.read_arrays(work / work_files.DIRECTIONS)
    directions = LinearScorer.from_arrays(arrays, "directions")
    fitted = work_files.read_arrays(work / work_files.CLASSIFIER)
    test = work_files.read_feature_table(work / EVALUATION_FEATURES)
    figures: dict[str, Any] = measure_documents(
        fill_directions(test, directions),
        DocumentClassifier.from_arrays(fitted),
        work_files.read_feature_table(work / FEATURES),
    )
    extractor.directions = directions
    scorer = SentenceScorer.from_arrays(fitted)
    figures["sentences"] = measure_sentences(settings.corpora, extractor, scorer)
    work_files.write_json(fresh / EVALUATION, figures)
