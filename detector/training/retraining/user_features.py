"""A user's documents, prepared from files of pairs and measured by the old and the new model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from detector.features.extractor import FeatureExtractor
from detector.model import parts
from detector.model.bundle import Bundle
from detector.model.document_classifier import DocumentClassifier
from detector.results import ORIGINAL
from detector.training.corpora.findings import ValidationReport
from detector.training.corpora.pairs_files import PairsError, drop_repeated, read_pairs
from detector.training.corpora.user_documents import make_documents
from detector.training.corpora.validation import (
    check_numbers,
    count_documents,
    validate_documents,
    validate_pairs,
)
from detector.training.fitting.directions import cross_fit_directions, fill_directions
from detector.training.fitting.feature_table import (
    FOLDS,
    FeatureTable,
    assign_folds,
    extract_features,
)
from detector.training.generation.augmentation import augment_documents, list_makers
from detector.training.retraining.replay_data import load_replay_data, round_replay_data
from detector.training.retraining.settings import ENCODER, THRESHOLDS, RetrainSettings

Say = Callable[[str], None]


@dataclass(frozen=True)
class BaseModel:
    """The model that a retraining starts from.

    Attributes:
        bundle: its folder.
        classifier: its document classifier.
        replay: what it was fitted on; None where that is of no use to another encoder.
    """

    bundle: Bundle
    classifier: DocumentClassifier
    replay: FeatureTable | None

    @classmethod
    def open(cls, folder: Path | None, settings: RetrainSettings) -> BaseModel:
        """Open a model folder, the shipped one unless told, with its replay data.

        Raises:
            DetectorError: the model or its replay data cannot be used.
        """
        bundle = Bundle.open(folder)
        replay = None if settings.depth == ENCODER else load_replay_data(bundle, settings.replay)
        arrays = bundle.read_arrays(parts.CLASSIFIER)
        return cls(bundle, DocumentClassifier.from_arrays(arrays), replay)


@dataclass(frozen=True)
class UserDocuments:
    """A user's documents, validated, and augmented if that was asked for.

    Attributes:
        frame: see `make_documents`.
        report: what was found wrong with the rows, and how many there are.
        augmented: how many documents each maker added.
    """

    frame: pd.DataFrame
    report: ValidationReport
    augmented: dict[str, int]


def prepare_documents(paths: Sequence[Path], settings: RetrainSettings, say: Say) -> UserDocuments:
    """Read, validate and augment; says the report, and stops at anything fatal.

    Raises:
        PairsError: the pairs cannot be used.
        DetectorError: something that was asked for is not installed or fails.
    """
    makers, left_out = list_makers(
        settings.augment, settings.seed, settings.round_trips, settings.translators
    )
    pairs, report = validate_pairs(read_pairs(paths))
    if len(drop_repeated(paths)) < len(paths):
        report.add(None, "a file was given more than once", "it is read once")
    report.stop_if_fatal()
    documents = validate_documents(make_documents(pairs), report)
    report.stop_if_fatal()
    augmented: dict[str, int] = {}
    if makers:
        documents, augmented = augment_documents(documents, makers)
    count_documents(documents, report)
    check_numbers(documents, report, settings.depth == THRESHOLDS)
    say(str(report))
    for name, count in augmented.items():
        say(f"augmented by {name}: {count:,} documents")
    for name in left_out:
        say(f"not used: {name}")
    report.stop_if_fatal()
    return UserDocuments(documents, report, augmented)


@dataclass(frozen=True)
class UserFeatures:
    """A user's documents as both models measure them.

    Attributes:
        new: as the new model does; rounded as they are kept, so that a refit gives the same.
        old: as the base does.
        parts: of the new model, where its encoder is new: path in the folder → content.
        sentence_pairs: how many the encoder was tuned on.
    """

    new: FeatureTable
    old: FeatureTable
    parts: dict[str, Any] = field(default_factory=dict)
    sentence_pairs: int = 0


def measure_documents(
    documents: pd.DataFrame, base: BaseModel, settings: RetrainSettings, say: Say
) -> UserFeatures:
    """Measure the documents, by the base's encoder or by one that is tuned anew.

    Raises:
        PairsError: no document holds a whole sentence, or they are too few to fit on.
        DetectorError: the encoder cannot be tuned.
    """
    extractor = FeatureExtractor.from_bundle(base.bundle)
    if settings.depth == ENCODER:
        return _measure_anew(documents, base.bundle, extractor, settings, say)
    table = round_replay_data(_extract(documents, extractor))
    return UserFeatures(table, table)


def _extract(
    documents: pd.DataFrame, extractor: FeatureExtractor, keep_embeddings: bool = False
) -> FeatureTable:
    table = extract_features(documents, extractor, keep_embeddings=keep_embeddings)
    if table.frame.empty:
        raise PairsError("no document holds a whole sentence; give texts, not words")
    return table


def _measure_anew(
    documents: pd.DataFrame,
    base: Bundle,
    extractor: FeatureExtractor,
    settings: RetrainSettings,
    say: Say,
) -> UserFeatures:
    """Tune the encoder on a third of the articles; the documents of the others are measured."""
    from detector.training.retraining.encoder import is_for_tuning, tune_encoder

    for_tuning = is_for_tuning(documents["article_id"]) & ~documents["held_out"].astype(bool)
    rest = documents[~for_tuning].reset_index(drop=True)
    _check_folds(rest)
    tuned = tune_encoder(documents[for_tuning], extractor, settings, say)
    table, directions = _fill_directions(_extract(rest, tuned.extractor, keep_embeddings=True))
    features = base.read_arrays(parts.FEATURES) | tuned.extractor.heads | directions
    return UserFeatures(
        round_replay_data(table),
        extract_features(rest, extractor),
        {parts.ENCODER: tuned.folder, parts.FEATURES: features},
        tuned.pairs,
    )


def _check_folds(documents: pd.DataFrame) -> None:
    """Refuse documents of which a fold leaves too few to fit on.

    Raises:
        PairsError: outside of a fold are fewer than two human articles, of which directions need a
            spread, or none of a machine's.
    """
    fitted_on = documents[~documents["held_out"].astype(bool)]
    human = fitted_on["label"] == ORIGINAL
    if _count_outside_folds(fitted_on[human]) < 2 or _count_outside_folds(fitted_on[~human]) < 1:
        raise PairsError(
            "too few articles are left for the classifier beside those that the encoder learns "
            f"from: {human.sum()} human documents and {(~human).sum()} of machines, and without "
            "a fifth of the articles there are fewer than two human ones or none of a machine's; "
            "give more articles with a machine's version, or use --depth classifier"
        )


def _count_outside_folds(documents: pd.DataFrame) -> int:
    """How many articles are left without those of the fold that has most of them."""
    articles = documents["article_id"].drop_duplicates()
    return len(articles) - int(np.bincount(assign_folds(articles, FOLDS), minlength=1).max())


def _fill_directions(table: FeatureTable) -> tuple[FeatureTable, dict[str, Any]]:
    """Fit the directions of a new encoder, and fill its columns in, out of fold where fitted."""
    _check_folds(table.frame)  # again: a document without a whole sentence is gone
    held_out = table.frame["held_out"].astype(bool).to_numpy()
    scorer, fitted = cross_fit_directions(table.select(~held_out))
    matrices = fill_directions(table, scorer).matrices
    for row, matrix in zip(np.flatnonzero(~held_out), fitted.matrices, strict=True):
        matrices[row] = matrix
    return replace(table, matrices=matrices), scorer.to_arrays("directions")
